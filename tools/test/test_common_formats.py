"""Format versions told from bytes."""

import io
import os
import pickle
import tarfile
import tempfile
import unittest
from pathlib import Path

from common_formats import LEGACY_MAGIC, UNKNOWN, format_version

from tools import TEST_FOLDER
from tools.test.archives import archive

QUANTIZATION = Path(TEST_FOLDER) / "quantization" / "serialized"
# The first bytes of a flatbuffer of torch 2.13, to the end of its bytecode version.
FLATBUFFER = bytes.fromhex(
    "24000000 50544d46 1c003400 04000800 0c001000 14001800 1c002000 24002800 2c003000"
    "1c000000 09000000"
)


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


class TestFormatVersion(unittest.TestCase):
    """What is told of a file."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file")

    def told(self, content: bytes) -> str:
        with open(self.path, "wb") as file:
            file.write(content)
        return format_version(self.path)

    def test_containers(self) -> None:
        """A zip container has its version record, and what else changed."""
        version = {"version": "3\n"}
        for records, expected in (
            ({"version": "3\n", "data.pkl": b""}, "zip 3"),
            ({".data/version": "6\n", "a/version": "1"}, "zip 6"),
            ({"version": "1\n", "model.json": "{}"}, "zip 1, model.json"),
            (
                {"version": "1\n", "attributes.pkl": b"", "model.json": "{}"},
                "zip 1, model.json, attributes.pkl",
            ),
            ({"byteorder": "big", **version}, "zip 3, byteorder big"),
            (
                {
                    ".storage_alignment": "64",
                    ".format_version": "1",
                    "byteorder": "little",
                    **version,
                },
                "zip 3, byteorder little, format_version 1, storage_alignment 64",
            ),
            (
                {
                    ".data/version": "6\n",
                    "archive_version": "0",
                    "models/model.json": '{"schema_version": {"major": 8}}',
                },
                "zip 6, archive_version 0, schema 8",
            ),
            ({"other": ""}, "zip"),
        ):
            with self.subTest(expected):
                self.assertEqual(expected, self.told(archive(records)))
                self.assertEqual(expected, self.told(archive(records, "A.b c/")))

    def test_a_container_without_a_folder(self) -> None:
        """torch.export had its records at the top of the archive at first."""
        content = archive({"version": "5.3", "serialized_state_dict.pt": b""}, "")

        self.assertEqual("zip 5.3", self.told(content))

    def test_bytecode(self) -> None:
        """A file for the lite interpreter has the number that its bytecode begins
        with."""
        for bytecode, expected in (
            ((8, "forward"), "zip 3, bytecode 8"),
            ((4, "a", "b", "c"), "zip 3, bytecode 4"),
            ((70000, "a"), "zip 3, bytecode 70000"),
            (("forward", 8), "zip 3, bytecode without version"),
            ((), "zip 3, bytecode without version"),
        ):
            with self.subTest(expected):
                data = pickle.dumps(bytecode, protocol=2)
                content = archive({"version": "3", "bytecode.pkl": data})

                self.assertEqual(expected, self.told(content))

    def test_flatbuffer(self) -> None:
        """A flatbuffer has the bytecode version that it holds."""
        self.assertEqual("flatbuffer 9", self.told(FLATBUFFER))
        self.assertEqual("flatbuffer 8", self.told(FLATBUFFER[:-4] + b"\x08\0\0\0"))

    def test_legacy(self) -> None:
        """A file of torch.save before the container has its protocol's version."""
        for protocol in 2, 4:
            parts = [pickle.dumps(part, protocol) for part in (LEGACY_MAGIC, 1001, {})]

            self.assertEqual("legacy 1001", self.told(b"".join(parts)))

    def test_pickle(self) -> None:
        """Any other pickle has its protocol."""
        for protocol in 2, 4:
            for value in ([], LEGACY_MAGIC + 1, (LEGACY_MAGIC, 1001)):
                found = self.told(pickle.dumps(value, protocol))

                self.assertEqual(f"pickle {protocol}", found)

    def test_tar(self) -> None:
        """torch.save of 0.1 made a tar file."""
        for form in tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT:
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w", format=form) as tar:
                tar.addfile(tarfile.TarInfo("sys_info"))

            self.assertEqual("tar", self.told(content.getvalue()))

    def test_numpy(self) -> None:
        """An array has the version of its header; several of them have none."""
        array = b"\x93NUMPY\x01\x00v\x00{}"

        self.assertEqual("npy 1.0", self.told(array))
        self.assertEqual("npz", self.told(archive({"a.npy": array}, "")))

    def test_json(self) -> None:
        """JSON has no version."""
        self.assertEqual("json", self.told(b'{"a": [1]}'))
        self.assertEqual("json", self.told(b"[]"))

    def test_unknown(self) -> None:
        """Anything else, and what is damaged, is unknown."""
        whole = archive({"version": "3"})
        for content in (
            b"",
            b"text",
            b"{",
            b"PK\x03\x04",
            whole[:-1],
            archive({"version": b"\xff"}),
            FLATBUFFER[:-1],
            b"\x80",
            b"\x80\x02\x8a",
            b"\x93NUMPY\x01",
        ):
            with self.subTest(content):
                self.assertEqual(UNKNOWN, self.told(content))

    def test_missing(self) -> None:
        """A file that is not there is an OSError."""
        with self.assertRaises(FileNotFoundError):
            format_version(self.path)

    def test_nothing_is_unpickled(self) -> None:
        """Pickles that would run code are looked at only."""
        evil = pickle.dumps((8, Evil()), protocol=2)
        magic = pickle.dumps(LEGACY_MAGIC, protocol=2)

        content = archive({"version": "3", "data.pkl": evil, "bytecode.pkl": evil})

        self.assertEqual("zip 3, bytecode 8", self.told(content))
        self.assertEqual("pickle 2", self.told(evil))
        self.assertEqual("legacy 8", self.told(magic + evil))

    def test_any_damage(self) -> None:
        """Whatever is cut off or altered, the answer is text."""
        name = "TestSerialization.test_lstm.state_dict.pt"
        for release in ("1.3.1", "2.7.1"):
            whole = (QUANTIZATION / release / name).read_bytes()
            for place in range(0, len(whole), max(1, len(whole) // 100)):
                altered = bytearray(whole)
                altered[place] ^= 0xFF

                self.assertIsInstance(self.told(whole[:place]), str)
                self.assertIsInstance(self.told(bytes(altered)), str)

    def test_real_files(self) -> None:
        """What releases wrote is told apart where its layout changed."""
        container = "zip 3, byteorder little"
        saved = f"{container}, format_version 1, storage_alignment 64"
        package = "TestSerialization.test_linear_relu_package_quantization_transforms"
        for golden, release, expected in (
            ("TestSerialization.test_linear.state_dict.pt", "2.15.0", "legacy 1001"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.3.1", "legacy 1001"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.4.0", "zip 1"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.5.1", "zip 2"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.6.0", "zip 3"),
            ("TestSerialization.test_lstm.state_dict.pt", "2.1.2", container),
            ("TestSerialization.test_lstm.state_dict.pt", "2.7.1", saved),
            ("TestSerialization.test_lstm.scripted.pt", "1.3.1", "zip 1"),
            ("TestSerialization.test_lstm.scripted.pt", "2.7.1", container),
            ("TestSerialization.test_lstm.expected.npz", "2.7.1", "npz"),
            (f"{package}.package.pt", "1.11.0", "zip 6"),
            (f"{package}.package.pt", "2.1.2", "zip 6, byteorder little"),
        ):
            with self.subTest(golden=golden, release=release):
                found = format_version(str(QUANTIZATION / release / golden))

                self.assertEqual(expected, found)


if __name__ == "__main__":
    unittest.main()
