"""A session whose workers do not tell all that they should."""

import contextlib
import io
import os
import tempfile
import unittest
from types import SimpleNamespace
from typing import Iterator, Sequence, Tuple
from unittest import mock

from tools.test.reporter_case import FILE, TORCH, listed, outcome
from tools.testing.events import Ended, Event, Finished
from tools.testing.found import Found
from tools.testing.history import History
from tools.testing.interruption import Interruption
from tools.testing.options import Options
from tools.testing.plan import FORK, Plan
from tools.testing.records import FAILED, PASSED, Listing
from tools.testing.selection import Selection
from tools.testing.session import Session


class StandIn:
    """Workers that tell these events, whatever they are asked to run."""

    def __init__(self, *told: Event):
        self._told = told

    def events(self, jobs: Sequence) -> Iterator[Event]:
        yield from self._told if jobs else ()

    def interrupt(self, at_once: bool) -> None:
        """They have nothing to end."""


class TestSession(unittest.TestCase):
    """What a session makes of it."""

    def setUp(self) -> None:
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        change = mock.patch.dict(os.environ, TORCH_TEST_CACHE=cache.name)
        change.start()
        self.addCleanup(change.stop)

    def run_session(self, *told: Event, **options) -> Tuple[int, str]:
        """Exit code and output of a session with the tests a and b."""
        tests = tuple(listed("TestA.test_a", "TestA.test_b"))
        workers = StandIn(*told)
        engine = SimpleNamespace(
            plan=Plan(),
            start_method=FORK,
            note="",
            workers=lambda: workers,
            unload=lambda: None,
        )
        listing = Listing(TORCH, tests, ())
        found = Found((FILE,), (FILE,), "", listing, Selection(tests, ()), ())
        given = Options(reruns=0, **options)
        history = History(given.root, TORCH)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            session = Session(given, engine, history, found, Interruption())
            return session.run(), out.getvalue()

    def test_error(self) -> None:
        """Whatever happens, the terminal is left as it was."""
        with mock.patch("tools.testing.session.Reporter") as reporter:
            with self.assertRaises(AttributeError):
                self.run_session(Ended(0, None))

        reporter.return_value.close.assert_called_once_with()

    def test_nothing_told(self) -> None:
        """A test of which nothing is heard keeps the run from being green."""
        code, told = self.run_session(
            Ended(0, outcome(PASSED)), Finished(0, f"{FILE}::TestA.test_a")
        )

        self.assertEqual(1, code)
        self.assertIn("\nincomplete: 1 of 2 tests ran\n", told)

    def test_fail_fast(self) -> None:
        """A failed test has run, though its process was ended before it said so."""
        code, told = self.run_session(Ended(0, outcome(FAILED)), fail_fast=True)

        self.assertEqual(1, code)
        self.assertIn("\nstopped at the first failure: 1 of 2 tests ran\n", told)

    def test_fail_fast_in_a_subtest(self) -> None:
        """A test with a failed sub-test has not run to its end."""
        failed = outcome(FAILED, parameters={"writer": "1.3.1"})

        code, told = self.run_session(Ended(0, failed), fail_fast=True)

        self.assertEqual(1, code)
        self.assertIn("\nstopped at the first failure: 0 of 2 tests ran\n", told)


if __name__ == "__main__":
    unittest.main()
