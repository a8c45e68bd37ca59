"""Which format a file has and in which version, told from its bytes.

No file is loaded and nothing is unpickled, so that any file may be asked, whoever
wrote it.  Runs on Python 3.7 and needs no torch.
"""

import gzip
import io
import json
import pickle
import pickletools
import struct
import zipfile
from typing import BinaryIO, Optional

UNKNOWN = "unknown"
HEAD_BYTES = 512  # all magic bytes lie in these; a block of a tar file
# The first pickle of a file by torch.save before its zip container.
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# Where a zip container keeps its version; the second since torch.package of 1.9.
VERSION_RECORDS = ("version", ".data/version")
# What is told besides the version: whether these are there,
EARLY_RECORDS = (
    "model.json",  # TorchScript, until 1.2
    "attributes.pkl",  # TorchScript, 1.1 and 1.2
)
# and what these hold.
LATER_RECORDS = (
    "byteorder",  # 2.1
    ".format_version",  # 2.7, torch.save only
    ".storage_alignment",  # 2.7, torch.save only
    "archive_version",  # 2.8, torch.export only
)
_INTEGERS = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4")


def format_version(path: str) -> str:
    """Format and version of a file, such as ``zip 3, bytecode 8``.

    ``unknown`` where it has none of the formats below or is damaged; else equal
    for files of equal layout.  Raises OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        return _describe(file)


def _describe(file: BinaryIO) -> str:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    for offset, magic, describe in _FORMATS:
        if head.startswith(magic, offset):
            try:
                return describe(file)
            except Exception:
                # The standard library's readers raise almost anything.
                return UNKNOWN
    return UNKNOWN


def _describe_gzip(file: BinaryIO) -> str:
    """That of the file that was packed."""
    return _describe(io.BytesIO(gzip.decompress(file.read())))


def _describe_zip(file: BinaryIO) -> str:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if all(name.endswith(".npy") for name in names):
            return "npz"
        # Records lie in one folder, whatever its name; torch.export had none at first.
        records = {name.partition("/")[2] or name: name for name in names}

        def read(record: str) -> bytes:
            return archive.read(records[record])

        found = [name for name in VERSION_RECORDS if name in records]
        parts = [f"zip {_text(read(found[0]))}" if found else "zip"]
        parts += [name for name in EARLY_RECORDS if name in records]
        parts += [
            f"{name.lstrip('.')} {_text(read(name))}"
            for name in LATER_RECORDS
            if name in records
        ]
        if "bytecode.pkl" in records:
            version = _leading_integer(read("bytecode.pkl"))
            parts.append(f"bytecode {version or 'without version'}")
        if "models/model.json" in records:
            schema = json.loads(read("models/model.json"))["schema_version"]
            parts.append(f"schema {schema['major']}")
        return ", ".join(parts)


def _describe_flatbuffer(file: BinaryIO) -> str:
    data = file.read()
    (version,) = struct.unpack_from("<I", data, _flatbuffer_version_offset(data))
    return f"flatbuffer {version}"


def _flatbuffer_version_offset(data: bytes) -> int:
    """Where the bytecode version lies: it is the first field of the root table."""
    (table,) = struct.unpack_from("<I", data)
    (to_fields,) = struct.unpack_from("<i", data, table)
    (field,) = struct.unpack_from("<H", data, table - to_fields + 4)
    return table + field


def set_flatbuffer_version(path: str, version: int) -> None:
    """Change the bytecode version that a flatbuffer says it has."""
    with open(path, "r+b") as file:
        offset = _flatbuffer_version_offset(file.read())
        file.seek(offset)
        file.write(struct.pack("<I", version))


def _describe_pickle(file: BinaryIO) -> str:
    protocol = file.read(2)[1]
    if _leading_integer(file) == LEGACY_MAGIC and file.read(1) == pickle.STOP:
        return f"legacy {_leading_integer(file)}"
    return f"pickle {protocol}"


def _describe_npy(file: BinaryIO) -> str:
    major, minor = file.read(8)[6:]
    return f"npy {major}.{minor}"


def _describe_tar(file: BinaryIO) -> str:
    return "tar"


def _describe_json(file: BinaryIO) -> str:
    json.loads(file.read())
    return "json"


# Offset and bytes that tell the format, and what tells its version.
_FORMATS = (
    (0, b"PK\x03\x04", _describe_zip),
    (0, b"\x1f\x8b", _describe_gzip),
    (4, b"PTMF", _describe_flatbuffer),
    (0, b"\x93NUMPY", _describe_npy),
    (257, b"ustar", _describe_tar),  # torch.save of 0.1
    (0, b"\x80", _describe_pickle),
    (0, b"{", _describe_json),
    (0, b"[", _describe_json),
)


def _leading_integer(source) -> Optional[int]:
    """The integer that a pickle, bytes or a file, begins with, or else None.

    The opcodes are read, none is carried out.  A file is left behind the integer.
    """
    for opcode, argument, _ in pickletools.genops(source):
        if opcode.name not in ("PROTO", "FRAME", "MARK"):
            return argument if opcode.name in _INTEGERS else None
    return None


def _text(content: bytes) -> str:
    return content.decode("ascii").strip()
