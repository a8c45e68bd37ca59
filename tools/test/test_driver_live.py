"""The live display, on a stand-in for a terminal."""

import io
import os
import re
import subprocess
import sys
import threading
import unittest
from unittest import mock

from tools import ROOT
from tools.test.reporter_case import FILE, LiveCase, listed, outcome, result
from tools.testing import records


class TestLive(LiveCase):
    """What is on the screen."""

    def test_rows(self) -> None:
        """Each worker has a row with its test and since when, below them is a bar."""
        reporter = self.live("A.x", "A.y", "A.z")

        reporter.started(1, f"{FILE}::A.x", {"writer": "1.0.1"})
        reporter.started(2, f"{FILE}::A.y", {})
        reporter.tick(1.0)
        reporter.outcome(outcome())
        reporter.done(2, f"{FILE}::A.y", 2.0)
        reporter.started(2, f"{FILE}::A.z", {})
        reporter.tick(4.0)

        self.assertEqual(
            "    3 s  A.x (writer=1.0.1)  nn/test_a.py\n"
            "         A.z  nn/test_a.py\n"
            + "━" * 26
            + "  1/3 tests  1 passed  about 1 s left\n",
            self.stream.screen,
        )

    def test_idle(self) -> None:
        """A worker keeps its row between two tests, and loses it when it is idle."""
        reporter = self.live("A.x", "A.y")
        reporter.started(1, f"{FILE}::A.x", {})
        reporter.started(2, f"{FILE}::A.y", {})

        reporter.done(1, f"{FILE}::A.x", 0.1)
        reporter.tick(1.0)
        between = self.stream.screen.splitlines()
        reporter.idle(1)
        reporter.tick(2.0)

        self.assertEqual(["", "         A.y  nn/test_a.py"], between[:2])
        self.assertIn("A.y", self.stream.screen.splitlines()[0])

    def test_lines_stay(self) -> None:
        """Failures, notes and what others print stay, once, above the rows."""
        reporter = self.live("A.x")

        reporter.started(1, f"{FILE}::A.x", {})
        for second in range(1, 6):
            reporter.outcome(outcome(records.FAILED, f"A.{second}"))
            reporter.note(f"note {second} [red] :smile:")
            reporter.tick(float(second))
            print(f"print {second}")
            sys.stderr.write(f"error {second}\n")
        reporter.tick(6.0)

        lines = self.stream.screen.splitlines()
        self.assertEqual(
            [
                f"{line} {second}{rest}"
                for second in range(1, 6)
                for line, rest in (
                    ("failed", ""),
                    ("note", " [red] :smile:"),
                    ("print", ""),
                    ("error", ""),
                )
            ],
            [re.sub(r"  failed +A\.(\d).*", r"failed \1", line) for line in lines[:-2]],
        )
        self.assertEqual("    5 s  A.x  nn/test_a.py", lines[-2])
        self.assertIn("0/1 tests  0 passed  5 failed", lines[-1])

    def test_long_lines(self) -> None:
        """Lines that stay are the terminal's to wrap: none is cut."""
        reporter = self.live("A.x")

        reporter.note("x" * 200)
        reporter.tick(1.0)

        self.assertEqual("x" * 200, self.stream.screen.splitlines()[0])

    def test_no_tests(self) -> None:
        """A run of nothing but files that cannot be imported has a bar, too."""
        reporter = self.live()

        reporter.outcome(outcome(records.ERROR, ""))
        reporter.tick(1.0)

        self.assertIn("0/0 tests  0 passed  1 failed", self.stream.screen)

    def test_failed_in_red(self) -> None:
        """The number of failures is red; without any it is left out."""
        reporter = self.live("A.x")
        without = self.stream.getvalue()

        reporter.outcome(outcome(records.CRASHED))
        reporter.tick(1.0)

        self.assertNotIn("failed", without)
        self.assertRegex(self.stream.getvalue(), "\x1b\\[1;31m  1 failed\x1b")

    def test_slow_test(self) -> None:
        """A slow test is told in its row, not in a line of its own."""
        reporter = self.live("A.x")

        reporter.started(1, f"{FILE}::A.x", {})
        for second in range(1, 13):
            reporter.tick(float(second))

        self.assertEqual(
            "   11 s  slow  A.x  nn/test_a.py", self.stream.screen.splitlines()[0]
        )

    def test_width(self) -> None:
        """Rows are cut to the width of the terminal, also when that changes."""
        reporter = self.live("A.x")
        reporter.started(1, f"{FILE}::A.{'x' * 200}", {})

        for second, width in enumerate((80, 30, 120), 1):
            with self.subTest(width):
                self.size = os.terminal_size((width, 12))
                reporter.tick(float(second))

                row, bar = self.stream.screen.splitlines()
                self.assertEqual(width, len(row))
                self.assertLessEqual(len(bar), width)

    def test_height(self) -> None:
        """With more workers than rows the bar is still there."""
        reporter = self.live("A.x")
        for worker in range(50):
            reporter.started(worker, f"{FILE}::A.{worker}", {})

        reporter.tick(1.0)

        lines = self.stream.screen.splitlines()
        self.assertEqual(11, len(lines))
        self.assertIn("0/1 tests", lines[-1])

    def test_rate(self) -> None:
        """It is refreshed at most every tenth of a second."""
        reporter = self.live("A.x")
        written = []

        for tick in range(1, 16):
            before = len(self.stream.getvalue())
            reporter.tick(tick / 32)
            if len(self.stream.getvalue()) > before:
                written.append(tick)

        self.assertEqual([4, 8, 12], written)

    def test_unsafe_names(self) -> None:
        """A name that would move the cursor is spelled out, and stays on its line."""
        reporter = self.live("A.x")

        reporter.started(1, f"{FILE}::A.x", {"writer": "\x1b[2J\n[red]"})
        reporter.tick(1.0)

        self.assertEqual(
            "         A.x (writer=\\x1b[2J\\n[red])  nn/test_a.py",
            self.stream.screen.splitlines()[0],
        )

    def test_verbose(self) -> None:
        """With -v each outcome has a line above the bar."""
        reporter = self.live("A.x", verbosity=1)

        reporter.outcome(outcome())
        reporter.tick(1.0)

        self.assertEqual(
            "  passed          TestA.test_a  0.00 s", self.stream.screen.splitlines()[0]
        )

    def test_no_thread(self) -> None:
        """It has no thread of its own: a process with several cannot safely fork."""
        before = threading.active_count()

        self.live("A.x")

        self.assertEqual(before, threading.active_count())

    def test_ascii(self) -> None:
        """A terminal that has no lines to draw with has a bar of letters."""
        self.stream.encoding = "ascii"
        reporter = self.live("A.x", "A.y")

        reporter.done(1, f"{FILE}::A.x", 1.0)
        reporter.tick(1.0)

        bar = self.stream.screen.splitlines()[-1].partition(" ")[0]
        self.assertEqual("#" * 13 + "-" * 13, bar)


class TestEnd(LiveCase):
    """The terminal afterwards."""

    def test_close(self) -> None:
        """Lines stay, rows and bar go, cursor and streams are as before."""
        streams = sys.stdout, sys.stderr
        reporter = self.live("A.x")
        reporter.started(1, f"{FILE}::A.x", {})
        reporter.tick(1.0)
        reporter.note("last")
        during = self.stream.hides_cursor, sys.stdout is streams[0]

        reporter.close()
        reporter.close()

        self.assertEqual((True, False), during)
        self.assertEqual("last\n", self.stream.screen)
        self.assertFalse(self.stream.hides_cursor)
        self.assertEqual(streams, (sys.stdout, sys.stderr))

    def test_finish(self) -> None:
        """The end of the report stands in the place of the display."""
        reporter = self.live("A.x")
        reporter.note("note")

        reporter.finish(result(outcome()))

        self.assertEqual(
            "note\n\n1 test in 1.5 s\n1 passed, 0 failed, 0 skipped\n",
            self.stream.screen,
        )

    def test_lines_after_the_end(self) -> None:
        """What is noted after the end is shown."""
        reporter = self.live("A.x")
        reporter.close()

        reporter.note("report written")

        self.assertEqual("report written\n", self.stream.screen)

    def test_broken(self) -> None:
        """A terminal that goes away ends the display, not the run."""
        reporter = self.live("A.x")

        with mock.patch.object(self.stream, "write", side_effect=BrokenPipeError):
            reporter.note("text")
            reporter.tick(1.0)
            reporter.finish(result(outcome()))

        self.assertTrue(reporter.broken)


class TestChoice(LiveCase):
    """Where there is a live display, and where a log."""

    def is_live(self, **options) -> bool:
        """Whether the display is live; a log has a line for the file."""
        reporter = self.begun(listed("A.x"), **options)
        self.addCleanup(reporter.close)
        reporter.tick(0.0)
        reporter.done(1, f"{FILE}::A.x", 1.0)
        reporter.tick(1.0)
        shown = self.told()
        self.assertNotEqual("\x1b[" in shown, "[1/1] nn/test_a.py" in shown, shown)
        return "\x1b[" in shown

    def test_terminal(self) -> None:
        """A terminal has a live display."""
        self.assertTrue(self.is_live())

    def test_log(self) -> None:
        """What is no terminal has a log, and no escape sequences."""
        self.stream = io.StringIO()

        self.assertFalse(self.is_live())

    def test_environment(self) -> None:
        """A dumb terminal, and one in CI, has a log."""
        for change in {"TERM": "dumb"}, {"CI": "true"}:
            with self.subTest(change), mock.patch.dict(os.environ, change):
                self.assertFalse(self.is_live())

    def test_without_rich(self) -> None:
        """Where rich is not installed there is a log."""
        missing = {"rich": None, "rich.console": None, "tools.testing.live": None}
        with mock.patch.dict(sys.modules, missing):
            self.assertFalse(self.is_live())

    def test_quiet(self) -> None:
        """With -q nothing is written at all."""
        reporter = self.live("A.x", verbosity=-1)

        reporter.started(1, f"{FILE}::A.x", {})
        reporter.tick(1.0)

        self.assertEqual("", self.stream.getvalue())

    def test_import(self) -> None:
        """A log does not pay for the import of rich."""
        script = "import tools, sys, tools.testing.report; print('rich' in sys.modules)"

        run = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, check=True
        )

        self.assertEqual(b"False\n", run.stdout)


if __name__ == "__main__":
    unittest.main()
