"""What became of a test: the states of an outcome, and the outcome itself.

Both sides import this file: the driver as ``tools.testing.records``, the script
that runs in the interpreter under test by its place.  So it imports nothing but
the standard library, and it runs on Python 3.7.
"""

import re
from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

# What the interpreter under test can tell.
PASSED = "passed"
FAILED = "failed"
ERROR = "error"
SKIPPED = "skipped"
KNOWN_BREAK = "known break"
UNEXPECTED_PASS = "unexpected pass"
UNPROMISED = "unpromised"
CHANGED = "changed the environment"
# What only the driver can tell.
CRASHED = "crashed"
TIMED_OUT = "timed out"
OUT_OF_MEMORY = "out of memory limit"
NO_END = "no end record"
STALE_ROW = "stale row"
MISSING = "missing"

MESSAGE_LIMIT = 500  # characters of an error that an outcome tells

SENTENCES = {
    PASSED: "it did what it should",
    FAILED: "a check in the test did not hold",
    ERROR: "an exception that the test does not check for ended it",
    SKIPPED: "it did not run, for the reason given",
    KNOWN_BREAK: "it failed as the ledger of known breaks says",
    UNEXPECTED_PASS: "it passed although it is listed or marked as failing",
    UNPROMISED: "failed on a file that a newer release wrote, which is not promised",
    CHANGED: "it passed, and left its process other than it found it",
    CRASHED: "a signal ended the interpreter while it ran",
    TIMED_OUT: "it gave no sign of life within the time limit",
    OUT_OF_MEMORY: "it was ended because it took more memory than it may",
    NO_END: "the interpreter exited while it ran, without reporting an end",
    STALE_ROW: "a row of the ledger of known breaks describes nothing that happens",
    MISSING: "it was there before, or in another shard, and did not run",
}
_FINE = frozenset((PASSED, SKIPPED, KNOWN_BREAK, UNPROMISED))
_DEATHS = frozenset((CRASHED, TIMED_OUT, OUT_OF_MEMORY, NO_END))

# What running a failed test again tells.
FAILS = "fails"
FLAKY = "flaky"
IN_COMPANY = "fails only in company"

VERDICTS = {
    FAILS: "it fails when it runs alone, too",
    FLAKY: "run again it passes, alone and after the same tests as before",
    IN_COMPANY: "alone it passes; after the tests that ran before it, it fails again",
}


def is_failure(state: str) -> bool:
    """Whether an outcome in this state makes the run fail."""
    return state not in _FINE


def is_death(state: str) -> bool:
    """Whether the interpreter under test did not survive."""
    return state in _DEATHS


_FIXTURE = re.compile(r"(?:setUp|tearDown)(?:Module|Class \((?P<scope>.+)\))")


@dataclass(frozen=True)
class Outcome:
    """What became of one test, or of one sub-test if it has parameters.

    ``test`` is ``Class.test``; ``tearDownClass (Class)`` where a fixture is to
    blame; empty where the file as a whole is.
    """

    file: str
    test: str
    state: str
    parameters: Dict[str, str] = field(default_factory=dict)
    message: str = ""  # one line, "RuntimeError: ..."
    traceback: str = ""  # or what the interpreter printed before it died
    seconds: float = 0.0
    row: Optional[int] = None  # line of the ledger that lists it
    output: str = ""  # the end of what it printed, where it failed
    verdict: str = ""  # what running it again told, where it failed

    @property
    def writer(self) -> Optional[str]:
        """The release that wrote the golden, where there is one."""
        return self.parameters.get("writer")

    @property
    def name(self) -> str:
        """``Class.test (engine=fbgemm, writer=1.3.1)``."""
        values = ", ".join(f"{k}={v}" for k, v in self.parameters.items())
        name = self.test or self.file
        return f"{name} ({values})" if values else name

    @property
    def identity(self) -> str:
        """``test/area/test_x.py::Class.test``, as -i takes it.

        ``file::Class`` where a fixture of the class is to blame, ``file`` where one
        of the module is.
        """
        place = self.test
        fixture = _FIXTURE.fullmatch(place)
        if fixture:
            place = fixture.group("scope") or ""
        return f"{self.file}::{place}" if place else self.file

    def to_json(self) -> dict:
        """The outcome as plain data."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, content: dict) -> "Outcome":
        """The outcome that ``to_json`` made ``content`` of."""
        return cls(**content)


@dataclass(frozen=True)
class TorchInfo:
    """The torch that an interpreter imports, or why there is none."""

    version: str = ""
    git_version: Optional[str] = None
    folder: str = ""
    python: str = ""
    error: str = ""


@dataclass(frozen=True)
class ListedTest:
    """One test; ``defined`` is the file of its class, ``golden`` what it says of
    the goldens that it writes (None: it has none)."""

    file: str
    name: str
    defined: str
    golden: Optional[dict] = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """``test/area/test_x.py::Class.test``, as -i takes it."""
        return f"{self.file}::{self.name}"


@dataclass(frozen=True)
class Listing:
    """The tests of some files, and outcomes for files that cannot be imported."""

    torch: TorchInfo
    tests: Tuple[ListedTest, ...]
    problems: Tuple[Outcome, ...]


@dataclass(frozen=True)
class RunInfo:
    """What a run is about; with its outcomes, all that a report needs."""

    torch: TorchInfo
    root: str
    command: Tuple[str, ...]  # as typed, the interpreter left out
    started: str  # UTC, ISO 8601, to the second
    seed: int = 0
    jobs: int = 1
    start_method: str = "fork"
    shard: Optional[Tuple[int, int]] = None  # the first is 1
    # The identities of all selected tests, those of other shards too.
    selected: Tuple[str, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """What came of a run."""

    info: RunInfo
    outcomes: Tuple[Outcome, ...]
    seconds: float
    exit_code: int
    interrupted: bool = False
    not_run: Tuple[str, ...] = ()  # identities of what was selected and did not end


# Events from the interpreter under test, one JSON object each, key "event".
# A zygote tells on its control socket:
TORCH = "torch"  # torch: as TorchInfo
NO_TORCH = "no torch"  # message, python
READY = "ready"  # obstacle: why it cannot be forked, or None
STARTED = "started"  # worker, pid
EXITED = "exited"  # worker, status: as os.waitpid has it
# A worker tells on its own descriptor:
AT = "at"  # file, test, parameters, printed: what comes next, or goes on
LISTED = "listed"  # file, test, defined, golden
OUTCOME = "outcome"  # outcome, printed: first and last byte of its output
DONE = "done"  # test: nothing more will come of it
IDLE = "idle"  # the job is done, and it waits for another
RETIRED = "retired"  # its process is unfit for the tests that are left
END = "end"  # it is about to exit, as it should
