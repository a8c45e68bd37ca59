"""Running failed tests again: do they fail, are they flaky, or is it the company?"""

from typing import (
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
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

MOST_TESTS = 50  # are run again; where more fail, something else is wrong

Cell = Tuple[Test, FrozenSet]  # a test, and the parameters of a sub-test
RunJobs = Callable[[Sequence[Job]], Iterable[Outcome]]


def find_verdicts(
    failures: Mapping[Cell, Sequence[Test]], run: RunJobs, reruns: int
) -> Dict[Cell, str]:
    """Run failed tests again, ``reruns`` times alone; a verdict for each failure.

    ``failures`` has for each what ran before it in its process; ``run`` runs jobs
    and yields the outcomes.  What fails alone each time *fails*.  What passes alone
    each time runs once more after the same tests as before: if it fails again it
    *fails only in company*.  The rest is *flaky*.
    """
    tests = list(dict.fromkeys(test for test, _ in failures))[:MOST_TESTS]
    judged = [cell for cell in failures if cell[0] in set(tests)]
    rounds = [_failing(run(_alone(tests))) for _ in range(reruns)]
    passing = [cell for cell in judged if not any(cell in each for each in rounds)]
    company: Dict[Test, Sequence[Test]] = {}
    for cell in passing:
        company.setdefault(cell[0], failures[cell])
    in_company = _failing(run(_in_company(company))) if company else set()
    verdicts = dict.fromkeys(judged, FLAKY)
    for cell in judged:
        if all(cell in each for each in rounds):
            verdicts[cell] = FAILS
        elif cell in passing and cell in in_company:
            verdicts[cell] = IN_COMPANY
    return verdicts


def can_run_again(outcome: Outcome) -> bool:
    """Whether an outcome is a failure of a test, and not of a fixture or a file."""
    is_test = "." in outcome.test and "(" not in outcome.test
    about_runs = outcome.state not in (STALE_ROW, MISSING)
    return is_failure(outcome.state) and about_runs and is_test


def cell_of(outcome: Outcome) -> Cell:
    """What the outcome is about, to be found again in another run."""
    return (outcome.file, outcome.test), frozenset(outcome.parameters.items())


def _alone(tests: Sequence[Test]) -> List[Job]:
    return [Job([test], fresh=True, bare=True) for test in tests]


def _in_company(company: Mapping[Test, Sequence[Test]]) -> List[Job]:
    return [
        Job([*before, test], fresh=True, muted=before)
        for test, before in company.items()
    ]


def _failing(outcomes: Iterable[Outcome]) -> Set[Cell]:
    return {cell_of(outcome) for outcome in outcomes if is_failure(outcome.state)}
