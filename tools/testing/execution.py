"""What an interpreter's suite holds, and running one file of it.

The interpreter may be of another release than the driver's: this is what the
writing of goldens and the matrix are built on.  Files are named relative to the
plan's root, with slashes.
"""

from typing import Iterator, Sequence

from tools.testing.engine import Engine
from tools.testing.events import Ended
from tools.testing.jobs import Job
from tools.testing.plan import Plan
from tools.testing.records import ERROR, Listing, Outcome


def list_tests(files: Sequence[str], plan: Plan) -> Listing:
    """Import the files in the plan's interpreter and list their tests.

    A file that crashes or hangs costs only itself.  Without torch nothing is
    listed, and ``listing.torch.error`` says why.  Raises EngineError where the
    interpreter cannot be started.
    """
    with Engine(plan) as engine:
        return engine.load(files)


def run_file(file: str, tests: Sequence[str], plan: Plan) -> Iterator[Outcome]:
    """Run tests (``Class.test``) of a file; yield the outcomes.

    Each test and each leaf sub-test has one, as soon as it ends.  A test that ends
    its process is blamed, and what comes after runs in a fresh one: the tests that
    follow, and of its own sub-tests, if it reads goldens, the others.  Raises
    EngineError where the interpreter cannot be started.  Closing the generator ends
    the interpreter.
    """
    with Engine(plan) as engine:
        error = engine.load([file]).torch.error
        if error:
            for test in tests:
                yield Outcome(file, test, ERROR, message=error)
            return
        names = [(file, test) for test in tests]
        jobs = [Job(names)] if plan.jobs == 1 else [Job([name]) for name in names]
        for event in engine.workers().events(jobs):
            if isinstance(event, Ended):
                yield event.outcome
