"""The command that shows a failure again."""

import os
import sys
import tempfile
import unittest
from unittest import mock

from tools import ROOT
from tools.test.reporter_case import FILE, INFO, TORCH, outcome
from tools.testing import records
from tools.testing.failure import command
from tools.testing.options import Options
from tools.testing.records import Outcome, RunInfo

RUNNER = os.path.join(ROOT, "run_test.py")


class TestCommand(unittest.TestCase):
    """The command that shows a failure again, from the folder of the project."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        self.path = os.path.join(self.root, FILE)
        os.makedirs(os.path.dirname(self.path))
        self.write("if __name__ == '__main__':\n    unittest.main()\n")
        which = mock.patch("shutil.which", return_value=sys.executable)
        which.start()
        self.addCleanup(which.stop)

    def write(self, text: str) -> None:
        """Make this the test file."""
        with open(self.path, "w") as file:
            file.write(text)

    def command(self, failure: Outcome, seed: int = 0, **options) -> str:
        """The command, without the interpreter."""
        command_line = ("run_test.py", "-j", "2")
        info = RunInfo(TORCH, self.root, command_line, "", seed=seed)
        python, _, rest = command(failure, info, Options(**options)).partition(" ")
        self.assertIn(python, ("python", sys.executable))
        return rest

    def by_driver(self, name: str, *rest: str) -> str:
        """The command that takes the driver."""
        runner = os.path.relpath(RUNNER)
        runner = RUNNER if runner.startswith(os.pardir) else runner
        return " ".join([runner, "--root", self.root, "-i", name, *rest])

    def test_by_the_file(self) -> None:
        """A plain failure shows when the file itself is run."""
        for test, expected in {
            "TestA.test_a": f"{self.path} TestA.test_a",
            "tearDownClass (TestA)": f"{self.path} TestA",
            "tearDownModule": self.path,
            "": self.path,
        }.items():
            with self.subTest(test):
                failure = outcome(records.ERROR, test, parameters={"writer": "1.0.1"})

                self.assertEqual(expected, self.command(failure))

    def test_by_the_driver(self) -> None:
        """What only the driver sees takes the driver, and the writer to blame."""
        for state in (*filter(records.is_death, records.SENTENCES), records.CHANGED):
            with self.subTest(state):
                failure = outcome(state, parameters={"writer": "1.0.1"})

                self.assertEqual(
                    self.by_driver(f"{FILE}::TestA.test_a", "--writer 1.0.1"),
                    self.command(failure),
                )

    def test_no_release(self) -> None:
        """A parameter that happens to be called writer is no range of releases."""
        failure = outcome(records.CRASHED, parameters={"writer": "Tolstoy"})

        self.assertEqual(self.by_driver(f"{FILE}::TestA.test_a"), self.command(failure))

    def test_names_for_the_driver(self) -> None:
        """A class or a file is to blame where a fixture or an import is."""
        for test, name in {
            "tearDownClass (TestA)": f"{FILE}::TestA",
            "tearDownModule": FILE,
            "": FILE,
        }.items():
            with self.subTest(test):
                failure = outcome(records.CRASHED, test)

                self.assertEqual(self.by_driver(name), self.command(failure))

    def test_no_main_block(self) -> None:
        """A file that runs no tests takes the driver, unless it cannot be imported."""
        for number, text in enumerate((
            "import unittest\ndef main(): pass\n",
            "if __name__ == '__main__':\n    raise RuntimeError('run test_nn.py')\n",
        )):  # fmt: skip
            with self.subTest(text):
                self.path = os.path.join(self.root, f"test/nn/test_{number}.py")
                self.write(text)
                file = f"test/nn/test_{number}.py"

                self.assertEqual(
                    self.by_driver(f"{file}::TestA.test_a"),
                    self.command(outcome(records.FAILED, file=file)),
                )
                self.assertEqual(
                    self.path, self.command(outcome(records.ERROR, "", file=file))
                )

    def test_no_file(self) -> None:
        """A file that is gone cannot be run."""
        os.remove(self.path)

        self.assertEqual(
            self.by_driver(f"{FILE}::TestA.test_a"),
            self.command(outcome(records.FAILED)),
        )

    def test_limits(self) -> None:
        """The limits that ended a test, and the seed, are in the command."""
        name = f"{FILE}::TestA.test_a"

        self.assertEqual(
            self.by_driver(name, "--timeout 2.5"),
            self.command(outcome(records.TIMED_OUT), timeout=2.5, memory_limit=10**9),
        )
        self.assertEqual(
            self.by_driver(name, "--memory-limit 1000000000"),
            self.command(
                outcome(records.OUT_OF_MEMORY), timeout=2.5, memory_limit=10**9
            ),
        )
        self.assertEqual(
            self.by_driver(name, "--seed 3"),
            self.command(outcome(records.FAILED), seed=3, timeout=2.5),
        )

    def test_whole_run(self) -> None:
        """A test that fails only in company takes the same run again."""
        failure = outcome(records.FAILED, verdict=records.IN_COMPANY)

        self.assertEqual("run_test.py -j 2", self.command(failure))
        self.assertEqual("run_test.py -j 2", self.command(outcome(records.MISSING)))

    def test_stale_row(self) -> None:
        """A row that is stale takes the tests that it is about."""
        row = outcome(
            records.STALE_ROW, "known_breaks.csv:3", message="TestA.*(engine=x): no"
        )

        self.assertTrue(self.command(row).endswith(" -k '*.TestA.*'"))

    def test_this_tree(self) -> None:
        """In the project's own tree no root is named."""
        told = command(outcome(records.CRASHED), INFO, Options())

        self.assertTrue(told.endswith(f"run_test.py -i {FILE}::TestA.test_a"), told)

    def test_quoted(self) -> None:
        """What a shell would take apart is quoted."""
        failure = outcome(records.CRASHED, "TestA.test a; rm")

        self.assertTrue(
            self.command(failure).endswith(f"-i '{FILE}::TestA.test a; rm'")
        )


if __name__ == "__main__":
    unittest.main()
