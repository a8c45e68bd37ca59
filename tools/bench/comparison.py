"""From measurements to what they say: medians, ratios, and the limit.

Ratios are made within a pair and a round, of runs that were neighbours in time,
and only then summed up.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench.measuring import WARM_UP, Measurement
from tools.bench.runners import DRIVER, IMPORT, UNITTEST


@dataclass(frozen=True)
class Spread:
    """The median of some values, and how far they reach."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """The spread of the values; None where there are none."""
        if not values:
            return None
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Row:
    """What is known of one runner.  Where it has a ``fault`` it has no times."""

    runner: str
    tests: int | None  # that ran, in its last run
    seconds: Spread | None
    to_driver: Spread | None  # its seconds ÷ the driver's
    to_limit: Spread | None  # its seconds ÷ the limit's
    fault: str


@dataclass(frozen=True)
class Limit:
    """What a perfect runner would take, in seconds, and what that is made of."""

    seconds: Spread
    of_import: Spread
    of_unittest: Spread


@dataclass(frozen=True)
class Comparison:
    """All that a workload's measurements say."""

    rows: tuple[Row, ...]
    limit: Limit | None


def compare(
    runners: Sequence[str],
    measurements: Sequence[Measurement],
    expected: int,
    workers: int,
) -> Comparison:
    """Compare runners on a workload of ``expected`` tests."""
    faults = {m.runner: m.fault(expected) for m in measurements if m.fault(expected)}
    timed = [m for m in measurements if m.round != WARM_UP]
    sound = [m for m in timed if m.runner not in faults]
    limits = limits_of(sound, workers)
    tests = {m.runner: m.tests for m in measurements}
    rows = [
        Row(
            name,
            tests.get(name),
            Spread.of([m.seconds for m in sound if m.runner == name]),
            Spread.of(ratios_to_driver(sound, name)),
            Spread.of(ratios_to_limit(sound, name, limits)),
            faults.get(name, ""),
        )
        for name in runners
    ]
    return Comparison(tuple(rows), _limit(sound, limits))


def ratios_to_driver(measurements: Sequence[Measurement], name: str) -> list[float]:
    """How many times as long as the driver's run beside it each run took."""
    beside = {
        (m.pair, m.round): m.seconds for m in measurements if m.runner == DRIVER.name
    }
    return [
        m.seconds / beside[m.pair, m.round]
        for m in measurements
        if m.runner == name and (m.pair, m.round) in beside
    ]


def ratios_to_limit(
    measurements: Sequence[Measurement], name: str, limits: dict[int, float]
) -> list[float]:
    """How many times as long as its round's limit each run of a runner took."""
    return [
        m.seconds / limits[m.round]
        for m in measurements
        if m.runner == name and m.round in limits
    ]


def limits_of(measurements: Sequence[Measurement], workers: int) -> dict[int, float]:
    """The limit of each round: one import, then the tests shared out evenly.

    How long the tests take is what unittest takes beyond the import.
    """
    imports = {m.round: m.seconds for m in measurements if m.runner == IMPORT.name}
    return {
        m.round: imports[m.round] + (m.seconds - imports[m.round]) / workers
        for m in measurements
        if m.runner == UNITTEST.name and m.round in imports
    }


def _limit(sound: Sequence[Measurement], limits: dict[int, float]) -> Limit | None:
    if not limits:
        return None
    parts = [
        Spread.of([m.seconds for m in sound if m.runner == part.name])
        for part in (IMPORT, UNITTEST)
    ]
    return Limit(Spread.of(list(limits.values())), *parts)
