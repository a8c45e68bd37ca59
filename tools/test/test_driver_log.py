"""What a log says while tests run."""

import unittest

from common_ledger import KnownBreak
from common_releases import ReleaseRange

from tools.test.reporter_case import FILE, ReporterCase, listed, outcome, result
from tools.testing import records


class TestLog(ReporterCase):
    """The lines of a log while tests run."""

    def test_file_line(self) -> None:
        """A file has a line when the last of its selected tests has ended."""
        tests = listed("A.x", "A.y") + listed("B.x", file="test/test_b.py")
        reporter = self.begun(tests)

        reporter.outcome(outcome(test="A.x", parameters={"writer": "1.0.1"}))
        reporter.outcome(outcome(test="A.x", parameters={"writer": "1.1.0"}))
        reporter.done(1, f"{FILE}::A.x", 1.25)
        early = self.told()
        reporter.done(2, "test/test_b.py::B.x", 0.0)
        other = self.told()
        reporter.outcome(outcome(records.KNOWN_BREAK, "A.y"))
        reporter.done(1, f"{FILE}::A.y", 1.0)

        self.assertEqual("", early)
        self.assertEqual("[1/2] test_b.py  nothing ran  0.0 s\n", other)
        self.assertEqual(
            "[2/2] nn/test_a.py  2 passed, 1 known break  2.2 s\n", self.told()
        )

    def test_run_again(self) -> None:
        """A test that runs again does not end its file twice."""
        reporter = self.begun(listed("A.x", "A.y"))

        reporter.done(1, f"{FILE}::A.x", 1.0)
        reporter.done(1, f"{FILE}::A.x", 1.0)

        self.assertEqual("", self.told())

    def test_twice_the_same_name(self) -> None:
        """Tests of the same name are one, as in Python."""
        reporter = self.begun(listed("A.x", "A.x"))

        reporter.done(1, f"{FILE}::A.x", 1.0)

        self.assertIn("[1/1] nn/test_a.py", self.told())

    def test_failure_at_once(self) -> None:
        """A failure is told in one line, at once; what is fine is not."""
        reporter = self.begun(listed("A.x"))

        for state in records.PASSED, records.SKIPPED, records.KNOWN_BREAK:
            reporter.outcome(outcome(state, message="no news"))
        reporter.outcome(outcome(records.CRASHED, message="SIGSEGV", seconds=0.25))

        self.assertEqual(
            "  crashed         TestA.test_a  0.25 s  SIGSEGV\n", self.told()
        )

    def test_long_message(self) -> None:
        """However long its message, a failure is told in a line of bearable length."""
        reporter = self.begun(listed("A.x"))

        reporter.outcome(outcome(records.FAILED, message="x" * 10000))

        self.assertLess(len(self.told()), 1000)

    def test_each_kind_of_failure_counts(self) -> None:
        """In a file's line a failure of any kind is one that failed."""
        reporter = self.begun(listed("A.x"))

        reporter.outcome(outcome(records.ERROR))
        reporter.outcome(outcome(records.TIMED_OUT))
        reporter.done(1, f"{FILE}::A.x", 0.0)

        self.assertIn("nn/test_a.py  2 failed  ", self.told())

    def test_slow_test(self) -> None:
        """A slow test is announced after 10 seconds, and when they have doubled."""
        reporter = self.begun(listed("A.x"))
        reporter.started(1, f"{FILE}::A.x", {"writer": "1.0.1"})

        told = {}
        for second in (*range(100, 145), *range(400, 425)):
            reporter.tick(float(second))
            told[second] = [line for line in self.told().splitlines() if "slow" in line]

        self.assertEqual(
            [110, 120, 140, 400, 420], [each for each in told if told[each]]
        )
        self.assertEqual(
            ["slow: A.x (writer=1.0.1) running for 20 s, nn/test_a.py"], told[120]
        )

    def test_slow_test_with_subtests(self) -> None:
        """Sub-tests do not make a test quick; the next test does."""
        reporter = self.begun(listed("A.x", "A.y"))

        for second in range(20):
            reporter.started(1, f"{FILE}::A.x", {"writer": f"1.{second}.0"})
            reporter.tick(float(second))
        slow = self.told()
        for second in range(20, 29):
            reporter.started(1, f"{FILE}::A.y", {})
            reporter.tick(float(second))

        self.assertEqual(1, slow.count("slow: A.x (writer=1.10.0) running for 10 s"))
        self.assertEqual("", self.told())

    def test_now_and_then(self) -> None:
        """Every 30 seconds a line says how far the run is."""
        seconds = {f"{FILE}::A.{name}": 100.0 for name in "xyz"}
        reporter = self.begun(listed("A.x", "A.y", "A.z"), seconds)

        reporter.tick(1000.0)
        reporter.outcome(outcome(records.PASSED))
        reporter.done(1, f"{FILE}::A.x", 20.0)
        reporter.tick(1029.0)
        early = self.told()
        reporter.tick(1030.0)
        reporter.tick(1031.0)

        self.assertEqual("", early)
        self.assertEqual("1 of 3 tests done, 0 failed, about 2 min left\n", self.told())

    def test_note(self) -> None:
        """A note has a line of its own, at any time."""
        reporter = self.reporter()

        reporter.note("before")
        reporter.header(())
        reporter.note("after")

        lines = self.told().splitlines()
        self.assertEqual(("before", "after"), (lines[0], lines[-1]))

    def test_verbose(self) -> None:
        """With -v each outcome has a line, a message below it, a break its cause."""
        row = KnownBreak("*", ReleaseRange(), ReleaseRange(), "E", "because", "#1", 7)
        reporter = self.begun(listed("A.x"), rows=[row], verbosity=1)

        reporter.outcome(outcome(parameters={"writer": "1.0.1"}, seconds=0.5))
        reporter.outcome(outcome(records.SKIPPED, message="no compiler"))
        reporter.outcome(outcome(records.KNOWN_BREAK, message="E: x", row=7))
        reporter.outcome(outcome(records.FAILED, message="F: y", row=7))

        self.assertEqual(
            "  passed          TestA.test_a (writer=1.0.1)  0.50 s\n"
            "  skipped         TestA.test_a  0.00 s\n      no compiler\n"
            "  known break     TestA.test_a  0.00 s\n      E: x\n"
            "      because (#1)\n"
            "  failed          TestA.test_a  0.00 s\n      F: y\n",
            self.told(),
        )

    def test_output(self) -> None:
        """With -v what tests printed is shown, marked, with the files it is from."""
        reporter = self.begun(listed("A.x"), verbosity=1)

        reporter.started(1, f"{FILE}::A.x", {})
        reporter.started(2, "test/test_c.py::C.x", {})
        reporter.started(1, "test/test_b.py::B.x", {})
        reporter.output(1, ["one\r", "two"], 3)
        reporter.output(2, [], 0)
        reporter.output(1, ["three"], 0)

        self.assertEqual(
            "output of nn/test_a.py, test_b.py:\n  | (3 lines left out)\n"
            "  | one\n  | two\n"
            "output of worker 1:\n  | three\n",
            self.told(),
        )

    def test_output_of_many_files(self) -> None:
        """However many files a worker ran, its output has a heading of one line."""
        reporter = self.begun(listed("A.x"), verbosity=1)

        for number in range(200):
            reporter.started(1, f"test/test_{number}.py::A.x", {})
        reporter.output(1, ["text"], 0)

        self.assertLess(len(self.told()), 1000)

    def test_output_is_not_asked_for(self) -> None:
        """Without -v what tests printed is left to the failures."""
        reporter = self.begun(listed("A.x"))

        reporter.output(1, ["one"], 0)

        self.assertEqual("", self.told())

    def test_quiet(self) -> None:
        """With -q there are only failures, and what closes the report."""
        reporter = self.reporter(verbosity=-1)

        reporter.note("spawned")
        reporter.header(listed("A.x"), ["test/test_empty.py"])
        reporter.started(1, f"{FILE}::A.x", {})
        reporter.output(1, ["text"], 0)
        for second in range(0, 100, 10):
            reporter.tick(float(second))
        reporter.outcome(outcome())
        reporter.done(1, f"{FILE}::A.x", 99.0)
        silent = self.told()
        reporter.outcome(outcome(records.FAILED))
        failure = self.told()
        reporter.finish(result(outcome(), outcome(records.SKIPPED)))

        self.assertEqual("", silent)
        self.assertIn("failed ", failure)
        self.assertEqual("\n1 passed, 0 failed, 1 skipped\n", self.told())


class TestTimeLeft(ReporterCase):
    """The estimate of the time that is left, for two workers and four tests."""

    def left(self, recorded: dict, done: dict, running: float = 0.0) -> str:
        """What a log says of it when these tests, 0 to 3, have ended, and the last
        has been running for so many seconds."""
        seconds = {f"{FILE}::A.{test}": each for test, each in recorded.items()}
        reporter = self.begun(listed("A.0", "A.1", "A.2", "A.3"), seconds)
        reporter.tick(0.0)
        for test, each in done.items():
            reporter.done(1, f"{FILE}::A.{test}", each)
        if running:
            reporter.started(1, f"{FILE}::A.3", {})
            reporter.tick(30.0 - running)
        reporter.tick(30.0)
        return self.told().splitlines()[-1].partition(" failed")[2]

    def test_recorded(self) -> None:
        """The workers share what the tests that are left took before."""
        recorded = {0: 9.0, 1: 10.0, 2: 20.0, 3: 30.0}

        self.assertEqual(", about 30 s left", self.left(recorded, {0: 1.0}))

    def test_running(self) -> None:
        """What a test has run already is not left, nor is less than nothing."""
        recorded = {0: 9.0, 1: 10.0, 2: 20.0, 3: 4.0}

        self.assertEqual(", about 16 s left", self.left(recorded, {0: 1.0}, 2.0))
        self.assertEqual(", about 15 s left", self.left(recorded, {0: 1.0}, 9.0))

    def test_nearly_done(self) -> None:
        """As long as a test is left there is something to wait for."""
        recorded = dict.fromkeys(range(4), 0.2)

        self.assertEqual(", about 1 s left", self.left(recorded, {0: 0.2}))

    def test_without_record(self) -> None:
        """A test without a record takes as long as the recorded ones on average."""
        recorded = {0: 10.0, 1: 20.0}

        self.assertEqual(", about 15 s left", self.left(recorded, {0: 1.0, 1: 1.0}))

    def test_without_records(self) -> None:
        """Without records it takes as long as those that have ended."""
        self.assertEqual(", about 6 s left", self.left({}, {0: 8.0, 1: 4.0}))

    def test_nothing_known(self) -> None:
        """Before anything is known there is no estimate."""
        self.assertEqual("", self.left({}, {}))

    def test_nothing_left(self) -> None:
        """When every test has ended there is none either."""
        done = dict.fromkeys(range(4), 1.0)

        self.assertEqual("", self.left({}, done))


if __name__ == "__main__":
    unittest.main()
