"""What the driver's user reads before and after the tests."""

import sys
import unittest

from tools import ROOT
from tools.test.reporter_case import FILE, INFO, ReporterCase, listed, outcome, result
from tools.testing import records
from tools.testing.failure import command
from tools.testing.options import Options
from tools.testing.records import RunInfo, TorchInfo
from tools.testing.report import summary


class TestHeader(ReporterCase):
    """What is told before the tests run."""

    def test_header(self) -> None:
        """The header names torch, Python, how much there is to run, and by whom."""
        tests = listed("A.x", "A.y") + listed("B.x", file="test/test_b.py")

        self.reporter().header(tests, ["test/test_empty.py"])

        self.assertEqual(
            "testing torch 2.5.0 (git 0123456789)\n"
            "   from /lib/torch\n"
            f"   with Python 3.11.7, {sys.executable}\n"
            "3 tests in 2 files, 2 workers\n"
            "no tests in test/test_empty.py\n",
            self.told(),
        )

    def test_unknown_commit(self) -> None:
        """A torch that does not know its commit is named by its version alone."""
        for commit in None, "", "Unknown":
            with self.subTest(commit):
                torch = TorchInfo("2.5.0", commit, "/lib/torch", "3.11.7")
                info = RunInfo(torch, ROOT, (), "", start_method="spawn")

                self.reporter(info=info).header(listed("A.x"))

                lines = self.told().splitlines()
                self.assertEqual("testing torch 2.5.0", lines[0])
                self.assertEqual("1 test in 1 file, 1 worker, spawned", lines[-1])

    def test_plan(self) -> None:
        """The plan has each file once, with its tests, and what cannot be imported."""
        tests = listed("A.x") + listed("B.x", file="test/test_b.py") + listed("A.y")
        problem = outcome(records.ERROR, "", file="test/test_c.py", message="E: no")

        self.reporter().plan(tests, [problem])

        self.assertEqual(
            f"{FILE}\n  A.x\n  A.y\ntest/test_b.py\n  B.x\ntest/test_c.py\n"
            "  error: E: no\n",
            self.told(),
        )

    def test_list(self) -> None:
        """With --list there is nothing but the identities of the tests."""
        reporter = self.reporter(list_only=True)

        reporter.header(listed("A.x", "A.y"))
        reporter.plan(listed("A.x", "A.y"), [outcome(records.ERROR, "")])

        self.assertEqual(f"{FILE}::A.x\n{FILE}::A.y\n", self.told())


class TestFailures(ReporterCase):
    """The end of a report: each failure, once."""

    def test_block(self) -> None:
        """A failure has all that is needed to look into it."""
        failure = outcome(
            records.FAILED,
            parameters={"writer": "1.0.1"},
            message="AssertionError: 1 != 2",
            traceback="Traceback ...:\n\tdeep\nAssertionError: 1 != 2\n",
            output="one\ntwo\n",
            verdict=records.FLAKY,
        )

        told = self.finished(result(outcome(), failure), verbosity=-1)

        self.assertEqual(
            "\n" + "=" * 70 + "\n"
            "FAILED: TestA.test_a (writer=1.0.1)\n"
            "  in test/nn/test_a.py\n"
            f"  failed: {records.SENTENCES[records.FAILED]}\n"
            f"  flaky: {records.VERDICTS[records.FLAKY]}\n"
            "  AssertionError: 1 != 2\n"
            "\n"
            "Traceback ...:\n\tdeep\nAssertionError: 1 != 2\n"
            "\n"
            "  it printed:\n  | one\n  | two\n"
            "\n"
            "  written by torch 1.0.1\n"
            "  tested torch 2.5.0 from /lib/torch\n"
            f"  reproduce: {command(failure, INFO, Options())}\n"
            "\n"
            "1 passed, 1 failed, 0 skipped\n",
            told,
        )

    def test_bare_block(self) -> None:
        """What a failure does not have leaves no empty lines."""
        failure = outcome(records.NO_END)

        told = self.finished(result(failure), verbosity=-1)

        self.assertEqual(
            "\n" + "=" * 70 + "\n"
            "NO END RECORD: TestA.test_a\n"
            "  in test/nn/test_a.py\n"
            f"  no end record: {records.SENTENCES[records.NO_END]}\n"
            "  tested torch 2.5.0 from /lib/torch\n"
            f"  reproduce: {command(failure, INFO, Options())}\n"
            "\n"
            "0 passed, 1 failed, 0 skipped\n",
            told,
        )

    def test_only_failures(self) -> None:
        """What makes no run fail has no block; everything else has."""
        for state in records.SENTENCES:
            with self.subTest(state):
                told = self.finished(result(outcome(state)))

                expected = records.is_failure(state)
                self.assertEqual(expected, f"{state.upper()}: TestA.test_a" in told)
                self.assertEqual(expected, "1 failed" in told.splitlines()[-1])

    def test_many(self) -> None:
        """Of many failures the first hundred have a block, the others a line."""
        failures = [
            outcome(records.FAILED, f"TestA.test_{number}", message="E: x")
            for number in range(103)
        ]

        told = self.finished(result(*failures))

        self.assertEqual(100, told.count("reproduce: "))
        self.assertIn("FAILED: TestA.test_99\n", told)
        self.assertIn(
            "\n3 more failures:\n"
            "  failed          TestA.test_100  0.00 s  E: x\n"
            "  failed          TestA.test_101  0.00 s  E: x\n"
            "  failed          TestA.test_102  0.00 s  E: x\n",
            told,
        )


class TestClosing(ReporterCase):
    """The last lines."""

    def test_summary(self) -> None:
        """Passed, failed in any way, skipped; the others count for neither."""
        outcomes = [outcome(state) for state in records.SENTENCES]
        failed = sum(map(records.is_failure, records.SENTENCES))

        self.assertEqual(f"1 passed, {failed} failed, 1 skipped", summary(outcomes))
        self.assertEqual("0 passed, 0 failed, 0 skipped", summary([]))

    def test_all_passed(self) -> None:
        """Where a single area passed there is no table."""
        reporter = self.begun(listed("A.x", "A.y"))

        reporter.finish(result(outcome()))

        self.assertEqual(
            "\n2 tests in 1.5 s\n1 passed, 0 failed, 0 skipped\n", self.told()
        )

    def test_table(self) -> None:
        """Areas and states have a table, with the states that occur."""
        told = self.finished(
            result(
                outcome(),
                outcome(),
                outcome(records.UNPROMISED),
                outcome(records.KNOWN_BREAK, file="test/quantization/bc/test_b.py"),
                outcome(records.KNOWN_BREAK, file="test/quantization/bc/test_b.py"),
            )
        )

        self.assertEqual(
            "\n"
            "area          passed  known break  unpromised\n"
            "nn                 2            0           1\n"
            "quantization       0            2           0\n"
            "\n"
            "0 tests in 1.5 s\n"
            "2 known breaks: fail as known_breaks.csv says\n"
            "1 unpromised: failed on files of newer releases, which are not promised\n"
            "2 passed, 0 failed, 0 skipped\n",
            told,
        )

    def test_one_area_in_a_table(self) -> None:
        """One area has a table where it did more than pass."""
        told = self.finished(result(outcome(), outcome(records.SKIPPED)))

        self.assertIn("area  passed  skipped\nnn         1        1\n", told)

    def test_two_areas_in_a_table(self) -> None:
        """Two areas have a table, though all passed."""
        told = self.finished(result(outcome(), outcome(file="test/test_b.py")))

        self.assertIn("area  passed\n.          1\nnn         1\n", told)

    def test_nothing(self) -> None:
        """A run without outcomes has nothing but the counts."""
        told = self.finished(result())

        self.assertEqual("\n0 tests in 1.5 s\n0 passed, 0 failed, 0 skipped\n", told)

    def test_slowest(self) -> None:
        """--slowest tells the tests that took longest, longest first."""
        reporter = self.begun(listed("A.x", "A.y", "A.z"), slowest=2)
        for name, seconds in ("x", 2.0), ("y", 3.5), ("z", 1.0):
            reporter.done(1, f"{FILE}::A.{name}", seconds)

        reporter.finish(result(outcome()))

        self.assertIn(
            f"\nslowest tests:\n    3.50 s  {FILE}::A.y\n    2.00 s  {FILE}::A.x\n\n",
            self.told(),
        )

    def test_interrupted_at_the_end(self) -> None:
        """A run that was interrupted says so, even if no test is left."""
        reporter = self.begun(listed("A.x"))

        reporter.finish(result(outcome(), interrupted=True))

        self.assertIn("\ninterrupted: 1 of 1 test ran\n", self.told())

    def test_parts(self) -> None:
        """What did not run to its end says how much of it ran, with -q too."""
        for reason, stop, run in (
            ("interrupted", {}, {"interrupted": True}),
            ("interrupted", {"fail_fast": True}, {"interrupted": True}),
            ("stopped at the first failure", {"fail_fast": True}, {}),
            ("incomplete", {}, {}),
        ):
            for verbosity in 0, -1:
                with self.subTest(reason, stop=stop, verbosity=verbosity):
                    tests = listed("A.x", "A.y", "A.z")
                    reporter = self.begun(tests, verbosity=verbosity, **stop)
                    left = tuple(test.identity for test in tests[1:])

                    reporter.finish(result(outcome(), not_run=left, **run))

                    self.assertEqual(
                        f"\n{reason}: 1 of 3 tests ran\n"
                        "1 passed, 0 failed, 0 skipped\n",
                        self.told(),
                    )


if __name__ == "__main__":
    unittest.main()
