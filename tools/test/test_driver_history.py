"""What the driver remembers of earlier runs, and that this never gets in its way."""

import os
import sqlite3
import tempfile
import unittest
from contextlib import closing
from unittest import mock

from tools.testing.history import FILE_NAME, KEEP_SECONDS, TABLES, History
from tools.testing.records import (
    ERROR,
    FAILED,
    KNOWN_BREAK,
    MISSING,
    NO_END,
    PASSED,
    SKIPPED,
    STALE_ROW,
    Outcome,
    TorchInfo,
)

FILE = "test/test_a.py"
TORCH = TorchInfo("2.13.0+cpu", "abc", "/lib/torch", "3.11.7")


def outcome(test: str, state: str = PASSED, seconds: float = 0.0, **more) -> Outcome:
    """An outcome in FILE."""
    return Outcome(FILE, test, state, seconds=seconds, **more)


class HistoryCase(unittest.TestCase):
    """A temporary cache folder, and a tree beside it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.root = os.path.join(self.folder, "tree")
        self.cache = os.path.join(self.folder, "cache")
        self.path = os.path.join(self.cache, FILE_NAME)
        self.environment(TORCH_TEST_CACHE=self.cache)
        self.write(FILE, "one")

    def environment(self, **variables: str) -> None:
        """Set environment variables until the test ends."""
        change = mock.patch.dict(os.environ, variables)
        change.start()
        self.addCleanup(change.stop)

    def write(self, name: str, text: str) -> str:
        """Write a file of the tree; its path."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def history(self, torch: TorchInfo = TORCH, root: str = "") -> History:
        """The history as the next run finds it."""
        return History(root or self.root, torch)

    def record(self, *outcomes: Outcome, **options: bool) -> None:
        """Record the outcomes of a run."""
        history = self.history()
        history.record_outcomes(outcomes, **options)
        self.assertIsNone(history.problem)


class TestDurations(HistoryCase):
    """How long tests took."""

    def test_first_run(self) -> None:
        """After one run a test takes what it took."""
        self.record(outcome("TestA.test_a", seconds=3.0))

        self.assertEqual({f"{FILE}::TestA.test_a": 3.0}, self.history().durations())

    def test_smoothed(self) -> None:
        """After another run it is half of that, and half of what was known."""
        self.record(outcome("TestA.test_a", seconds=4.0))

        self.record(outcome("TestA.test_a", seconds=2.0))

        self.assertEqual({f"{FILE}::TestA.test_a": 3.0}, self.history().durations())

    def test_sum(self) -> None:
        """A test takes as long as its sub-tests together."""
        self.record(
            outcome("TestA.test_a", seconds=1.0, parameters={"writer": "1.0.1"}),
            outcome("TestA.test_a", seconds=2.0, parameters={"writer": "1.3.1"}),
        )

        self.assertEqual({f"{FILE}::TestA.test_a": 3.0}, self.history().durations())

    def test_others_are_kept(self) -> None:
        """What did not run keeps its duration."""
        self.record(outcome("TestA.test_a", seconds=1.0))

        self.record(outcome("TestA.test_b", seconds=2.0))

        self.assertEqual(
            {f"{FILE}::TestA.test_a": 1.0, f"{FILE}::TestA.test_b": 2.0},
            self.history().durations(),
        )

    def test_only_tests_that_ran(self) -> None:
        """Files, fixtures and tests that took no time have no duration."""
        self.record(
            outcome("", NO_END, 1.0),
            outcome("tearDownClass (TestA)", ERROR, 1.0),
            outcome("tearDownModule", ERROR, 1.0),
            outcome("TestA.test_a", SKIPPED),
        )

        self.assertEqual({}, self.history().durations())

    def test_partial_run(self) -> None:
        """A run that left out sub-tests does not tell how long a test takes."""
        self.record(outcome("TestA.test_a", seconds=4.0))

        self.record(outcome("TestA.test_a", seconds=1.0), partial=True)

        self.assertEqual({f"{FILE}::TestA.test_a": 4.0}, self.history().durations())

    def test_sharded_run(self) -> None:
        """The next shard of a run finds the durations that the first found."""
        self.record(outcome("TestA.test_a", seconds=4.0))

        self.record(outcome("TestA.test_a", seconds=1.0), sharded=True)

        self.assertEqual({f"{FILE}::TestA.test_a": 4.0}, self.history().durations())

    def test_kept_apart(self) -> None:
        """Another tree and another release have a history of their own."""
        self.record(outcome("TestA.test_a", seconds=1.0))

        self.assertEqual({}, self.history(root=self.folder).durations())
        self.assertEqual({}, self.history(TorchInfo("2.13.1+cpu")).durations())

    def test_builds_share(self) -> None:
        """A build of another commit of the release has the same history."""
        self.record(outcome("TestA.test_a", seconds=1.0))

        build = self.history(TorchInfo("2.13.0a0+git1234"))

        self.assertEqual([1.0], list(build.durations().values()))

    def test_link_to_the_tree(self) -> None:
        """A tree has one history, whatever path leads to it."""
        self.record(outcome("TestA.test_a", seconds=1.0))
        link = os.path.join(self.folder, "link")
        os.symlink(self.root, link)

        self.assertEqual([1.0], list(self.history(root=link).durations().values()))

    def test_old_rows(self) -> None:
        """What nothing was heard of for 90 days is forgotten, the rest is not."""
        self.record(outcome("TestA.test_old", FAILED, 1.0))
        self.history().record_listing({FILE: ["TestA.test_old"]}, "tree")
        with closing(sqlite3.connect(self.path)) as database, database:
            for table in TABLES:
                database.execute(
                    f"UPDATE {table} SET seen = seen - ?", (KEEP_SECONDS + 60,)
                )

        self.record(outcome("TestA.test_new", FAILED, 1.0))

        history = self.history()
        self.assertEqual([f"{FILE}::TestA.test_new"], list(history.durations()))
        self.assertEqual((f"{FILE}::TestA.test_new",), history.last_failed())
        self.assertEqual({}, history.missing_tests({FILE: []}, "tree"))


class TestFailures(HistoryCase):
    """What failed when it last ran."""

    def test_failed(self) -> None:
        """A test has failed if one of its sub-tests has; known breaks have not."""
        self.record(
            outcome("TestA.test_b", FAILED, parameters={"writer": "1.0.1"}),
            outcome("TestA.test_b", parameters={"writer": "1.3.1"}),
            outcome("TestA.test_a", NO_END),
            outcome("TestA.test_c", KNOWN_BREAK),
        )

        self.assertEqual(
            (f"{FILE}::TestA.test_a", f"{FILE}::TestA.test_b"),
            self.history().last_failed(),
        )

    def test_mended(self) -> None:
        """A test that passes again is forgotten; one that did not run is not."""
        self.record(outcome("TestA.test_a", FAILED), outcome("TestA.test_b", FAILED))

        self.record(outcome("TestA.test_a"))

        self.assertEqual((f"{FILE}::TestA.test_b",), self.history().last_failed())

    def test_partial_run(self) -> None:
        """A run that left out sub-tests adds failures, and forgets none."""
        self.record(outcome("TestA.test_a", FAILED))

        self.record(
            outcome("TestA.test_a"), outcome("TestA.test_b", FAILED), partial=True
        )

        self.assertEqual(
            (f"{FILE}::TestA.test_a", f"{FILE}::TestA.test_b"),
            self.history().last_failed(),
        )

    def test_sharded_run(self) -> None:
        """A shard tells of its tests as any run does."""
        self.record(outcome("TestA.test_a", FAILED))

        self.record(
            outcome("TestA.test_a"), outcome("TestA.test_b", FAILED), sharded=True
        )

        self.assertEqual((f"{FILE}::TestA.test_b",), self.history().last_failed())

    def test_import(self) -> None:
        """A file that could not be imported has failed, until a test of it runs."""
        self.record(outcome("", ERROR))
        before = self.history().last_failed()

        self.record(outcome("TestA.test_a"))

        self.assertEqual(((FILE,), ()), (before, self.history().last_failed()))

    def test_class_fixture(self) -> None:
        """A fixture stands for its class, until a test of that class runs well."""
        self.record(outcome("TestA.test_a"), outcome("tearDownClass (TestA)", ERROR))
        self.record(outcome("TestB.test_b"))
        before = self.history().last_failed()

        self.record(outcome("TestA.test_a"))

        self.assertEqual(
            ((f"{FILE}::TestA",), ()), (before, self.history().last_failed())
        )

    def test_module_fixture(self) -> None:
        """A fixture of the module stands for its file."""
        self.record(outcome("TestA.test_a"), outcome("tearDownModule", ERROR))

        self.assertEqual((FILE,), self.history().last_failed())

    def test_what_is_no_test(self) -> None:
        """Rows of the ledger and missing tests cannot be run again."""
        self.record(
            Outcome("test/known_breaks.csv", "known_breaks.csv:7", STALE_ROW),
            outcome("TestA.test_gone", MISSING),
        )

        self.assertEqual((), self.history().last_failed())


class TestMissing(HistoryCase):
    """Tests that were there, and are not, although nothing changed."""

    LISTED = {FILE: ["TestA.test_a", "TestA.test_b"], "test/test_b.py": ["TestB.test"]}

    def missing(self, listed: dict, tree: str = "tree", torch: TorchInfo = TORCH):
        """What is missing in a run after one that listed LISTED in ``tree``."""
        self.history().record_listing(self.LISTED, "tree")
        history = self.history(torch)
        missing = history.missing_tests(listed, tree)
        self.assertIsNone(history.problem)
        return missing

    def test_same(self) -> None:
        """Nothing is missing where all are there again, or more."""
        more = {**self.LISTED, "test/test_b.py": ["TestB.test", "TestB.test_new"]}

        self.assertEqual({}, self.missing(self.LISTED))
        self.assertEqual({}, self.missing(more))

    def test_one_less(self) -> None:
        """A test that is not there any more is missing."""
        listed = {**self.LISTED, FILE: ["TestA.test_b"]}

        self.assertEqual({FILE: ("TestA.test_a",)}, self.missing(listed))

    def test_empty_file(self) -> None:
        """All tests of a file that has none any more are missing."""
        listed = {**self.LISTED, FILE: []}

        self.assertEqual({FILE: ("TestA.test_a", "TestA.test_b")}, self.missing(listed))

    def test_file_that_was_not_imported(self) -> None:
        """Nothing is said of a file that was not imported to its end."""
        self.assertEqual({}, self.missing({"test/test_b.py": ["TestB.test"]}))

    def test_changes(self) -> None:
        """Nothing is missing where the tree, the torch or the Python is another."""
        others = (
            TorchInfo("2.13.0+cu130", "abc", "/lib/torch", "3.11.7"),
            TorchInfo("2.13.0+cpu", "def", "/lib/torch", "3.11.7"),
            TorchInfo("2.13.0+cpu", "abc", "/other/torch", "3.11.7"),
            TorchInfo("2.13.0+cpu", "abc", "/lib/torch", "3.12.0"),
        )

        self.assertEqual({}, self.missing({FILE: []}, tree="other"))
        for torch in others:
            with self.subTest(torch=torch):
                self.assertEqual({}, self.missing({FILE: []}, torch=torch))

    def test_stays_missing(self) -> None:
        """Running again does not make a missing test good; a change does."""
        fewer = {FILE: ["TestA.test_b"]}
        self.missing(fewer)

        self.history().record_listing(fewer, "tree")
        again = self.history().missing_tests(fewer, "tree")
        self.history().record_listing(fewer, "changed")
        changed = self.history().missing_tests(fewer, "changed")

        self.assertEqual(({FILE: ("TestA.test_a",)}, {}), (again, changed))

    def test_among_goldens(self) -> None:
        """Of files where the fingerprint does not look nothing is said."""
        file = "test/area/serialized/test_x.py"
        self.history().record_listing({file: ["TestX.test"]}, "tree")

        self.assertEqual({}, self.history().missing_tests({file: []}, "tree"))


if __name__ == "__main__":
    unittest.main()
