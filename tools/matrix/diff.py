"""The command ``diff``: what one reader does otherwise than another.

The release manager's question before shipping: what does this build not read that the
last release did?  Only what both promise to read counts: what no newer release wrote.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from common_releases import parse_release

from tools.matrix.cells import Cell
from tools.matrix.errors import MatrixError
from tools.matrix.events import few, shortened, writers_text
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
        if self.before.is_broken and self.after.is_read:
            return MENDED
        return OTHER

    @property
    def test(self) -> str:
        """``Class.test``."""
        return self._one.test

    @property
    def writer(self) -> str:
        """Who wrote what is read, ``*`` where no writer was chosen."""
        return self._one.writer or "*"

    @property
    def told(self) -> str:
        """What happened, in both, and the later error."""
        states = " -> ".join(each.state if each else "not read" for each in self._pair)
        message = next((e.message for e in reversed(self._pair) if e and e.message), "")
        return f"{states}: {message[:160]}" if message else states

    @property
    def _one(self) -> Cell:
        cell = self.after or self.before
        if cell is None:
            raise ValueError("a difference of nothing")
        return cell

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
    """Print the differences, those of a test together; 1 if B fails where A does not.

    Raises MatrixError where a reader is not known.
    """
    stores = args.store, args.other_store or args.store
    names = args.before, args.after
    before, after = (_read(*each) for each in zip(stores, names, strict=True))
    older = min(before.release, after.release, key=parse_release)
    found: dict[str, list[Difference]] = {}
    for difference in differences(before.read_by(older), after.read_by(older)):
        found.setdefault(difference.kind, []).append(difference)
    for kind, sentence in KINDS.items():
        own = found.get(kind, [])
        print(f"{len(own)} cells: {sentence}")
        for line in grouped(own):
            print(f"    {line}")
    return EXIT_WORSE if found.get(BROKEN) else EXIT_SAME


@dataclass(frozen=True)
class _Side:
    """One of the two readers; ``release`` is its torch version."""

    release: str
    cells: Mapping[Place, Cell]

    def read_by(self, release: str) -> dict[Place, Cell]:
        """The cells of files that are not newer than ``release``."""
        return {
            place: cell
            for place, cell in self.cells.items()
            if not cell.writer or parse_release(cell.writer) <= parse_release(release)
        }


def _read(store: str, name: str) -> _Side:
    with MatrixStore(Path(store), create=False) as opened:
        readers = {each.name: each for each in opened.readers()}
        if name not in readers:
            raise MatrixError(
                f"{store}: has no reader {name} (it has {', '.join(readers) or 'none'}"
                f"); python -m tools.matrix run --readers {name}"
            )
        cells = {
            (cell.file, cell.test, cell.parameters, cell.writer): cell
            for cell in opened.cells(name)
        }
    return _Side(readers[name].facts["torch"], cells)


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


def grouped(found: Iterable[Difference]) -> Iterator[str]:
    """A line for each thing that happened, to each test if both readers read it."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for each in found:
        # What only one reads is a test or file that the other knows nothing of.
        test = "" if each.kind == ONLY_ONE else each.test
        groups.setdefault((test, shortened(each.told)), []).append(each)
    for group in groups.values():
        writers = writers_text(each.writer for each in group)
        tests = few(sorted({each.test for each in group}))
        count = f"{len(group)} cells" if len(group) > 1 else "1 cell"
        yield f"{tests} ({count}, written by {writers}): {group[0].told}"
