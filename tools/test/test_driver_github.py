"""What the driver shows on GitHub: annotations and the summary of the step."""

import re
import unittest
from dataclasses import replace
from html import unescape

from tools.test.report_samples import FILE, HOSTILE, INFO, ReportCase, outcome, run_of
from tools.testing import records
from tools.testing.files import ReportError
from tools.testing.github import (
    SUMMARY_AREAS,
    annotations,
    step_summary,
    write_step_summary,
)

MEBIBYTE = 1 << 20  # what GitHub takes of a step's summaries
TRACEBACK = f"""\
Traceback (most recent call last):
  File "/tree/{FILE}", line 12, in test_a
    check()
  File "/tree/{FILE}", line 34, in check
    helper()
  File "/tree/test/common_utils.py", line 56, in helper
    raise ValueError
ValueError
"""


class TestAnnotations(unittest.TestCase):
    """Each failure is an error at its line."""

    def test_failure(self) -> None:
        """An error names file, line, state and test; what is fine has none."""
        failed = outcome(
            "A.a",
            "failed",
            parameters={"writer": "1.3.1"},
            message="ValueError: 1",
            traceback=TRACEBACK,
        )

        found = annotations(run_of(failed, outcome("A.b", "known break")))

        title = "failed%3A A.a (writer=1.3.1)"
        command = f"::error file={FILE},line=34,title={title}::ValueError: 1"
        self.assertEqual([command], found)

    def test_line(self) -> None:
        """The line is the innermost of the test's own file, if it is there."""
        dump = f'Current thread (most recent call first):\n  File "{FILE}", line 3 in f'
        dump += f'\n  File "{FILE}", line 9 in test_a'
        other = TRACEBACK.replace(FILE, f"other_{FILE}")

        found = annotations(
            run_of(
                outcome("A.a", "timed out", traceback=dump),
                outcome("A.b", "failed", traceback=other.replace("/tree/", "")),
                outcome("x.csv:8", "stale row", file="test/x.csv", row=8),
            )
        )

        self.assertIn(",line=3,", found[0])
        self.assertNotIn("line=", found[1])
        self.assertIn("file=test/x.csv,line=8,", found[2])

    def test_workspace(self) -> None:
        """Files are named relative to the checkout, where they are inside."""
        result = run_of(outcome("A.a", "failed"))

        (inside,) = annotations(result, "/")
        (outside,) = annotations(result, "/elsewhere")

        self.assertIn(f"::error file=tree/{FILE},", inside)
        self.assertIn(f"::error file={FILE},", outside)

    def test_limit(self) -> None:
        """GitHub shows ten; where there are more the last one says how many."""
        outcomes = [outcome(f"A.test_{number}", "failed") for number in range(11)]

        ten, eleven = (
            annotations(run_of(*outcomes[:10])),
            annotations(run_of(*outcomes)),
        )

        self.assertEqual(10, len(ten))
        self.assertIn("test_9", ten[-1])
        self.assertEqual(10, len(eleven))
        self.assertIn("::and 2 more failures", eleven[-1])

    def test_escapes(self) -> None:
        """Nothing in a text ends its line, its property or the command."""
        hostile = outcome(
            HOSTILE, "error", file="a,b:c%", message="1%0A\n2,3:4", verdict="flaky"
        )

        (command,) = annotations(run_of(hostile))

        properties, _, message = command[len("::error ") :].partition("::")
        names = [each.partition("=")[0] for each in properties.split(",")]
        self.assertEqual(["file", "title"], names)
        self.assertIn("file=a%2Cb%3Ac%25,", properties)
        self.assertIn("\\x00\\x1b[31m%0D%0A", properties)
        sentence = records.VERDICTS[records.FLAKY]
        self.assertEqual(f"1%250A%0A2,3:4%0A{sentence}", message)
        self.assertEqual(1, len(command.split("\n")))
        command.encode("utf-8")

    def test_huge_text(self) -> None:
        """A long name or message is cut."""
        huge = outcome("a" * 1_000_000, "failed", message="%" * 1_000_000)

        (command,) = annotations(run_of(huge))

        self.assertLess(len(command), 20_000)


class TestStepSummary(ReportCase):
    """The summary of the step is Markdown."""

    def test_whole(self) -> None:
        """It has torch, counts, areas by states, and each failure with its identity."""
        info = replace(INFO, shard=(1, 2))
        outcomes = [
            outcome("A.a", "passed"),
            outcome("A.b", "failed", message="AssertionError"),
            outcome("B.c", "passed", file="test/jit/test_b.py"),
        ]

        text = unescape(step_summary(run_of(*outcomes, info=info)))

        self.assertIn("### torch 2.13.0 (git abcdef0123)\n", text)
        self.assertIn("Python 3.11.7, seed 7, shard 1 of 2, 1.5 s", text)
        self.assertIn("**2 passed, 1 failed**", text)
        table = [
            "| area | passed | failed |",
            "|:---|---:|---:|",
            "| jit | 1 |  |",
            "| quantization | 1 | 1 |",
            "| **all** | 2 | 1 |",
        ]
        self.assertIn("\n\n" + "\n".join(table) + "\n\n", text)
        failure = f"- **failed** A.b: AssertionError<br><code>-i {FILE}::A.b</code>\n"
        self.assertTrue(text.endswith(failure), text)

    def test_not_whole(self) -> None:
        """It says that a run was interrupted, and how much did not run."""
        text = unescape(step_summary(run_of(interrupted=True, not_run=("a", "b"))))

        self.assertIn("**nothing ran**", text)
        self.assertIn("interrupted", text)
        self.assertIn("did not run: 2**", text)

    def test_escapes(self) -> None:
        """Of what a test says nothing is markup, and nothing breaks its line."""
        plain = outcome("A.a", "failed", file="test/area/a.py", message="m")
        hostile = replace(
            plain, file=f"test/{HOSTILE}/a.py", test=HOSTILE, message=HOSTILE
        )

        expected, found = (
            "".join(c for c in step_summary(run_of(each)) if c in "\n|`*_[]<>!\\")
            for each in (plain, hostile)
        )

        self.assertEqual(expected, found)

    def test_limit(self) -> None:
        """However much there is to tell, GitHub takes it."""
        states = [*records.SENTENCES, "odd"]
        outcomes = [
            outcome(
                "A." + "\x00`" * 10_000,
                states[number % len(states)],
                file=f"test/test{number}{'<' * 10_000}/a.py",
                message="|" * 1_000_000,
            )
            for number in range(300)
        ]

        text = step_summary(run_of(*outcomes))

        self.assertLess(len(text.encode()), MEBIBYTE)
        self.assertEqual(SUMMARY_AREAS, len(re.findall(r"^\| test", text, re.M)))
        self.assertIn("(200 more areas)", text)
        self.assertRegex(text, r"\n- and \d+ more\n$")

    def test_write(self) -> None:
        """It is added to what the file holds; a failure names the file."""
        self.write(b"before\n")
        result = run_of(outcome("A.a", "failed", message=HOSTILE))

        write_step_summary(result, self.path)
        with self.assertRaisesRegex(ReportError, f"cannot write {self.folder}: "):
            write_step_summary(result, self.folder)

        self.assertEqual(b"before\n" + step_summary(result).encode(), self.read())


if __name__ == "__main__":
    unittest.main()
