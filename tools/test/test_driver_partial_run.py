"""Runs of a part: up to the first failure, or what failed before."""

import unittest
from typing import List

from tools.test.run_case import RunCase

MIXED = """
    class TestA(TestCase):
        def test_pass(self): pass
        def test_fail(self): self.fail("it does")
        def test_skip(self): self.skipTest("no reason")
"""
# A failure of each kind that --failed-to has a name for, and what passes beside it.
FIXTURES = """
    class TestSetUp(TestCase):
        @classmethod
        def setUpClass(cls): raise OSError("no")
        def test_a(self): pass
        def test_b(self): pass
    class TestTearDown(TestCase):
        @classmethod
        def tearDownClass(cls): raise OSError("no")
        def test_a(self): pass
        def test_b(self): pass
    class TestC(TestCase):
        def test_fail(self): self.fail("it does")
        def test_pass(self): pass
"""
BROKEN = "test/test_broken.py"


class PartCase(RunCase):
    """A run, and which tests it ran."""

    def ran(self, *arguments: str) -> List[str]:
        """The names of what has an outcome, sorted."""
        _, result = self.drive_to_result("--reruns", "0", *arguments)
        return sorted(outcome.name for outcome in result.outcomes)


class TestFailFast(PartCase):
    """--fail-fast ends a run with its first failure."""

    def test_rest_does_not_run(self) -> None:
        """What was to come did not run, and that is told."""
        self.suite("""
            class TestA(TestCase):
                def test_1(self): pass
                def test_2(self): self.fail("it does")
                def test_3(self): hang()
        """)

        run, result = self.drive_to_result("--fail-fast", "-j", "1")

        self.assertEqual(1, run.returncode)
        self.assertEqual(
            {"TestA.test_1": "passed", "TestA.test_2": "failed"},
            {outcome.name: outcome.state for outcome in result.outcomes},
        )
        self.assertEqual(("test/test_suite.py::TestA.test_3",), result.not_run)
        self.assertFalse(result.interrupted)
        self.assertEqual(
            [
                "stopped at the first failure: 2 of 3 tests ran",
                "1 passed, 1 failed, 0 skipped",
            ],
            run.stdout.splitlines()[-2:],
        )

    def test_other_worker(self) -> None:
        """A test that another worker is at is ended, and did not run either."""
        self.suite("""
            class TestA(TestCase):
                def test_fails(self):
                    while not exists("hangs"): time.sleep(0.02)
                    self.fail("it does")
                def test_hangs(self): hang()
        """)

        run, result = self.drive_to_result(
            "--fail-fast", "-j", "2", "--isolate", "test"
        )

        self.assertEqual(1, run.returncode)
        self.assertEqual(["TestA.test_fails"], [o.name for o in result.outcomes])
        self.assertEqual(("test/test_suite.py::TestA.test_hangs",), result.not_run)
        self.assertNothingLeft()

    def test_broken_file(self) -> None:
        """A file that cannot be imported is a failure before the first test."""
        self.suite(MIXED)
        self.write(BROKEN, "import nonsense")

        run, result = self.drive_to_result("--fail-fast")

        self.assertEqual(1, run.returncode)
        self.assertEqual([BROKEN], [o.name for o in result.outcomes])
        self.assertEqual(3, len(result.not_run))

    def test_nothing_fails(self) -> None:
        """Without a failure everything runs."""
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")

        run, result = self.drive_to_result("--fail-fast")

        self.assertEqual((0, ()), (run.returncode, result.not_run))


class TestLastFailed(PartCase):
    """--last-failed runs what failed when it last ran."""

    def test_failed(self) -> None:
        """Only what failed runs again; once mended, nothing is left to run."""
        self.suite(MIXED)
        self.drive()

        self.assertEqual(["TestA.test_fail"], self.ran("--last-failed"))
        self.suite(MIXED.replace("self.fail", "str"))
        self.assertEqual(["TestA.test_fail"], self.ran("--last-failed"))
        run = self.drive("--last-failed")

        self.assertEqual((5, ""), (run.returncode, run.stdout))
        told = f"error: nothing ran in {self.root}: nothing failed when it last ran\n"
        self.assertEqual(told, run.stderr)

    def test_fixtures_and_files(self) -> None:
        """A fixture that failed runs with its class, a broken file as soon as it can
        be imported."""
        self.suite(FIXTURES)
        self.write(BROKEN, "import nonsense")
        self.drive("--reruns", "0")
        self.suite("class TestB(TestCase):\n    def test_b(self): pass", BROKEN)

        ran = self.ran("--last-failed")

        self.assertEqual(
            [
                "TestB.test_b",
                "TestC.test_fail",
                "TestSetUp.test_a",
                "TestSetUp.test_b",
                "TestTearDown.test_a",
                "TestTearDown.test_b",
                "tearDownClass (TestTearDown)",
            ],
            ran,
        )


class TestFailedTo(PartCase):
    """--failed-to writes names, from which -i @FILE runs what failed."""

    def test_round_trip(self) -> None:
        """Tests, classes with a failed fixture and broken files run again, and nothing
        else; if nothing has failed, nothing runs."""
        self.suite(FIXTURES)
        self.write(BROKEN, "import nonsense")
        names = self.path("failed")
        self.drive("--reruns", "0", "--failed-to", names)

        ran = self.ran("-i", f"@{names}")

        self.assertEqual(
            [
                "TestC.test_fail",
                "TestSetUp.test_a",
                "TestSetUp.test_b",
                "TestTearDown.test_a",
                "TestTearDown.test_b",
                "tearDownClass (TestTearDown)",
                BROKEN,
            ],
            ran,
        )
        self.assertEqual(
            [
                BROKEN,
                "test/test_suite.py::TestC.test_fail",
                "test/test_suite.py::TestSetUp.test_a",
                "test/test_suite.py::TestSetUp.test_b",
                "test/test_suite.py::TestTearDown",
            ],
            sorted(self.read("failed").splitlines()),
        )

    def test_nothing_failed(self) -> None:
        """After a green run its file is empty, from which nothing runs."""
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")
        names = self.path("failed")
        self.drive("--failed-to", names)

        run = self.drive("-i", f"@{names}")

        self.assertEqual("", self.read("failed"))
        self.assertEqual((5, ""), (run.returncode, run.stdout))


if __name__ == "__main__":
    unittest.main()
