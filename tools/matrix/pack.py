"""The command ``pack``: the matrix as one small file, to keep or to hand on.

``merge`` takes such files as it takes matrices.
"""

import argparse
import lzma
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.matrix.errors import MatrixError
from tools.matrix.options import add_store_option
from tools.matrix.store import MatrixStore

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
        plain, packed = Path(folder, "plain"), Path(folder, "packed")
        store.copy(plain)
        with plain.open("rb") as source, lzma.open(packed, "wb", preset=9) as sink:
            shutil.copyfileobj(source, sink)
        os.replace(packed, target)


@contextmanager
def unpacked(part: Path) -> Iterator[Path]:
    """The SQLite file that a part is, or holds; there while the context is open.

    Raises MatrixError for a packed file that is damaged, and where the disk is full.
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
            with lzma.open(part) as source, plain.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        except (EOFError, lzma.LZMAError) as error:
            raise MatrixError(f"{part}: damaged ({error}); get it anew") from error
        except OSError as error:
            raise MatrixError(
                f"{part}: cannot be unpacked in {folder}: {error.strerror or error}"
            ) from error
        yield plain
