"""The ledger of known breaks, ``known_breaks.csv`` (Python 3.7, no torch).

One row a break, with the columns of ``COLUMNS``:

    test       glob over ``Class.test``, or over ``Class.test(engine=fbgemm)``
               where the sub-test has parameters besides its writer
    writers    range of releases that wrote the golden (``1.3.1..1.5.1``, ``*``)
    readers    range of releases that fail to read it
    message    how the error begins, on one line: ``RuntimeError: version_ <=``, or
               ``crashed: SIGSEGV``; ``*`` stands for any text
    cause      one sentence
    reference  PyTorch issue, pull request, release note or source file

Lines that begin with ``#`` are comments.  A listed cell must fail, and with
that message; a row that no cell of a run needed is stale and fails the run.
"""

import csv
import fnmatch
import os
import re
from dataclasses import dataclass
from typing import Iterable, Optional, Tuple

from common_releases import ReleaseRange

COLUMNS = ("test", "writers", "readers", "message", "cause", "reference")
LEDGER_PATH = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "known_breaks.csv"
)


class LedgerError(ValueError):
    """The ledger cannot be used; the message names file, line and remedy."""


class UnexpectedPass(AssertionError):
    """A cell passed although the ledger lists it."""


@dataclass(frozen=True)
class KnownBreak:
    """One row of the ledger; ``line`` is its line number in the file."""

    test: str
    writers: ReleaseRange
    readers: ReleaseRange
    message: str
    cause: str
    reference: str
    line: int

    @property
    def stem(self) -> str:
        """What the name of each of its tests begins with."""
        return re.split(r"[*?[(]", self.test, maxsplit=1)[0]

    def names(self, cell: str) -> bool:
        """Whether the row is about cells of this name."""
        return fnmatch.fnmatchcase(cell, self.test)

    def lists(self, cell: str, writer: str, reader: str) -> bool:
        """Whether the row is about this cell."""
        return self.names(cell) and writer in self.writers and reader in self.readers

    def expects(self, message: str) -> bool:
        """Whether an error, as ``one_line`` gives it, is the one that is listed."""
        pattern = ".*".join(re.escape(part) for part in self.message.split("*"))
        return re.match(pattern, message) is not None


def one_line(error: BaseException) -> str:
    """``Type: message``, with every run of white space made one blank."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def cell_name(test: str, parameters: dict) -> str:
    """``Class.test``, with the sub-test's parameters other than the writer."""
    others = [f"{k}={v}" for k, v in sorted(parameters.items()) if k != "writer"]
    return test + ("({})".format(", ".join(others)) if others else "")


def load_ledger(path: str = LEDGER_PATH) -> Tuple[KnownBreak, ...]:
    """The rows of the ledger.  Raises LedgerError for a file that breaks its rules."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path}: cannot be read ({error}); restore it") from error
    numbered = [
        (number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]
    if not numbered or tuple(next(csv.reader([numbered[0][1]]))) != COLUMNS:
        raise LedgerError(f"{path}: the first row must be {','.join(COLUMNS)}")
    return tuple(_parse_row(path, number, line) for number, line in numbered[1:])


def _parse_row(path: str, number: int, line: str) -> KnownBreak:
    fields = [field.strip() for field in next(csv.reader([line]))]
    if len(fields) != len(COLUMNS):
        raise LedgerError(
            f"{path}:{number}: {len(fields)} columns, expected {len(COLUMNS)} "
            "(quote a field that contains a comma)"
        )
    row = dict(zip(COLUMNS, fields))
    empty = [name for name in COLUMNS if not row[name]]
    if empty:
        raise LedgerError(f"{path}:{number}: empty {', '.join(empty)}; fill it in")
    try:
        writers = ReleaseRange.parse(row["writers"])
        readers = ReleaseRange.parse(row["readers"])
    except ValueError as error:
        raise LedgerError(f"{path}:{number}: {error}") from error
    return KnownBreak(
        row["test"], writers, readers, row["message"], row["cause"], row["reference"],
        number,
    )  # fmt: skip


def find_break(
    rows: Iterable[KnownBreak], cell: str, writer: str, reader: str
) -> Optional[KnownBreak]:
    """The first row about this cell, or None."""
    for row in rows:
        if row.lists(cell, writer, reader):
            return row
    return None
