"""The driver's part in the ledger of known breaks.

The suite itself applies the ledger to exceptions.  What only the driver sees is a
crash that a row lists, and a row that nothing needs any more.
"""

import fnmatch
import os
from dataclasses import replace
from typing import Iterable, List, Optional, Sequence, Tuple

from common_ledger import LEDGER_PATH, KnownBreak, cell_name, load_ledger
from common_releases import parse_release

from tools.testing.discovery import folder_of_tests
from tools.testing.records import (
    KNOWN_BREAK,
    SKIPPED,
    STALE_ROW,
    UNPROMISED,
    ListedTest,
    Outcome,
    is_death,
    is_failure,
)


def rows_of(root: str) -> Tuple[KnownBreak, ...]:
    """The ledger of a tree; another tree than ours need not have one.

    Raises LedgerError.
    """
    path = os.path.join(folder_of_tests(root), os.path.basename(LEDGER_PATH))
    if path != LEDGER_PATH and not os.path.exists(path):
        return ()
    return load_ledger(path)


def apply_ledger(outcome: Outcome, rows: Iterable[KnownBreak], reader: str) -> Outcome:
    """What a death comes to: a known break where a row lists it, unpromised where a
    newer release wrote the file, and else what it is."""
    if not is_death(outcome.state) or outcome.writer is None:
        return outcome
    if parse_release(outcome.writer) > parse_release(reader):
        return replace(outcome, state=UNPROMISED)
    for row in rows:
        if _lists(row, outcome, reader) and row.expects(outcome.message):
            return replace(outcome, state=KNOWN_BREAK, row=row.line)
    return outcome


def stale_rows(
    rows: Iterable[KnownBreak],
    suite: Optional[Sequence[ListedTest]],
    finished: Iterable[ListedTest],
    outcomes: Sequence[Outcome],
    reader: str,
    ledger: str,
) -> List[Outcome]:
    """A failure for each row about this reader that describes nothing.

    Only rows whose tests all ran to their end can be judged: the ``finished`` ones
    of the ``suite``, which is every test there is, None where that is not known.
    ``ledger`` names the file.
    """
    if suite is None:
        return []
    finished = set(finished)
    stale = []
    for row in rows:
        if reader not in row.readers:
            continue
        about = [test for test in suite if _is_about(row, test)]
        if not about:
            stale.append(_stale(row, ledger, "no test of the suite is named so"))
        elif finished.issuperset(about) and not any(
            outcome.row == row.line or _may_hide(row, outcome) for outcome in outcomes
        ):
            stale.append(_stale(row, ledger, "no cell of it failed so"))
    return stale


def _is_about(row: KnownBreak, test: ListedTest) -> bool:
    # The part before "(" is about the test, the rest about its sub-tests.
    return fnmatch.fnmatchcase(test.name, row.test.partition("(")[0])


def _lists(row: KnownBreak, outcome: Outcome, reader: str) -> bool:
    cell = cell_name(outcome.test, outcome.parameters)
    return row.lists(cell, outcome.writer, reader)


def _may_hide(row: KnownBreak, outcome: Outcome) -> bool:
    """Whether the outcome, a failure or a skip, is of a cell that the row is about,
    or stands in the place of such cells.  A failure is told of anyway."""
    if outcome.state != SKIPPED and not is_failure(outcome.state):
        return False
    test = row.test.partition("(")[0]
    if not fnmatch.fnmatchcase(outcome.test, test):
        return False
    if outcome.writer is not None and outcome.writer not in row.writers:
        return False
    cell = cell_name(outcome.test, outcome.parameters)
    return cell == outcome.test or fnmatch.fnmatchcase(cell, row.test)


def _stale(row: KnownBreak, ledger: str, reason: str) -> Outcome:
    return Outcome(
        file=ledger,
        test=f"{os.path.basename(ledger)}:{row.line}",
        state=STALE_ROW,
        message=(
            f"{row.test}: {reason}, with writers {row.writers}, readers "
            f"{row.readers}; remove the row, or correct its test, writers or readers"
        ),
        row=row.line,
    )
