"""Base class of the tests of what the driver's user reads."""

import io
import os
import re
import unittest
from typing import Sequence
from unittest import mock

from common_ledger import KnownBreak

from tools import ROOT
from tools.testing.options import Options
from tools.testing.records import (
    PASSED,
    ListedTest,
    Outcome,
    RunInfo,
    RunResult,
    TorchInfo,
)
from tools.testing.report import Reporter

TORCH = TorchInfo("2.5.0", "0123456789abcdef", "/lib/torch", "3.11.7")
INFO = RunInfo(TORCH, ROOT, ("run_test.py", "-i", "nn"), "2025-01-01T00:00:00Z", jobs=2)
FILE = "test/nn/test_a.py"
_STEP = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


def listed(*names: str, file: str = FILE) -> list[ListedTest]:
    """Tests of a file."""
    return [ListedTest(file, name, file) for name in names]


def outcome(state: str = PASSED, test: str = "TestA.test_a", **fields) -> Outcome:
    """An outcome of the file."""
    return Outcome(**{"file": FILE, "test": test, "state": state, **fields})


def result(*outcomes: Outcome, **fields) -> RunResult:
    """What came of a run."""
    given = {"info": INFO, "outcomes": outcomes, "seconds": 1.5, "exit_code": 0}
    return RunResult(**{**given, **fields})


class ReporterCase(unittest.TestCase):
    """Base class: a reporter on ``self.stream``."""

    def setUp(self) -> None:
        self.stream = io.StringIO()

    def reporter(
        self, *, info: RunInfo = INFO, rows: Sequence[KnownBreak] = (), **options
    ) -> Reporter:
        """A reporter with these options."""
        return Reporter(Options(**options), info, rows, self.stream)

    def begun(self, tests: Sequence[ListedTest], seconds=None, **options) -> Reporter:
        """A reporter that has told its header, which is dropped."""
        reporter = self.reporter(**options)
        reporter.header(tests, (), seconds)
        self.told()
        return reporter

    def told(self) -> str:
        """What was written since it was last asked for."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def finished(self, run: RunResult, **options) -> str:
        """What the end of a run says."""
        reporter = self.begun((), **options)
        reporter.finish(run)
        return self.told()


class Terminal(io.StringIO):
    """A terminal that shows what is left of all that was written to it.

    It knows what the display uses: moving up, erasing a line, hiding the cursor;
    its lines are long enough not to be wrapped.
    """

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def hides_cursor(self) -> bool:
        """Whether the cursor was hidden and not shown again."""
        return self.getvalue().rfind("\x1b[?25l") > self.getvalue().rfind("\x1b[?25h")

    @property
    def screen(self) -> str:
        """The lines as they are now."""
        lines, row, column = [""], 0, 0
        for argument, action, move, text in _STEP.findall(self.getvalue()):
            if text:
                line = lines[row].ljust(column)
                lines[row] = line[:column] + text + line[column + len(text) :]
                column += len(text)
            elif move == "\n":
                row, column = row + 1, 0
                lines += [""] * (row == len(lines))
            elif move == "\r":
                column = 0
            elif action == "A":
                row = max(0, row - int(argument or 1))
            elif action == "K":
                lines[row] = ""
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


class LiveCase(ReporterCase):
    """Base class: a terminal of 80 columns and 12 rows."""

    def setUp(self) -> None:
        self.stream = Terminal()
        self.size = os.terminal_size((80, 12))
        env = {"TERM": "xterm", "LANG": "C.UTF-8"}
        for change in (
            mock.patch.dict(os.environ, env, clear=True),
            mock.patch("os.get_terminal_size", lambda *_: self.size),
        ):
            change.start()
            self.addCleanup(change.stop)

    def live(self, *names: str, **options) -> Reporter:
        """A reporter whose live display is on, with these tests before it."""
        reporter = self.begun(listed(*names), **options)
        self.addCleanup(reporter.close)
        reporter.tick(0.0)
        return reporter
