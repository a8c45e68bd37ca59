"""The cells as grids of writers and readers, one for each format."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common_ledger import KnownBreak
from common_releases import parse_release

from tools.matrix.cells import Cell
from tools.matrix.events import find_row, is_promised, shortened
from tools.matrix.newer import format_of
from tools.testing.records import SKIPPED

# What a square can be, the worst first; with the sign that stands for it, so that no
# legend relies on colour alone, and what it says.
NEW, KNOWN, NEWER, READ, LACKING = "new", "known", "newer", "read", "lacking"
LEGEND = {
    NEW: ("✗", "something fails that the ledger of known breaks does not list"),
    KNOWN: ("!", "something fails, as the ledger says"),
    NEWER: ("↑", "something fails, of a file that a newer release wrote"),
    READ: ("✓", "all is read, with the numbers that the writer recorded"),
    LACKING: ("–", "the reader lacks what the file needs"),
}


@dataclass(frozen=True)
class Group:
    """Cells of a square that ended alike."""

    outcome: str  # a key of LEGEND
    state: str
    error: str
    cause: str
    reference: str


@dataclass
class Square:
    """What one reader made of what one writer wrote in one format."""

    counts: Counter = field(default_factory=Counter)  # of Group
    tests: dict[Group, dict[str, int]] = field(default_factory=dict)  # with file

    @property
    def outcome(self) -> str:
        """The worst of its cells."""
        own = {group.outcome for group in self.counts}
        return next(outcome for outcome in LEGEND if outcome in own)


@dataclass(frozen=True)
class Grids:
    """All formats; ``squares`` by format, writer and reader."""

    formats: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    squares: Mapping[tuple[str, str, str], Square]


def make_grids(
    cells: Iterable[Cell], releases: Mapping[str, str], rows: Sequence[KnownBreak]
) -> Grids:
    """The grids of the cells; ``releases`` has the torch version of each reader.

    Cells that are about no single writer count for each writer of their test.
    """
    squares: dict[tuple[str, str, str], Square] = {}
    for cell in cells:
        if not cell.writer:
            continue
        square = squares.setdefault(
            (format_of(cell), cell.writer, cell.reader), Square()
        )
        group = _group(cell, releases, rows)
        square.counts[group] += 1
        if group.outcome != READ:
            name = f"{cell.file}::{cell.test}"
            tests = square.tests.setdefault(group, {})
            tests[name] = tests.get(name, 0) + 1
    return Grids(
        tuple(sorted({name for name, _, _ in squares})),
        tuple(sorted({writer for _, writer, _ in squares}, key=parse_release)),
        tuple(sorted(releases, key=lambda reader: parse_release(releases[reader]))),
        squares,
    )


def _group(
    cell: Cell, releases: Mapping[str, str], rows: Sequence[KnownBreak]
) -> Group:
    if cell.is_read:
        return Group(READ, cell.state, "", "", "")
    if cell.state == SKIPPED:
        return Group(LACKING, cell.state, cell.message, "", "")
    error = shortened(cell.message)
    if not is_promised(cell, releases):
        return Group(NEWER, cell.state, error, "", "")
    row = find_row(rows, cell, releases[cell.reader])
    if row is None:
        return Group(NEW, cell.state, error, "", "")
    return Group(KNOWN, cell.state, error, row.cause, row.reference)
