"""Goldens are small: one that is large needs a reason, in large_goldens.csv.

A row has the golden's name and the release that wrote it, both with ``*`` for any text,
and the reason.
"""

import csv
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common_golden import (
    GoldenError,
    folder_release,
    golden_folders,
    load_provenance,
)

TABLE = Path(__file__).with_name("large_goldens.csv")
LIMIT = 64_000  # bytes of one file


@dataclass(frozen=True)
class LargeGolden:
    """A row of the table."""

    golden: str
    release: str
    reason: str

    def covers(self, name: str, release: str) -> bool:
        """Whether the row gives the reason for this golden."""
        return fnmatch.fnmatchcase(name, self.golden) and fnmatch.fnmatchcase(
            release, self.release
        )


def load_large(table: Path = TABLE) -> tuple[LargeGolden, ...]:
    """The rows of the table.  Raises ValueError for one without a reason."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = tuple(LargeGolden(**row) for row in csv.DictReader(file))
    for row in rows:
        if not (row.reason or "").strip():
            raise ValueError(f"{table}: {row.golden} of {row.release} has no reason")
    return rows


def size_problems(root: Path, table: Path = TABLE) -> Iterator[str]:
    """One line for each large golden below ``root`` without a row, and the reverse."""
    rows = load_large(table)
    needed = set()
    for folder in golden_folders(str(root)):
        release = folder_release(folder) or ""
        try:
            provenance = load_provenance(folder)
        except GoldenError:
            continue  # told by verify.find_problems
        for name, golden in provenance.goldens.items():
            sizes = {kind: file.size for kind, file in golden.files.items()}
            kind = max(sizes, key=sizes.__getitem__)
            if sizes[kind] <= LIMIT:
                continue
            covering = [row for row in rows if row.covers(name, release)]
            needed.update(covering)
            if not covering:
                yield (
                    f"{folder}/{name}.{kind}: {sizes[kind]} bytes, more than {LIMIT}; "
                    f"make it smaller, or give the reason in {table.name}"
                )
    for row in rows:
        if row not in needed:
            yield (
                f"{table}: no golden {row.golden} of {row.release} is larger than "
                f"{LIMIT} bytes; remove the row"
            )
