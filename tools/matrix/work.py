"""What has to be read: targets whose cells are missing or stale, cut into units."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from common_releases import ReleaseRange, parse_release

from tools.matrix.cells import Cell, Target, cell_of
from tools.matrix.reading import Test, Unit, UnitResult
from tools.matrix.store import ReadingKey

# Files to read in one unit: about half a minute's work, so that an interruption
# loses little, and importing torch is a small part.
UNIT_COST = 4000


@dataclass(frozen=True)
class Work:
    """A unit and the targets that it settles."""

    unit: Unit
    targets: tuple[Target, ...]

    @property
    def cost(self) -> int:
        """How many files it reads."""
        return sum(target.cost for target in self.targets)


def stale_targets(
    targets: Iterable[Target], known: Mapping[ReadingKey, str]
) -> list[Target]:
    """The targets that were not read, or not as they are now."""
    return [t for t in targets if known.get((t.file, t.test, t.writer)) != t.digest]


def plan_work(
    reader: str,
    stale: Iterable[Target],
    everything: Iterable[Target],
    chosen: ReleaseRange,
    quick: bool,
) -> Iterator[Work]:
    """Units that read the stale targets of one reader.

    ``everything`` has all targets, whose writers were ``chosen``.  A unit reads one
    range of writers, so that targets between two stale ones are read again with them.
    """
    by_test: dict[Test, list[Target]] = {}
    for target in stale:
        by_test.setdefault((target.file, target.test), []).append(target)
    all_of_test: dict[Test, list[Target]] = {}
    for target in everything:
        if (target.file, target.test) in by_test:
            all_of_test.setdefault((target.file, target.test), []).append(target)
    by_range: dict[str, list[list[Target]]] = {}
    for test, found in by_test.items():
        # One range for all that are read whole, so that they fill few units.
        whole = len(found) == len(all_of_test[test])
        writers = chosen if whole else _range_of([target.writer for target in found])
        covered = [t for t in all_of_test[test] if t.writer in writers]
        by_range.setdefault(str(writers), []).append(covered)
    for text, tests in by_range.items():
        for chunk in _chunks(tests):
            unit = Unit(
                reader,
                text,
                tuple((part[0].file, part[0].test) for part in chunk),
                quick,
            )
            yield Work(unit, tuple(target for part in chunk for target in part))


def _range_of(writers: Sequence[str]) -> ReleaseRange:
    ordered = sorted(writers, key=parse_release)
    return ReleaseRange(ordered[0], ordered[-1])


def _chunks(tests: Iterable[list[Target]]) -> Iterator[list[list[Target]]]:
    chunk: list[list[Target]] = []
    cost = 0
    for targets in tests:
        own = sum(target.cost for target in targets)
        if chunk and cost + own > UNIT_COST:
            yield chunk
            chunk, cost = [], 0
        chunk.append(targets)
        cost += own
    if chunk:
        yield chunk


def settled(work: Work, result: UnitResult) -> tuple[dict[ReadingKey, str], list[Cell]]:
    """What to keep of a unit: digests of its readings, and their cells.

    The reading whose writer is empty has what is about no single writer.  A quick unit
    settles only what it read.
    """
    cells = [cell_of(outcome, work.unit.reader) for outcome in result.outcomes]
    read = {(cell.file, cell.test, cell.writer) for cell in cells}
    digests: dict[ReadingKey, str] = {}
    for target in work.targets:
        key = (target.file, target.test, target.writer)
        nowhere = (target.file, target.test, "")
        digests[nowhere] = ""
        if not work.unit.quick or key in read or nowhere in read:
            digests[key] = target.digest
    return digests, [c for c in cells if (c.file, c.test, c.writer) in digests]
