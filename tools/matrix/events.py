"""What the cells tell: each break, from the reader that broke to the one that mended.

Only what is promised counts here: what a reader makes of a file that an older release,
or it itself, wrote.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from common_ledger import KnownBreak, cell_name
from common_releases import parse_release

from tools.matrix.cells import Cell
from tools.testing.records import MESSAGE_LIMIT, SKIPPED

NEW = "new: no row of the ledger says why"
# What differs between two errors that are one: numbers, addresses, paths.
_ACCIDENTAL = re.compile(r"0x[0-9a-f]+|/[^\s'\"]+|\d+")
_ERROR_LENGTH = 90
# Of a path all but the last name, which is where a machine keeps its things.
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s'\"/]+/)+")
_WRITERS_SHOWN = 4

Place = tuple[str, str, tuple[tuple[str, str], ...]]  # file, test, parameters


@dataclass(frozen=True)
class Event:
    """A break: from ``broke`` on readers fail, until ``mended`` (None: not yet).

    Where ``broke`` is the writer itself it never could read what it wrote.  ``cells``
    is how many sub-tests of how many writers are concerned.
    """

    file: str
    test: str
    writers: tuple[str, ...]
    broke: str
    mended: str | None
    error: str
    cause: str
    reference: str
    cells: int

    def to_json(self) -> dict[str, object]:
        """The event as plain data, for any machine: paths have lost their folders."""
        return {
            "test": self.test,
            "writers": list(self.writers),
            "broke": self.broke,
            "mended": self.mended,
            "error": _FOLDERS.sub("", self.error),
            "cause": self.cause,
            "reference": self.reference,
        }


@dataclass(frozen=True)
class _Break:
    """A break of one cell: of one sub-test and writer."""

    cell: Cell
    broke: str
    mended: str | None


def find_events(
    cells: Iterable[Cell], releases: Mapping[str, str], rows: Sequence[KnownBreak]
) -> list[Event]:
    """The events of the cells, of most writers first.

    ``releases`` has the torch version of each reader.
    """
    groups: dict[tuple, list[_Break]] = {}
    for each in _breaks(cells, releases):
        row = find_row(rows, each.cell, releases[each.broke])
        cause = (row.cause, row.reference) if row else (NEW, "")
        same = (
            each.cell.file,
            each.cell.test,
            each.broke,
            each.mended,
            cause,
            "" if row else shortened(each.cell.message),
        )
        groups.setdefault(same, []).append(each)
    events = [_event(key, breaks) for key, breaks in groups.items()]
    return sorted(
        events, key=lambda e: (-len(e.writers), parse_release(e.broke), e.test)
    )


def _event(key: tuple, breaks: list[_Break]) -> Event:
    file, test, broke, mended, (cause, reference), _ = key
    writers = sorted({each.cell.writer or "*" for each in breaks}, key=_order)
    error = breaks[0].cell.message
    return Event(
        file, test, tuple(writers), broke, mended, error, cause, reference, len(breaks)
    )


def _order(release: str) -> tuple[int, int, int]:
    return (0, 0, 0) if release == "*" else parse_release(release)


def shortened(message: str) -> str:
    """An error without what is by chance, to be compared with others."""
    return _ACCIDENTAL.sub("#", message)[:_ERROR_LENGTH]


def writers_text(writers: Iterable[str]) -> str:
    """Writers in one short text, oldest first; ``*`` among them stands for any."""
    ordered = sorted(set(writers), key=_order)
    if "*" in ordered or not ordered:
        return "any"
    if len(ordered) > _WRITERS_SHOWN:
        return f"{ordered[0]} to {ordered[-1]} ({len(ordered)})"
    return ", ".join(ordered)


def few(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def find_row(rows: Iterable[KnownBreak], cell: Cell, reader: str) -> KnownBreak | None:
    """The row of the ledger that lists the cell with this error, if one does."""
    # ``reader`` is a version: a local build counts as its release.
    name = cell_name(cell.test, {**dict(cell.parameters), "writer": cell.writer})
    for row in rows:
        if row.lists(name, cell.writer or reader, reader):
            if cell.is_dead or expects(row, cell.message):
                return row
    return None


def expects(row: KnownBreak, message: str) -> bool:
    """Whether a cell's message is the one that the row lists."""
    # Of a long error the end is cut off, and a blank there.
    is_cut = len(message) >= MESSAGE_LIMIT - 1
    beginning = row.message.partition("*")[0]
    cut_off = is_cut and bool(beginning) and message.startswith(beginning)
    return cut_off or row.expects(message)


def is_promised(cell: Cell, releases: Mapping[str, str]) -> bool:
    """Whether the reader is not older than the writer."""
    if not cell.writer:
        return True
    return parse_release(cell.writer) <= parse_release(releases[cell.reader])


def _breaks(cells: Iterable[Cell], releases: Mapping[str, str]) -> Iterator[_Break]:
    """Each break of each sub-test and writer, in the order of the readers."""
    by_place: dict[tuple[Place, str], list[Cell]] = {}
    for cell in cells:
        if cell.state != SKIPPED and is_promised(cell, releases):
            place = (cell.file, cell.test, cell.parameters), cell.writer
            by_place.setdefault(place, []).append(cell)
    for found in by_place.values():
        found.sort(key=lambda cell: parse_release(releases[cell.reader]))
        yield from _breaks_of(found)


def _breaks_of(found: Sequence[Cell]) -> Iterator[_Break]:
    first: Cell | None = None  # of the break that goes on
    for cell in found:
        if cell.is_broken and first is None:
            first = cell
        elif not cell.is_broken and first is not None:
            yield _Break(first, first.reader, cell.reader)
            first = None
    if first is not None:
        yield _Break(first, first.reader, None)
