"""Ctrl-C, SIGTERM and SIGKILL of the driver, at any time of a run."""

import os
import pty
import signal
import subprocess
import sys
import time
import unittest
from typing import Callable, Tuple
from unittest import mock
from xml.etree import ElementTree

from tools.test.driver_case import FILE
from tools.test.run_case import STUBBORN, RunCase
from tools.testing.engine import Engine
from tools.testing.events import Finished
from tools.testing.jobs import Job
from tools.testing.listening import Listener
from tools.testing.records import RunResult

MOST_SECONDS = 5  # from a signal to the end of the run; 2 on a machine with time
SUITE = """
    class TestA(TestCase):
        def test_1(self): pass
        def test_2(self):
            with self.subTest(writer="1.0.1"): pass
            with self.subTest(writer="1.1.0"): hang()
        def test_3(self): pass
"""
PATIENT = """
import sys
from tools.testing import main, running
running.LAST_CHANCE_SECONDS = 60
sys.exit(main.main())
"""


class InterruptionCase(RunCase):
    """A run that a signal ends."""

    def end(self, run: subprocess.Popen, *numbers: int) -> Tuple[str, str]:
        """Send signals to a run, which must end soon; what it printed."""
        began = time.monotonic()
        for number in numbers:
            run.send_signal(number)
            time.sleep(0.1)
        printed = run.communicate(timeout=MOST_SECONDS)
        self.assertLess(time.monotonic() - began, MOST_SECONDS)
        return printed


class TestInterruption(InterruptionCase):
    """A run ends when it is asked to, tells what it has, and leaves nothing."""

    def assertInterrupted(self, printed: str, code: int) -> RunResult:
        """Fail unless a run of SUITE with one worker ended in its second test."""
        result = self.result()
        self.assertTrue(result.interrupted)
        self.assertEqual(code, result.exit_code)
        self.assertEqual(
            [("TestA.test_1", "passed"), ("TestA.test_2 (writer=1.0.1)", "passed")],
            [(outcome.name, outcome.state) for outcome in result.outcomes],
        )
        self.assertEqual(
            ("test/test_suite.py::TestA.test_2", "test/test_suite.py::TestA.test_3"),
            result.not_run,
        )
        self.assertEqual(
            ["interrupted: 1 of 3 tests ran", "2 passed, 0 failed, 0 skipped"],
            printed.splitlines()[-2:],
        )
        return result

    def test_polite_end(self) -> None:
        """What has ended is reported, what was interrupted counts as not run, and no
        process and no file is left."""
        self.suite(SUITE)
        for number, code in (signal.SIGINT, 130), (signal.SIGTERM, 143):
            with self.subTest(signal.Signals(number).name):
                arguments = ("-j", "1", "--save-xml", self.path("out.xml"))
                with self.hanging(*arguments) as run:
                    printed, errors = self.end(run, number)

                    self.assertEqual((code, ""), (run.returncode, errors))
                    self.assertInterrupted(printed, code)
                    suites = ElementTree.parse(self.path("out.xml")).getroot()
                    self.assertEqual(4, len(list(suites.iter("testcase"))))
                    self.assertNothingLeft()

    def test_at_once(self) -> None:
        """A second signal ends a test at once that refuses the first."""
        self.suite(STUBBORN)
        # One signal would give it a minute.
        self.script = ["-c", PATIENT]
        with self.hanging("-j", "1") as run:
            self.end(run, signal.SIGINT, signal.SIGINT)

            self.assertEqual(130, run.returncode)
            self.assertEqual(2, len(self.result().not_run))
            self.assertNothingLeft()

    def test_stubborn_test(self) -> None:
        """After one signal a test that refuses it is ended, too."""
        self.suite(STUBBORN)
        with self.hanging("-j", "1") as run:
            self.end(run, signal.SIGINT)

            self.assertEqual(130, run.returncode)
            self.assertNothingLeft()

    def test_all_workers(self) -> None:
        """Each worker's test ends; those that wait do not begin."""
        self.suite("""
            class TestA(TestCase):
                def test_1(self): hang("hangs1")
                def test_2(self): hang("hangs2")
                def test_3(self): hang("hangs3")
        """)
        with self.started("-j", "2", "--isolate", "test") as run:
            self.wait_for_file("hangs1")
            self.wait_for_file("hangs2")

            self.end(run, signal.SIGINT)

            self.assertEqual(3, len(self.result().not_run))
            self.assertFalse(os.path.exists(self.path("hangs3")))
            self.assertNothingLeft()

    def test_while_tests_run_again(self) -> None:
        """A signal while failed tests run again leaves their outcomes as they are."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    if count("runs") == 2: hang()
                    self.fail("it does")
        """)
        with self.hanging() as run:
            self.end(run, signal.SIGINT)

            self.assertEqual(130, run.returncode)
            (outcome,) = self.result().outcomes
            self.assertEqual(("failed", ""), (outcome.state, outcome.verdict))
            self.assertEqual((), self.result().not_run)
            self.assertNothingLeft()

    def test_before_tests_run(self) -> None:
        """While torch or a test file is imported the run ends as soon."""
        for place in "torch", "file":
            for number, code in (signal.SIGINT, 130), (signal.SIGTERM, 143):
                with self.subTest(place, signal=number):
                    self.hang_while(place)
                    with self.hanging() as run:
                        printed, errors = self.end(run, number)

                        self.assertEqual((code, ""), (run.returncode, printed))
                        told = "error: interrupted before any test ran\n"
                        self.assertEqual(told, errors)
                        self.assertNothingLeft()

    def test_impatience_before_tests_run(self) -> None:
        """More signals while it cleans up change nothing."""
        self.hang_while("torch")
        with self.hanging() as run:
            _, errors = self.end(run, *[signal.SIGINT] * 3)

            self.assertEqual("error: interrupted before any test ran\n", errors)
            self.assertEqual(130, run.returncode)
            self.assertNothingLeft()

    def test_background_job(self) -> None:
        """A run that was started to ignore SIGINT ignores it."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    touch("waits")
                    while not exists("go"): time.sleep(0.02)
        """)

        def ignore() -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

        with self.started(preexec_fn=ignore) as run:
            self.wait_for_file("waits")

            run.send_signal(signal.SIGINT)
            time.sleep(0.2)
            self.write("go", "")
            printed, errors = run.communicate()

        self.assertEqual((0, ""), (run.returncode, errors))
        self.assertIn("1 passed, 0 failed, 0 skipped", printed)

    def test_terminal(self) -> None:
        """Ctrl-C in a terminal ends the run as the signal does, and shows the cursor
        that the live display has hidden."""
        self.suite(SUITE)
        self.env["TERM"] = "xterm"
        terminal, theirs = pty.openpty()
        self.addCleanup(os.close, terminal)
        take_it = [sys.executable, "-c", TAKE_TERMINAL]
        run = subprocess.Popen(
            [*take_it, *self.command("-j", "1", "--json", self.path("out.json"))],
            env={**os.environ, **self.env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        os.close(theirs)
        shown = self.read_until(terminal, lambda _: os.path.exists(self.path("hangs")))

        os.write(terminal, b"\x03")
        shown += self.read_until(terminal, lambda told: False)

        self.assertEqual(130, run.wait(MOST_SECONDS))
        self.assertInterrupted(shown.replace("\r", ""), 130)
        self.assertIn("\x1b[?25l", shown)
        self.assertGreater(shown.rfind("\x1b[?25h"), shown.rfind("\x1b[?25l"))
        self.assertNothingLeft()

    def read_until(self, terminal: int, enough: Callable[[str], bool]) -> str:
        """What is shown until that is enough, or nobody writes any more."""
        shown = b""
        while not enough(shown.decode("utf-8", "replace")):
            try:
                shown += os.read(terminal, 1 << 12)
            except OSError:  # so Linux says that its other end is closed
                break
        return shown.decode("utf-8", "replace")


# Makes its input the terminal that sends signals, and becomes the command.
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class TestYoungWorker(RunCase):
    """A worker of which nothing is known yet."""

    def test_ends(self) -> None:
        """It ends as soon as it has begun, however the run is asked to end."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    time.sleep(3)
                    touch("ended")
        """)
        for at_once in False, True:
            with self.subTest(at_once=at_once), Engine(self.plan()) as engine:
                engine.load([FILE])
                run = engine.workers()

                hear = mock.Mock(side_effect=[[]])
                with mock.patch.object(Listener, "hear", hear):
                    events = run.events([Job([(FILE, "TestA.test_a")])])
                    next(events)
                run.interrupt(at_once)
                told = list(events)

                self.assertFalse(any(isinstance(each, Finished) for each in told))
                self.assertFalse(os.path.exists(self.path("ended")))


if __name__ == "__main__":
    unittest.main()
