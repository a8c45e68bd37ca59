"""The command ``diff``: what one reader does otherwise than another.

The release manager's question before shipping: what does this build not read that the
last release did?
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.matrix.cells import Cell
from tools.matrix.errors import MatrixError
from tools.matrix.events import shortened
from tools.matrix.options import add_store_option
from tools.matrix.store import MatrixStore

HELP = "compare two readers, of one run or of two"
EXIT_SAME, EXIT_WORSE = 0, 1

Place = tuple[str, str, tuple[tuple[str, str], ...], str]


@dataclass(frozen=True)
class Difference:
    """A cell of which two readers make something else; None: not read there."""

    before: Cell | None
    after: Cell | None

    @property
    def kind(self) -> str:
        """What is different, a key of KINDS."""
        if self.before is None or self.after is None:
            return ONLY_ONE
        if self.after.is_broken and not self.before.is_broken:
            return BROKEN
        if self.before.is_broken and not self.after.is_broken:
            return MENDED
        return OTHER

    def line(self) -> str:
        """The difference for people."""
        cell = self.after or self.before
        if cell is None:
            raise ValueError("a difference of nothing")
        values = ", ".join(f"{name}={value}" for name, value in cell.parameters)
        told = f"{cell.test} ({values}) written by {cell.writer or 'any'}"
        states = " -> ".join(each.state if each else "not read" for each in self._pair)
        message = next((e.message for e in reversed(self._pair) if e and e.message), "")
        return f"{told}: {states}: {message[:160]}"

    @property
    def _pair(self) -> tuple[Cell | None, Cell | None]:
        return self.before, self.after


BROKEN, MENDED, OTHER, ONLY_ONE = "broken", "mended", "other", "only one"
KINDS = {
    BROKEN: "read before, and fails now",
    MENDED: "failed before, and is read now",
    OTHER: "fails, or is skipped, otherwise than before",
    ONLY_ONE: "one of the two did not read it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``diff``."""
    parser.description = HELP
    parser.add_argument("before", metavar="A", help="a reader: 2.12.1, or local")
    parser.add_argument("after", metavar="B", help="the reader to compare with it")
    add_store_option(parser)
    parser.add_argument(
        "--other-store", metavar="FILE", help="the file that has B (default: the same)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the differences; 1 if B fails where A does not."""
    before = _cells(args.store, args.before)
    after = _cells(args.other_store or args.store, args.after)
    found: dict[str, list[Difference]] = {}
    for difference in differences(before, after):
        found.setdefault(difference.kind, []).append(difference)
    for kind, sentence in KINDS.items():
        own = found.get(kind, [])
        print(f"{len(own)} cells: {sentence}")
        for difference in own:
            print(f"    {difference.line()}")
    return EXIT_WORSE if found.get(BROKEN) else EXIT_SAME


def _cells(store: str, reader: str) -> dict[Place, Cell]:
    with MatrixStore(Path(store), create=False) as opened:
        names = [each.name for each in opened.readers()]
        if reader not in names:
            raise MatrixError(
                f"{store}: has no reader {reader} (it has {', '.join(names) or 'none'}"
                f"); python -m tools.matrix run --readers {reader}"
            )
        return {
            (cell.file, cell.test, cell.parameters, cell.writer): cell
            for cell in opened.cells(reader)
        }


def differences(
    before: Mapping[Place, Cell], after: Mapping[Place, Cell]
) -> Iterator[Difference]:
    """Where two readers differ, in the order of tests."""
    for place in sorted({*before, *after}):
        pair = Difference(before.get(place), after.get(place))
        if pair.before is None or pair.after is None:
            yield pair
        elif pair.before.state != pair.after.state or shortened(
            pair.before.message
        ) != shortened(pair.after.message):
            yield pair
