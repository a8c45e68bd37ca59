"""Runs for the tests of the reports, built by hand."""

import os
import tempfile
import unittest

from tools.testing.records import Outcome, RunInfo, RunResult, TorchInfo

FILE = "test/quantization/bc/test_a.py"
JUNIT_SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "junit.xsd")
INFO = RunInfo(
    torch=TorchInfo("2.13.0", "abcdef0123456789", "/site/torch", "3.11.7"),
    root="/tree",
    command=("run_test.py", "-i", "quantization"),
    started="2026-01-02T03:04:05+00:00",
    seed=7,
)
# Control characters, a lone surrogate, a non-character, what ends a CDATA section,
# what GitHub's commands, Markdown and HTML are made of.
HOSTILE = (
    "\x00\x1b[31m\r\n\x85\u2028\udc80\uffff]]>&amp;<b>\"'%0A%25::error file=x,line=1::"
    "|`*_[a](b)<!--\U0001f525\x7f\ttail"
)


def outcome(test: str, state: str, **fields) -> Outcome:
    """An outcome in FILE, unless ``file`` says otherwise."""
    return Outcome(**{"file": FILE, "test": test, "state": state, **fields})


def run_of(*outcomes: Outcome, info: RunInfo = INFO, **fields) -> RunResult:
    """A run that took 1.5 s and failed."""
    return RunResult(
        **{"info": info, "outcomes": outcomes, "seconds": 1.5, "exit_code": 1, **fields}
    )


class ReportCase(unittest.TestCase):
    """A test with a folder for reports."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.path = os.path.join(self.folder, "report")

    def read(self) -> bytes:
        """What the report holds."""
        with open(self.path, "rb") as file:
            return file.read()

    def write(self, content: bytes) -> None:
        """Make it hold ``content``."""
        with open(self.path, "wb") as file:
            file.write(content)
