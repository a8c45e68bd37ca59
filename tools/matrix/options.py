"""Options that several commands of the matrix have."""

import argparse
import os
from pathlib import Path

from common_releases import ReleaseRange

from tools.matrix.errors import MatrixError

STORE_VARIABLE = "TORCH_MATRIX"
STORE_NAME = "matrix.sqlite"


def default_store() -> str:
    """TORCH_MATRIX, or ``matrix.sqlite`` in the user's cache folder."""
    named = os.environ.get(STORE_VARIABLE)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return named or str(Path(caches, "torch-matrix", STORE_NAME))


def add_store_option(parser: argparse.ArgumentParser) -> None:
    """``--store``: the file of the cells."""
    parser.add_argument(
        "--store",
        metavar="FILE",
        default=default_store(),
        help=f"the SQLite file of the cells (default: what {STORE_VARIABLE} names, or "
        "%(default)s)",
    )


def add_writers_option(parser: argparse.ArgumentParser) -> None:
    """``--writers``: a range of releases."""
    parser.add_argument(
        "--writers",
        metavar="RANGE",
        default="*",
        help="releases that wrote the goldens: A..B, A.., ..B, A (default: all)",
    )


def parse_range(option: str, text: str) -> ReleaseRange:
    """The range that the user gave to an option.  Raises MatrixError."""
    try:
        return ReleaseRange.parse(text)
    except ValueError as error:
        raise MatrixError(f"{option} {text}: {error}") from error
