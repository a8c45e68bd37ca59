"""What the matrix is made of, as plain data."""

from dataclasses import dataclass, field

from tools.testing.records import (
    ERROR,
    FAILED,
    KNOWN_BREAK,
    PASSED,
    SKIPPED,
    UNEXPECTED_PASS,
    UNPROMISED,
    Outcome,
    is_death,
)

# What the ledger made of an outcome is taken back: a cell holds what happened.
_RAW = {
    KNOWN_BREAK: FAILED,
    UNPROMISED: FAILED,
    ERROR: FAILED,
    UNEXPECTED_PASS: PASSED,
}


@dataclass(frozen=True)
class Target:
    """The goldens that one test reads of one writer.

    ``digest`` is another one after a change to these goldens or to the sources of the
    test; ``cost`` is how many files there are to read.
    """

    file: str
    test: str
    writer: str
    digest: str
    cost: int = 1


@dataclass(frozen=True)
class Reader:
    """A release, or a build (``local``), in the role that reads.

    ``environment`` is another text after any change to what is installed.
    """

    name: str
    environment: str
    facts: dict = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """What happened when a reader read what a writer wrote, in one sub-test.

    ``writer`` is empty where the reader did not get so far as to choose one; then it
    is about all of them.  ``parameters`` are those of the sub-test, without the writer.
    """

    reader: str
    writer: str
    file: str
    test: str
    parameters: tuple[tuple[str, str], ...]
    state: str
    message: str = ""

    @property
    def is_read(self) -> bool:
        """Whether the reader did with the file what the test asks for."""
        return self.state == PASSED

    @property
    def is_broken(self) -> bool:
        """Whether the reader failed, or died."""
        return self.state not in (PASSED, SKIPPED)

    @property
    def is_dead(self) -> bool:
        """Whether the reader's interpreter did not survive."""
        return is_death(self.state)


def cell_of(outcome: Outcome, reader: str) -> Cell:
    """The cell that an outcome of the driver tells of."""
    parameters = dict(outcome.parameters)
    writer = parameters.pop("writer", "")
    state = _RAW.get(outcome.state, outcome.state)
    return Cell(
        reader,
        writer,
        outcome.file,
        outcome.test,
        tuple(parameters.items()),
        state,
        "" if state == PASSED else outcome.message,
    )
