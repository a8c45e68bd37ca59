"""Running failed tests again: do they fail, are they flaky, or is it the company?"""

from dataclasses import replace
from typing import (
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Sequence,
    Set,
    Tuple,
)

from tools.testing.jobs import Job, Test
from tools.testing.records import (
    FAILS,
    FLAKY,
    IN_COMPANY,
    MISSING,
    STALE_ROW,
    Outcome,
    is_failure,
)
from tools.testing.running import Ended

MOST_TESTS = 50  # are run again; where more fail, something else is wrong

_Cell = Tuple[Test, FrozenSet]  # a test, and the parameters of a sub-test
RunJobs = Callable[[Sequence[Job]], Iterable[Ended]]


def find_verdicts(
    failures: Dict[Test, Tuple[Test, ...]], run: RunJobs, reruns: int
) -> "Verdicts":
    """Run the failed tests again, at most ``reruns`` times alone.

    ``failures`` has for each what ran before it in its process; ``run`` runs jobs
    and yields the outcomes.  What fails alone each time *fails*.  What passes alone
    runs once more after the same tests as before: if it fails again it *fails only
    in company*.  The rest is *flaky*.
    """
    tests = list(failures)[:MOST_TESTS]
    rounds = [_failing(run(_alone(tests))) for _ in range(reruns)]
    passing = [
        test for test in tests if not any(_holds(round, test) for round in rounds)
    ]
    company = _failing(run(_in_company(passing, failures))) if passing else set()
    return Verdicts(frozenset(tests), rounds, company)


def can_run_again(outcome: Outcome) -> bool:
    """Whether an outcome is a failure of a test, and not of a fixture or a file."""
    is_test = "." in outcome.test and "(" not in outcome.test
    about_runs = outcome.state not in (STALE_ROW, MISSING)
    return is_failure(outcome.state) and about_runs and is_test


class Verdicts:
    """What running failed tests again told."""

    def __init__(
        self, tests: FrozenSet[Test], rounds: List[Set[_Cell]], company: Set[_Cell]
    ):
        self._tests = tests
        self._rounds = rounds
        self._company = company

    def apply(self, outcome: Outcome) -> Outcome:
        """The outcome with its verdict, if there is one."""
        test = outcome.file, outcome.test
        if test not in self._tests or not can_run_again(outcome):
            return outcome
        cell = _cell(outcome)
        alone = [cell in failing for failing in self._rounds]
        if all(alone):
            return replace(outcome, verdict=FAILS)
        if not any(alone) and cell in self._company:
            return replace(outcome, verdict=IN_COMPANY)
        return replace(outcome, verdict=FLAKY)


def _alone(tests: Sequence[Test]) -> List[Job]:
    return [Job([test], fresh=True, bare=True) for test in tests]


def _in_company(
    tests: Sequence[Test], company: Dict[Test, Tuple[Test, ...]]
) -> List[Job]:
    return [
        Job([*company[test], test], fresh=True, muted=company[test]) for test in tests
    ]


def _failing(ended: Iterable[Ended]) -> Set[_Cell]:
    return {_cell(each.outcome) for each in ended if is_failure(each.outcome.state)}


def _cell(outcome: Outcome) -> _Cell:
    return (outcome.file, outcome.test), frozenset(outcome.parameters.items())


def _holds(failing: Set[_Cell], test: Test) -> bool:
    return any(each == test for each, _ in failing)
