"""Which tests run together in one process, and which process comes first.

Workers pull the next batch when they are free, longest first.  A batch costs the
start of its process.  So batches are large at first, where that costs nothing, and
small towards the end, where it lets the workers end together.
"""

import heapq
from dataclasses import dataclass
from itertools import accumulate
from typing import Dict, List, Mapping, Sequence, Tuple

from tools.testing.plan import BATCH, TEST
from tools.testing.records import ListedTest

FORK_SECONDS = 0.01  # to start a process where torch is imported already
DEFAULT_SECONDS = 0.05  # for a test of which nothing is known
LEAST_SECONDS = 0.001  # for each test, were it to take no time at all

START_SHARE = 0.05  # of a worker's time may go into starting processes
WORTH_STARTS = 3  # a batch that is made to share work takes that many starts
LONG_SHARE = 1 / 16  # of a worker's time: a test that takes longer is alone
SNAP_SHARE = 0.1  # of a batch may be left to the next one, to keep a class together
# The most batches for each worker where nothing is known, and for a single worker.
EVEN_BATCHES = 8
SINGLE_BATCHES = 4


@dataclass(frozen=True)
class Batch:
    """Tests that one process runs in this order, and the seconds they may take."""

    tests: Tuple[ListedTest, ...]
    seconds: float


def make_batches(
    tests: Sequence[ListedTest],
    durations: Mapping[str, float],
    jobs: int,
    isolate: str = BATCH,
    start_seconds: float = FORK_SECONDS,
) -> List[Batch]:
    """The tests in batches for ``jobs`` workers, in the order to start them.

    That is the longest first; for a single worker, the order given.  ``durations``
    are seconds by identity, as far as they are known.  Tests of a class stay
    together and in order where that costs no time.  ``isolate`` is BATCH, or TEST
    for a process for each test.  ``start_seconds`` is what the start of a process
    takes.  Equal arguments give equal batches.
    """
    seconds = estimates(tests, durations)
    if isolate == TEST:
        groups = [[index] for index in range(len(tests))]
    elif jobs == 1 or not any(test.identity in durations for test in tests):
        most = SINGLE_BATCHES if jobs == 1 else EVEN_BATCHES
        gaps = _gaps([0.0] * jobs, sum(seconds), start_seconds)
        sizes = [size for gap in gaps for size in _even(gap, start_seconds, most)]
        groups = _cut(tests, seconds, range(len(tests)), sizes)
    else:
        groups = _group(tests, seconds, jobs, start_seconds)
    batches = [
        Batch(tuple(tests[i] for i in group), sum(seconds[i] for i in group))
        for group in groups
    ]
    if jobs > 1:
        batches.sort(key=lambda batch: -batch.seconds)
    return batches


def estimates(
    tests: Sequence[ListedTest], durations: Mapping[str, float]
) -> List[float]:
    """The seconds that each test may take.

    For one that is not in ``durations`` it is the median of its class there, or of
    its file, or DEFAULT_SECONDS: it hangs on nothing but the test and ``durations``.
    """
    groups: Dict[str, List[float]] = {}
    for identity, seconds in durations.items():
        for group in _around(identity):
            groups.setdefault(group, []).append(seconds)
    medians = {name: sorted(group)[len(group) // 2] for name, group in groups.items()}

    def estimate(identity: str) -> float:
        of_class, file = _around(identity)
        guess = medians.get(of_class, medians.get(file, DEFAULT_SECONDS))
        return max(LEAST_SECONDS, durations.get(identity, guess))

    return [estimate(test.identity) for test in tests]


def _around(identity: str) -> Tuple[str, str]:
    """The class and the file of a test: ``file::Class`` and ``file``."""
    return identity.rpartition(".")[0], identity.partition("::")[0]


def _group(
    tests: Sequence[ListedTest], seconds: Sequence[float], jobs: int, start: float
) -> List[List[int]]:
    """Long tests alone; the others fill up what those leave to each worker."""
    share = sum(seconds) / jobs
    long = min(share / 2, max(share * LONG_SHARE, start / START_SHARE))
    long = max(long, start * WORTH_STARTS)
    alone = [index for index, each in enumerate(seconds) if each >= long]
    others = [index for index, each in enumerate(seconds) if each < long]
    loads = [0.0] * jobs
    for each in sorted((seconds[index] for index in alone), reverse=True):
        heapq.heapreplace(loads, loads[0] + each)
    gaps = _gaps(loads, sum(seconds[index] for index in others), start)
    sizes = [size for gap in gaps for size in _halves(gap, start)]
    groups = _cut(tests, seconds, others, sizes)
    return [[index] for index in alone] + groups


def _gaps(loads: Sequence[float], seconds: float, start: float) -> List[float]:
    """What each worker gets of so many more seconds, that all may end together.

    ``loads`` are the seconds they have already.  Some get nothing: those that have
    too much, and those that are not worth starting.
    """
    loads = sorted(loads)
    while True:
        level = (seconds + sum(loads)) / len(loads)
        if len(loads) == 1 or level - loads[-1] >= WORTH_STARTS * start:
            return [level - load for load in loads]
        loads.pop()


def _halves(seconds: float, start: float) -> List[float]:
    """A worker's time in batches: first half of it, then half of the rest, ..."""
    most = seconds * START_SHARE / start
    sizes = []
    while len(sizes) + 2 <= most and seconds / 2 >= WORTH_STARTS * start:
        seconds /= 2
        sizes.append(seconds)
    return sizes + [seconds]


def _even(seconds: float, start: float, most: int) -> List[float]:
    """A worker's time in equal batches: if estimates are wrong, sharing evens out."""
    count = max(1, min(most, int(seconds * START_SHARE / start)))
    return [seconds / count] * count


def _cut(
    tests: Sequence[ListedTest],
    seconds: Sequence[float],
    indices: Sequence[int],
    sizes: Sequence[float],
) -> List[List[int]]:
    """Cut a row of tests, in order, into groups of about these sizes."""
    ends, last = list(accumulate(sizes)), len(sizes) - 1
    groups: List[List[int]] = []
    total, number, of_class = 0.0, 0, None
    for index in indices:
        half = seconds[index] / 2
        slack = half
        if _around(tests[index].identity)[0] != of_class:
            slack = max(half, SNAP_SHARE * sizes[number])
        if not groups:
            groups.append([])
        elif number < last and total + slack > ends[number]:
            groups.append([])
            number += 1
            # A test may take the time of several groups.
            while number < last and total + half > ends[number]:
                number += 1
        groups[-1].append(index)
        total += seconds[index]
        of_class = _around(tests[index].identity)[0]
    return groups
