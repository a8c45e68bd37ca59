"""The part of the ledger of known breaks that exported tests need."""

import csv
import fnmatch
from collections.abc import Collection, Iterable

from common_ledger import COLUMNS, KnownBreak

from tools.testing.records import is_death
from tools.upstream.errors import UpstreamError


def check_survived(
    rows: Iterable[KnownBreak], tests: Collection[str], reader: str
) -> None:
    """Raise UpstreamError where one of ``tests`` is known to end its process.

    Our driver goes on after that; what runs tests in a checkout of ``reader`` does not.
    """
    problems = [
        f"{row.test} ends its process with torch {reader} (known_breaks.csv:{row.line}"
        f": {row.message}), which only run_test.py survives; leave its file out with -x"
        for row in rows
        if is_death(row.message.partition(":")[0])
        and reader in row.readers
        and _names_one(row.test, tests)
    ]
    if problems:
        raise UpstreamError(*problems)


def merged_ledger(own: str, there: str | None, tests: Collection[str]) -> str:
    """The text of a checkout's ledger with the rows about ``tests`` (``Class.test``).

    ``own`` is the text of our ledger, ``there`` of the checkout's, None where it has
    none.  Rows there about other tests, of earlier exports, stay; those about these
    tests are replaced by ours.  All come in our order, and then what ours lacks.
    """
    ours, theirs = _rows(own), _rows(there or "")
    kept = [row for row in theirs if not _is_about(row, tests)]
    rows = [row for row in ours if row in kept or _is_about(row, tests)]
    rows += [row for row in kept if row not in ours]
    return "".join(f"{row}\n" for row in (",".join(COLUMNS), *rows))


def _rows(text: str) -> list[str]:
    """The lines that are rows: neither comments nor the heading."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("#")][1:]


def _is_about(row: str, tests: Collection[str]) -> bool:
    return _names_one(next(csv.reader([row]))[0].strip(), tests)


def _names_one(pattern: str, tests: Collection[str]) -> bool:
    # The part before "(" is about the test, the rest about its sub-tests.
    test_pattern = pattern.partition("(")[0]
    return any(fnmatch.fnmatchcase(test, test_pattern) for test in tests)
