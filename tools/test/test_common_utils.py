"""The base class of golden tests: writing, reading, and each way to fail."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from tools.test.sample_suite import FILE, SampleSuiteTestCase
from tools.testing.records import (
    CRASHED,
    ERROR,
    FAILED,
    KNOWN_BREAK,
    PASSED,
    SKIPPED,
    UNEXPECTED_PASS,
    UNPROMISED,
)

LINEAR = """
    @golden(since="1.0.0", kinds=("module.pt", "expected.npz"))
    def test_linear(self):
        x = torch.ones(2, 3)
        self.check_saved(
            "module.pt", torch.nn.Linear(3, 4), torch.save, load_golden,
            lambda module: [module.state_dict(), module(x)],
        )
"""
LINEAR_NAME = "TestSample.test_linear"


class LinearTestCase(SampleSuiteTestCase):
    """Base class: the suite has one test, whose golden 1.5.1 wrote."""

    _written = tempfile.TemporaryDirectory()

    def setUp(self) -> None:
        super().setUp()
        self.write_tests(LINEAR)
        kept = os.path.join(self._written.name, "serialized")
        if os.path.isdir(kept):
            shutil.copytree(kept, self.goldens)
        else:
            self.write_goldens("test_linear", "1.5.1")
            shutil.copytree(self.goldens, kept)

    def path(self, kind: str, release: str = "1.5.1") -> str:
        return os.path.join(self.goldens, release, f"{LINEAR_NAME}.{kind}")

    def provenance(self, release: str = "1.5.1") -> dict:
        with open(os.path.join(self.goldens, release, "provenance.json")) as file:
            return json.load(file)

    def states(self, outcomes: list) -> list:
        return [(outcome.writer, outcome.state) for outcome in outcomes]


class TestWriting(LinearTestCase):
    """Writing a golden, whole or not at all, once."""

    def test_provenance_says_who_wrote(self):
        """Provenance names torch, Python, sources, seed, and each file's hash."""
        provenance = self.provenance()
        (run,) = provenance["runs"]
        self.assertEqual("a test", run["command"])
        self.assertIn("area/test_sample.py", run["sources"])
        self.assertIn("common_utils.py", run["sources"])
        golden = provenance["goldens"][LINEAR_NAME]
        self.assertEqual({"module.pt", "expected.npz"}, set(golden["files"]))
        self.assertEqual({}, golden["faults"])
        self.assertNotEqual(0, golden["seed"])

    def test_a_golden_is_written_once(self):
        """Writing again leaves a golden alone; only rewriting makes it anew."""
        before = self.provenance()
        self.write_tests(LINEAR.replace("Linear(3, 4)", "Linear(3, 5)"))

        self.write_goldens("test_linear", "1.5.1")
        after = self.provenance()
        self.write_goldens("test_linear", "1.5.1", rewrite=True)
        rewritten = self.provenance()

        self.assertEqual(before, after)
        self.assertNotEqual(before["goldens"], rewritten["goldens"])
        self.assertEqual([], [n for n in os.listdir(self.goldens + "/1.5.1")
                              if n.startswith(".")])  # fmt: skip

    def test_what_its_writer_cannot_read_is_kept(self):
        """A golden that its writer fails to read back stays, marked in provenance."""
        self.write_tests(LINEAR.replace("load_golden,", "lambda path: 1 / 0,"))

        (outcome,) = self.write_goldens("test_linear", "1.6.0")

        self.assertEqual(ERROR, outcome.state)
        faults = self.provenance("1.6.0")["goldens"][LINEAR_NAME]["faults"]
        self.assertIn("ZeroDivisionError", faults["module.pt"])
        self.assertTrue(os.path.isfile(self.path("module.pt", "1.6.0")))

    def test_what_cannot_be_saved_leaves_nothing(self):
        """A golden whose saving fails leaves no file and no provenance of it."""
        self.write_tests(LINEAR.replace("torch.save,", "lambda value, path: 1 / 0,"))

        (outcome,) = self.write_goldens("test_linear", "1.6.0")

        self.assertEqual(ERROR, outcome.state)
        self.assertEqual([], os.listdir(os.path.join(self.goldens, "1.6.0")))

    def test_an_undeclared_subname_is_refused(self):
        """A subname that the decorator does not list is an error that names it."""
        self.write_tests(LINEAR.replace("module(x)],", "module(x)], subname='odd',"))

        (outcome,) = self.write_goldens("test_linear", "1.5.1")

        self.assertIn("subname 'odd' is not declared", outcome.message)


class TestReading(LinearTestCase):
    """Reading what a release wrote, and each way in which that fails."""

    def test_each_writer_is_read(self):
        """Reading has one outcome for each release that wrote, oldest first."""
        for release in ("1.10.0", "1.9.1"):
            written = self.write_goldens("test_linear", release)
            self.assertEqual([(release, PASSED)], self.states(written))

        outcomes = self.read_goldens("test_linear")

        expected = [(release, PASSED) for release in ("1.5.1", "1.9.1", "1.10.0")]
        self.assertEqual(expected, self.states(outcomes))

    def test_an_altered_file_is_not_loaded(self):
        """A file that is not the one that was written fails by its hash."""
        with open(self.path("module.pt"), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")

        (outcome,) = self.read_goldens("test_linear")

        self.assertEqual(ERROR, outcome.state)
        self.assertIn("not the file that was written", outcome.message)

    def test_a_missing_golden_fails(self):
        """A release folder without the golden is an error that says what to run."""
        self.write_tests(LINEAR.replace("test_linear", "test_other"))

        (outcome,) = self.read_goldens("test_other")

        self.assertEqual(("1.5.1", ERROR), (outcome.writer, outcome.state))
        self.assertIn("tools.golden write --release 1.5.1", outcome.message)

    def test_no_golden_at_all_fails(self):
        """A golden test that finds no golden of any release is an error."""
        shutil.rmtree(self.goldens)

        (outcome,) = self.read_goldens("test_linear")

        self.assertEqual(ERROR, outcome.state)
        self.assertIn("no goldens for TestSample.test_linear", outcome.message)

    def test_what_is_read_is_not_what_was_saved(self):
        """A loader that gives back the module built anew fails: its seed is another."""
        lazy = LINEAR.replace(
            "x = torch.ones(2, 3)",
            "x, module = torch.ones(2, 3), torch.nn.Linear(3, 4)",
        ).replace(
            "torch.nn.Linear(3, 4), torch.save, load_golden,",
            "module, torch.save, lambda path: module,",
        )
        self.write_tests(lazy)

        (outcome,) = self.read_goldens("test_linear")

        self.assertEqual(FAILED, outcome.state)

    def test_until_ends_the_writers(self):
        """A release after ``until`` neither writes the golden nor is asked for it."""
        body = LINEAR.replace('since="1.0.0",', 'since="1.0.0", until="1.8.1",')
        self.write_tests(body + LINEAR.replace("test_linear", "test_other"))
        self.write_goldens("test_other", "1.9.1")

        outcomes = self.read_goldens("test_linear")

        self.assertEqual([("1.5.1", PASSED)], self.states(outcomes))

    def test_a_reader_older_than_since_skips(self):
        """A torch that lacks what the test needs skips it and says so."""
        self.write_tests(LINEAR.replace("1.0.0", "99.0.0"))

        (outcome,) = self.read_goldens("test_linear")

        self.assertEqual(SKIPPED, outcome.state)
        self.assertIn("since 99.0.0", outcome.message)

    def test_a_crash_costs_one_cell(self):
        """After a crash on one writer's golden, the other writers are still read."""
        for release in ("1.9.1", "1.10.0"):
            self.write_goldens("test_linear", release)
        crash = "lambda path: os.abort() if '1.9.1' in path else load_golden(path),"
        self.write_tests(LINEAR.replace("load_golden,", crash))

        outcomes = self.read_goldens("test_linear")

        expected = [("1.5.1", PASSED), ("1.9.1", CRASHED), ("1.10.0", PASSED)]
        self.assertEqual(expected, self.states(outcomes))

    def test_a_range_of_writers(self):
        """Only goldens of the releases asked for are read."""
        self.write_goldens("test_linear", "1.9.1")

        outcomes = self.read_goldens("test_linear", writers="1.6.0..")

        self.assertEqual([("1.9.1", PASSED)], self.states(outcomes))

    def test_an_altered_golden_of_a_newer_writer_fails(self):
        """That reading newer files is not promised does not excuse a wrong hash."""
        self.write_goldens("test_linear", "99.0.0")
        os.unlink(self.path("module.pt", "99.0.0"))

        outcomes = self.read_goldens("test_linear")

        self.assertEqual([("1.5.1", PASSED), ("99.0.0", ERROR)], self.states(outcomes))

    def test_a_newer_writer_is_not_promised(self):
        """Failing on a newer release's golden is told apart and is no failure."""
        shutil.rmtree(self.goldens)
        self.write_goldens("test_linear", "99.0.0")
        self.write_tests(LINEAR.replace("load_golden,", "lambda path: 1 / 0,"))

        outcomes = self.read_goldens("test_linear")

        self.assertEqual([("99.0.0", UNPROMISED)], self.states(outcomes))

    def test_run_directly(self):
        """The file runs by itself, says what it did, and exits with its own code."""
        command = [sys.executable, FILE, "TestSample.test_linear", "-v"]

        fine = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        os.unlink(self.path("module.pt"))
        bad = subprocess.run(command, cwd=self.root, capture_output=True, text=True)

        self.assertEqual(0, fine.returncode, fine.stderr)
        self.assertEqual(1, bad.returncode)
        self.assertIn("module.pt: missing", bad.stderr)


class TestLedgerInTheBaseClass(LinearTestCase):
    """What the ledger says of a cell decides what a failure of it is."""

    BROKEN = LINEAR.replace("load_golden,", "lambda path: 1 / 0,")

    def outcome(self, row: str, body: str = BROKEN):
        self.write_ledger(row)
        self.write_tests(body)
        (outcome,) = self.read_goldens("test_linear")
        return outcome

    def test_listed(self):
        """A failure with the listed message is a known break, by its row."""
        outcome = self.outcome(f"{LINEAR_NAME}*,1.5.1,*,ZeroDivisionError: div,why,ref")

        self.assertEqual((KNOWN_BREAK, 2), (outcome.state, outcome.row))

    def test_another_message(self):
        """A listed cell that fails with another message is a failure."""
        outcome = self.outcome(f"{LINEAR_NAME}*,*,*,KeyError: x,why,ref")

        self.assertEqual(ERROR, outcome.state)

    def test_another_writer(self):
        """A row about other writers does not excuse this one."""
        outcome = self.outcome(f"{LINEAR_NAME}*,1.6.0..,*,ZeroDivisionError,why,ref")

        self.assertEqual(ERROR, outcome.state)

    def test_passes(self):
        """A listed cell that passes is a failure that names the row."""
        outcome = self.outcome(f"{LINEAR_NAME}*,*,*,ZeroDivisionError,why,ref", LINEAR)

        self.assertEqual(UNEXPECTED_PASS, outcome.state)
        self.assertIn("known_breaks.csv:2", outcome.message)


if __name__ == "__main__":
    unittest.main()
