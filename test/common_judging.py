"""Judging what a test finds by the ledger of known breaks (Python 3.7, torch 1.0)."""

import functools
import sys
import unittest
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import torch

from common_golden import GoldenError
from common_ledger import (
    KnownBreak,
    UnexpectedPass,
    cell_name,
    find_break,
    load_ledger,
    one_line,
)
from common_releases import parse_release

_UNREPORTED = {
    "KnownBreak": "known breaks, listed with their causes in test/known_breaks.csv",
    "Unpromised": "goldens of newer releases not read, which no release promises",
}


def identity_of(test: unittest.TestCase) -> str:
    """``Class.test``, however the test's module is called."""
    return f"{type(test).__name__}.{test._testMethodName}"


def _by_stem(rows: Iterable[KnownBreak]) -> Dict[str, List[KnownBreak]]:
    """Rows by what the names begin with that they are about."""
    found: Dict[str, List[KnownBreak]] = {}
    for row in rows:
        found.setdefault(row.stem, []).append(row)
    return found


# Read here, so that forked workers share it: where readers crash there are many.
_LEDGER = _by_stem(load_ledger())


@functools.lru_cache(maxsize=None)
def _rows_near(test: str) -> Tuple[KnownBreak, ...]:
    """The rows that can be about cells of ``Class.test``, in the ledger's order."""
    near = [
        row for stem, rows in _LEDGER.items() if test.startswith(stem) for row in rows
    ]
    return tuple(sorted(near, key=lambda row: row.line))


# Most cells of a name differ in their writers alone.
@functools.lru_cache(maxsize=None)
def _rows_about(test: str, cell: str) -> Tuple[KnownBreak, ...]:
    return tuple(row for row in _rows_near(test) if row.names(cell))


class LedgerMixin:
    """For a TestCase: ``judged`` is where it may fail as the ledger says."""

    _unreported: List[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls._unreported = []

    @classmethod
    def tearDownClass(cls) -> None:
        for kind in sorted(set(cls._unreported)):
            count = cls._unreported.count(kind)
            print(f"{cls.__name__}: {count} {kind}", file=sys.stderr)
        super().tearDownClass()

    @contextmanager
    def judged(
        self, writer: Optional[str] = None, rows: Optional[Iterable[KnownBreak]] = None
    ) -> Iterator[None]:
        """Let the running test or sub-test fail as a row of the ledger says, only so.

        ``writer`` is the release that wrote what is read, by default the running torch;
        of a newer one nothing is promised.  ``rows`` take the place of the ledger.
        Raises UnexpectedPass where a row lists what passes.
        """
        reader = torch.__version__
        writer = reader if writer is None else writer
        promised = parse_release(writer) <= parse_release(reader)
        test = identity_of(self)
        cell = cell_name(test, dict(self._subtest.params) if self._subtest else {})
        rows = _rows_about(test, cell) if rows is None else rows
        row = find_break(rows, cell, writer, reader) if promised else None
        try:
            yield
        except (unittest.SkipTest, GoldenError):
            # A golden that is missing or altered is never a matter of the reader.
            raise
        except Exception as error:
            message = one_line(error)
            if not promised:
                self._report("Unpromised", message)
            elif row is not None and row.expects(message):
                self._report("KnownBreak", message, row)
            else:
                raise
        else:
            if row is not None:
                raise UnexpectedPass(
                    f"known_breaks.csv:{row.line} lists this cell, and it passes; "
                    "remove or narrow the row"
                )

    def _report(self, kind: str, *details: Any) -> None:
        """Tell the result, if it wants to know, of a failure that is no failure."""
        hook = getattr(self._outcome.result, f"add{kind}", None)
        if hook is not None:
            hook(self._subtest or self, *details)
        else:
            type(self)._unreported.append(_UNREPORTED[kind])
