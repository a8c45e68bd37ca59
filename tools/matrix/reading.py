"""Reading one unit of work under one release.

This is what an executor runs, in a thread here or in another process elsewhere: it
takes and returns plain data, and needs nothing but this project.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools import ROOT
from tools.golden.environments import Environment
from tools.matrix.packing import unpack
from tools.matrix.readers import environment_of
from tools.testing.engine import Engine
from tools.testing.events import Ended
from tools.testing.jobs import Job
from tools.testing.plan import Plan
from tools.testing.records import SKIPPED, Listing, Outcome

TIMEOUT_SECONDS = 60.0  # for one sub-test; an old release may hang on a newer file

NO_TEST = "with torch {} the file has no such test"

Test = tuple[str, str]  # file, Class.test


@dataclass(frozen=True)
class Unit:
    """Tests that one reader reads, of a range of writers.

    ``files`` is empty where this project's own goldens are read; else they are in it,
    as ``packing.pack`` made it.
    """

    reader: str
    writers: str
    tests: tuple[Test, ...]
    quick: bool = False
    files: bytes = b""

    @property
    def test_files(self) -> tuple[str, ...]:
        """The files of the tests, each once."""
        return tuple(dict.fromkeys(file for file, _ in self.tests))


@dataclass(frozen=True)
class UnitResult:
    """What came of a unit; ``seconds`` by what they were spent on."""

    outcomes: tuple[Outcome, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str | None] = field(default_factory=dict)


class ReaderError(Exception):
    """The reader is of no use: its environment cannot be made, or has no torch."""


class Stopped(Exception):
    """The work was called off."""


# Set to call off all units of this process.
stop = threading.Event()


def read_unit(unit: Unit) -> UnitResult:
    """Read the unit; its outcomes, where a death costs one sub-test.

    Raises GoldenToolError or ReaderError where the reader cannot be used, and Stopped.
    """
    if stop.is_set():
        raise Stopped
    begin = time.monotonic()
    with environment_of(unit.reader) as environment, _root_of(unit) as root:
        installed = time.monotonic()
        plan = Plan(
            root=root,
            python=str(environment.python),
            timeout=TIMEOUT_SECONDS,
            writers=unit.writers,
            quick=unit.quick,
        )
        with Engine(plan) as engine:
            listing = engine.load(unit.test_files)
            if listing.torch.error:
                raise ReaderError(f"torch {unit.reader}: {listing.torch.error}")
            imported = time.monotonic()
            outcomes = tuple(_outcomes(unit, engine, listing))
    return UnitResult(
        outcomes,
        {
            "installing": installed - begin,
            "importing": imported - installed,
            "reading": time.monotonic() - imported,
        },
        _facts(environment, listing),
    )


def _outcomes(unit: Unit, engine: Engine, listing: Listing) -> Iterator[Outcome]:
    listed = {(test.file, test.name) for test in listing.tests}
    problems = {problem.file: problem for problem in listing.problems}
    jobs: dict[str, list[Test]] = {}
    for file, test in unit.tests:
        if (file, test) in listed:
            jobs.setdefault(file, []).append((file, test))
        else:
            problem = problems.get(file)
            # Some files make their tests of what torch has.
            state = problem.state if problem else SKIPPED
            message = problem.message if problem else NO_TEST.format(unit.reader)
            yield Outcome(file, test, state, message=message)
    for event in engine.workers().events([Job(tests) for tests in jobs.values()]):
        if stop.is_set():
            raise Stopped
        if isinstance(event, Ended):
            yield event.outcome


@contextmanager
def _root_of(unit: Unit) -> Iterator[str]:
    """The folder whose ``test/`` is read."""
    if not unit.files:
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="torch-matrix-") as folder:
        unpack(unit.files, folder)
        yield folder


def _facts(environment: Environment, listing: Listing) -> dict[str, str | None]:
    return {
        "torch": listing.torch.version,
        "git": listing.torch.git_version,
        "python": listing.torch.python,
        "wheel": environment.wheel,
        "wheel_sha256": environment.wheel_sha256,
    }
