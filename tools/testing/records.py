"""What became of a test: the states of an outcome, and the outcome itself.

Both sides import this file: the driver as ``tools.testing.records``, the script
that runs in the interpreter under test by its place.  So it imports nothing but
the standard library, and it runs on Python 3.7.
"""

from dataclasses import asdict, dataclass, field
from typing import Dict, Optional

# What the interpreter under test can tell.
PASSED = "passed"
FAILED = "failed"
ERROR = "error"
SKIPPED = "skipped"
KNOWN_BREAK = "known break"
UNEXPECTED_PASS = "unexpected pass"
UNPROMISED = "unpromised"
# What only the driver can tell.
CRASHED = "crashed"
TIMED_OUT = "timed out"
NO_END = "no end record"
STALE_ROW = "stale row"

SENTENCES = {
    PASSED: "it did what it should",
    FAILED: "a check in the test did not hold",
    ERROR: "an exception that the test does not check for ended it",
    SKIPPED: "it did not run, for the reason given",
    KNOWN_BREAK: "it failed as the ledger of known breaks says",
    UNEXPECTED_PASS: "it passed although it is listed or marked as failing",
    UNPROMISED: "failed on a file that a newer release wrote, which is not promised",
    CRASHED: "a signal ended the interpreter while it ran",
    TIMED_OUT: "it gave no sign of life within the time limit",
    NO_END: "the interpreter exited while it ran, without reporting an end",
    STALE_ROW: "a row of the ledger of known breaks describes nothing that happens",
}
_FINE = frozenset((PASSED, SKIPPED, KNOWN_BREAK, UNPROMISED))
_DEATHS = frozenset((CRASHED, TIMED_OUT, NO_END))


def is_failure(state: str) -> bool:
    """Whether an outcome in this state makes the run fail."""
    return state not in _FINE


def is_death(state: str) -> bool:
    """Whether the interpreter under test did not survive."""
    return state in _DEATHS


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

    def to_json(self) -> dict:
        """The outcome as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict) -> "Outcome":
        """The outcome that ``to_json`` made ``content`` of."""
        return cls(**content)


# Events on the child's descriptor, one JSON object a line, key "event".
TORCH = "torch"  # torch: version, git_version, folder, python
NO_TORCH = "no torch"  # message, python
AT = "at"  # file, test, parameters: what comes next, or goes on
LISTED = "listed"  # file, test, defined, golden
OUTCOME = "outcome"  # outcome
DONE = "done"  # test: nothing more will come of it
END = "end"  # the child did all that it was asked for
DEATH = "death"  # state, message: from the driver, where no end came
