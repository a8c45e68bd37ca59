"""Text that is safe to show, and streams that break."""

import io
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

from tools import ROOT
from tools.test.reporter_case import INFO, ReporterCase, listed, outcome, result
from tools.testing import records
from tools.testing.console import SafeStream, clean, clean_line
from tools.testing.options import Options
from tools.testing.records import ListedTest
from tools.testing.report import Reporter


class TestSafeText(ReporterCase):
    """Whatever tests say, the terminal or log stays as it is."""

    def test_escaped(self) -> None:
        """What moves the cursor or cannot be encoded is spelled out."""
        for text, expected in {
            "\x1b[2J": "\\x1b[2J",
            "\x9b2J": "\\x9b2J",
            "a\rb\bc\x00\x7f": "a\\rb\\x08c\\x00\\x7f",
            "\u202egnp": "\\u202egnp",
            "\u2028": "\\u2028",
            "\udce9\ud83d": "\\udce9\\ud83d",
        }.items():
            with self.subTest(expected):
                self.assertEqual(expected, clean(text))
                self.assertEqual(expected, clean_line(text))

    def test_kept(self) -> None:
        """Letters of all scripts stay, and the newlines and tabs of a traceback."""
        self.assertEqual("caf\u00e9 \u4f60\n\tx", clean("caf\u00e9 \u4f60\r\n\tx"))

    def test_one_line(self) -> None:
        """What shall be one line is one, and not endless."""
        self.assertEqual("a\\tb\\nc", clean_line("a\tb\nc"))
        self.assertLess(len(clean_line("x" * 100000)), 1000)

    def test_everywhere(self) -> None:
        """Names, parameters, messages, tracebacks, output and notes are escaped."""
        evil = "\x1b[2J\x9b1A\r\x07\udc80"
        failure = outcome(
            records.ERROR, evil, file=evil, parameters={"writer": evil, evil: evil},
            message=evil, traceback=evil, output=evil,
        )  # fmt: skip
        test = ListedTest(evil, evil, evil)

        for verbosity in -1, 0, 1:
            with self.subTest(verbosity=verbosity):
                reporter = self.reporter(verbosity=verbosity, slowest=1)
                reporter.plan([test], [failure])
                reporter.header([test], [evil])
                reporter.note(evil)
                reporter.started(1, test.identity, {evil: evil})
                reporter.tick(0.0)
                reporter.tick(100.0)
                reporter.outcome(failure)
                reporter.output(1, [evil], 0)
                reporter.done(1, test.identity, 1.0)
                reporter.finish(result(failure))

                told = self.told()
                self.assertIn("\\x1b[2J", told)
                self.assertNotRegex(told, "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

    def test_one_line_each(self) -> None:
        """A newline in a name begins no line of the report, but within quotes of a
        command."""
        name = "one\nTWO"
        failures = [
            outcome(
                records.CRASHED,
                name,
                file=f"test/{name}/{name}.py",
                parameters={"writer": name},
            )
        ] * 101

        for verbosity in 0, 1:
            with self.subTest(verbosity=verbosity):
                reporter = self.reporter(verbosity=verbosity, slowest=1)
                reporter.header(listed(name, file=failures[0].file))
                reporter.started(1, failures[0].identity, {"writer": name})
                reporter.tick(0.0)
                reporter.tick(10.0)
                reporter.outcome(failures[0])
                reporter.output(1, ["text"], 0)
                reporter.done(1, failures[0].identity, 1.0)
                reporter.finish(result(*failures))

                told = re.sub("'[^']*'", "", self.told())
                lines = told.splitlines()
                self.assertEqual([], [each for each in lines if each[:3] == "TWO"])

    def test_encoding(self) -> None:
        """What the stream's encoding lacks is spelled out."""
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii")

        Reporter(Options(), INFO, (), stream).note("caf\u00e9 \u4f60")

        self.assertEqual(b"caf\\xe9 \\u4f60\n", raw.getvalue())


class FullStream(io.StringIO):
    """A stream that takes so many writes."""

    def __init__(self, room: int):
        super().__init__()
        self.room = room

    def write(self, text: str) -> int:
        self.room -= 1
        if self.room < 0:
            raise BrokenPipeError
        return super().write(text)


class TestBrokenStream(ReporterCase):
    """A reader that goes away."""

    def test_silent(self) -> None:
        """After the first failure to write nothing is written, and nothing raised."""
        self.stream = FullStream(2)
        reporter = self.reporter()

        reporter.note("one")
        reporter.note("two")
        whole = reporter.broken
        reporter.note("three")
        self.stream.room = 10
        reporter.finish(result(outcome(records.FAILED)))

        self.assertFalse(whole)
        self.assertTrue(reporter.broken)
        self.assertEqual("one\ntwo\n", self.stream.getvalue())

    def test_flush(self) -> None:
        """A failure to flush counts, too."""
        stream = io.StringIO()
        safe = SafeStream(stream)

        with mock.patch.object(stream, "flush", side_effect=OSError(28, "full")):
            safe.line("text")

        self.assertTrue(safe.broken)

    def test_closed_pipe(self) -> None:
        """With its pipe closed the process ends in silence, by its own exit code."""
        script = (
            "import tools\n"
            "from tools.testing.options import Options\n"
            "from tools.testing.records import RunInfo, TorchInfo\n"
            "from tools.testing.report import Reporter\n"
            "reporter = Reporter(Options(), RunInfo(TorchInfo(), '', (), ''))\n"
            "input()\n"
            "for number in range(10): reporter.note('text')\n"
            "raise SystemExit(7 if reporter.broken else 8)\n"
        )
        run = subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )  # fmt: skip
        self.addCleanup(run.stderr.close)

        run.stdout.close()
        run.stdin.write(b"\n")
        run.stdin.close()

        self.assertEqual(b"", run.stderr.read())
        self.assertEqual(7, run.wait())


if __name__ == "__main__":
    unittest.main()
