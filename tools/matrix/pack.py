"""The command ``pack``: the matrix as one small file, to keep or to hand on.

``merge`` takes such files as it takes matrices.  In one, compressed by xz, the first
line names the schema; each other is a column of a table in JSON: alike stands beside
alike, which makes half of what the SQLite file is compressed.
"""

import argparse
import json
import lzma
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.matrix.errors import MatrixError
from tools.matrix.options import add_store_option
from tools.matrix.store import SCHEMA_VERSION, TABLES, MatrixStore

HELP = "write the matrix to one compressed file, which merge takes"
_MAGIC = b"\xfd7zXZ\x00"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pack``."""
    parser.description = HELP
    parser.add_argument("file", metavar="FILE", help="the file to write: NAME.xz")
    add_store_option(parser)


def run(args: argparse.Namespace) -> int:
    """Write the file; always 0."""
    target = Path(args.file)
    with MatrixStore(Path(args.store), create=False) as store:
        try:
            _pack(store, target)
        except OSError as error:
            raise MatrixError(
                f"{target}: {error.strerror or error}; nothing was written"
            ) from error
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
    return 0


def _pack(store: MatrixStore, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".packing-", dir=target.parent) as folder:
        packed = Path(folder, "packed")
        with lzma.open(packed, "wt", preset=9, encoding="ascii") as lines:
            print(json.dumps({"schema": SCHEMA_VERSION}), file=lines)
            for column in store.columns():
                print(json.dumps(column, separators=(",", ":")), file=lines)
        os.replace(packed, target)


@contextmanager
def unpacked(part: Path) -> Iterator[Path]:
    """The SQLite file that a part is, or is made of; there while the context is open.

    Raises MatrixError for a packed file that is damaged or of another schema.
    """
    try:
        with part.open("rb") as file:
            is_packed = file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        is_packed = False  # the store says what is wrong with it
    if not is_packed:
        yield part
        return
    with tempfile.TemporaryDirectory(prefix="torch-matrix-") as folder:
        plain = Path(folder, "matrix.sqlite")
        try:
            _unpack(part, plain)
        except (EOFError, lzma.LZMAError, ValueError) as error:
            raise MatrixError(f"{part}: damaged ({error}); get it anew") from error
        yield plain


def _unpack(part: Path, plain: Path) -> None:
    with MatrixStore(plain) as store, lzma.open(part, "rt", encoding="ascii") as lines:
        schema = json.loads(next(lines, "{}")).get("schema")
        if schema != SCHEMA_VERSION:
            raise MatrixError(
                f"{part}: its schema is {schema}, not {SCHEMA_VERSION}; use the "
                "version of this project that wrote it"
            )
        tables: dict[str, dict[str, list[int | str]]] = {name: {} for name in TABLES}
        for line in lines:
            table, column, values = json.loads(line)
            tables[table][column] = values
        for table, columns in tables.items():
            store.fill(table, columns)
