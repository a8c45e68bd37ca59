"""The table of torch releases that write goldens and read them."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from common_releases import parse_release

from tools.golden.errors import GoldenToolError

TABLE = Path(__file__).with_name("releases.csv")
TABLE_NAME = "tools/golden/releases.csv"
COLUMNS = ["release", "python", "pins"]

#: The name of the running interpreter's own torch, which is in no table.
LOCAL = "local"

#: What the suite needs beside torch; a pin narrows it where it must.
SUITE_NEEDS = ("numpy", "expecttest", "psutil")


class TableError(GoldenToolError, ValueError):
    """The table of releases is malformed; the message names file and line."""


@dataclass(frozen=True)
class Release:
    """A torch release, the Python it runs on and its pins (requirements)."""

    version: str
    python: str
    pins: tuple[str, ...]

    @property
    def requirements(self) -> tuple[str, ...]:
        """All that its environment is asked to contain, as pip spells it."""
        return (f"torch=={self.version}", *SUITE_NEEDS, *self.pins)


def load_releases(table: Path = TABLE) -> tuple[Release, ...]:
    """All releases of the table, oldest first.

    Raises TableError, a ValueError, for a table that is malformed or not in
    ascending order.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        if next(rows, None) != COLUMNS:
            raise TableError(f"{table}, line 1: the columns are not {COLUMNS}")
        releases: list[Release] = []
        for row in rows:
            try:
                release = _parse_row(row)
                if releases and not _is_later(release, releases[-1]):
                    raise ValueError(
                        f"{release.version} does not come after {releases[-1].version}"
                    )
            except ValueError as error:
                raise TableError(f"{table}, line {rows.line_num}: {error}") from error
            releases.append(release)
    if not releases:
        raise TableError(f"{table}, line 2: no release at all")
    return tuple(releases)


def find_release(version: str) -> Release:
    """The release of this version, for example ``1.13.1``.

    Raises GoldenToolError for one that the table does not have.
    """
    releases = load_releases()
    for release in releases:
        if release.version == version:
            return release
    close = [r.version for r in releases if _minor(r.version) == _minor(version)]
    raise GoldenToolError(
        f"unknown release {version}: the table {TABLE_NAME} has "
        f"{releases[0].version} to {releases[-1].version}"
        + (f", among them {' and '.join(close)}" if close else "")
        + "; add a row there for another"
    )


def _parse_row(row: list[str]) -> Release:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} fields where {len(COLUMNS)} are expected")
    version, python, pins = row
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"not a torch release: {version!r} (expected e.g. 1.13.1)")
    if not re.fullmatch(r"\d+\.\d+", python):
        raise ValueError(f"not a Python version: {python!r} (expected e.g. 3.11)")
    return Release(version, python, tuple(pins.split()))


def _is_later(release: Release, other: Release) -> bool:
    return parse_release(release.version) > parse_release(other.version)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
