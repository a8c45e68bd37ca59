"""Folders whose tests PyTorch runs by another file, in aggregators.csv."""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

TABLE = Path(__file__).with_name("aggregators.csv")


@dataclass(frozen=True)
class Aggregated:
    """A folder below ``test/`` whose classes the file ``aggregator`` imports.

    ``runs_directly``: whether its files may be run, too.
    """

    folder: str
    aggregator: str
    runs_directly: bool


@functools.lru_cache(maxsize=None)
def load_aggregated(table: Path = TABLE) -> tuple[Aggregated, ...]:
    """The rows of the table.  Raises ValueError for one without a reason."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if not (row["reason"] or "").strip():
            raise ValueError(f"{table}: {row['folder']} has no reason")
    return tuple(
        Aggregated(row["folder"], row["aggregator"], row["runs_directly"] == "yes")
        for row in rows
    )


def aggregated(path: str) -> Aggregated | None:
    """The row of the folder that a file (``test/jit/test_x.py``) lies in, or None."""
    parts = PurePosixPath(path).parts
    for row in load_aggregated():
        if len(parts) > 2 and parts[1] == row.folder:
            return row
    return None


def module_name(path: str) -> str:
    """The name by which an aggregator of PyTorch imports a file: ``jit.test_x``."""
    return ".".join(PurePosixPath(path).with_suffix("").parts[1:])
