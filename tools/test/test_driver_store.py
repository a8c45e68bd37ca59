"""The driver's database never gets in its way, whatever is wrong with it."""

import os
import resource
import sqlite3
import subprocess
import sys
import unittest
from contextlib import closing
from unittest import mock

from tools import ROOT
from tools.test.test_driver_history import FILE, HistoryCase, outcome
from tools.testing import store
from tools.testing.history import FILE_NAME
from tools.testing.records import ERROR, FAILED

NOBODY = 65534


class TestPlace(HistoryCase):
    """Where the history is."""

    def place(self, **variables: str) -> str:
        """The file, with these variables only, in the home folder /home/me."""
        with mock.patch.dict(os.environ, {"HOME": "/home/me", **variables}, clear=True):
            return self.history().path

    def test_folders(self) -> None:
        """TORCH_TEST_CACHE, or torch-test in the user's cache folder."""
        usual = "/home/me/.cache/torch-test/history.sqlite"

        self.assertEqual("/c/history.sqlite", self.place(TORCH_TEST_CACHE="/c"))
        self.assertEqual(
            "/home/me/c/history.sqlite", self.place(TORCH_TEST_CACHE="~/c")
        )
        self.assertEqual(
            "/x/torch-test/history.sqlite", self.place(XDG_CACHE_HOME="/x")
        )
        self.assertEqual(usual, self.place())
        self.assertEqual(usual, self.place(TORCH_TEST_CACHE="", XDG_CACHE_HOME=""))

    def test_relative_cache_home(self) -> None:
        """A relative XDG_CACHE_HOME is ignored, as its specification says."""
        self.assertEqual(
            "/home/me/.cache/torch-test/history.sqlite", self.place(XDG_CACHE_HOME="x")
        )


class TestTrouble(HistoryCase):
    """Whatever is wrong, there is an empty history and one text about it."""

    def assertNoHistory(self, problem: str) -> None:
        """Fail unless every method does nothing, and the problem is told."""
        history = self.history()

        history.record_listing({FILE: ["TestA.test_a"]}, "tree")
        history.record_outcomes([outcome("TestA.test_a", FAILED, 1.0)])

        self.assertEqual({}, history.durations())
        self.assertEqual((), history.last_failed())
        self.assertEqual({}, history.missing_tests({FILE: []}, "tree"))
        self.assertRegex(history.problem, problem)
        self.assertNotIn("\n", history.problem)

    def assertBegunAnew(self, reason: str, content: bytes) -> None:
        """Fail unless the file was set aside, told of once, and works again."""
        history = self.history()
        aside = self.path + store.SET_ASIDE

        self.assertEqual({}, history.durations())
        self.assertRegex(
            history.problem,
            f"^{self.path} begins anew: .*{reason}.*; the file of before is now "
            f"{aside}, which may be removed$",
        )
        with open(aside, "rb") as file:
            self.assertEqual(content, file.read())
        self.record(outcome("TestA.test_a", seconds=1.0))
        self.assertEqual([1.0], list(self.history().durations().values()))

    def put(self, content: bytes) -> bytes:
        """Make this the content of the file."""
        os.makedirs(self.cache, exist_ok=True)
        with open(self.path, "wb") as file:
            file.write(content)
        return content

    def filled(self) -> bytes:
        """The content of a file of several pages."""
        self.record(
            *(outcome(f"TestA.test_{n}", FAILED, seconds=1.0) for n in range(200))
        )
        with open(self.path, "rb") as file:
            return file.read()

    def test_no_database(self) -> None:
        """A file that is no database is set aside, and a new one begun."""
        content = self.put(b"This was a database once." * 100)

        self.assertBegunAnew("not a database", content)

    def test_damaged_pages(self) -> None:
        """A database with a broken inside is set aside, and a new one begun."""
        content = self.filled()
        content = self.put(content[:4096] + b"\xee" * (len(content) - 4096))

        self.assertBegunAnew("malformed", content)

    def test_damage_found_in_writing(self) -> None:
        """What was to be recorded in a damaged file goes into the new one."""
        content = self.filled()
        self.put(content[:4096] + b"\xee" * (len(content) - 4096))
        history = self.history()

        history.record_outcomes([outcome("TestA.test_a", seconds=3.0)])

        self.assertIn("begins anew", history.problem)
        self.assertEqual({f"{FILE}::TestA.test_a": 3.0}, history.durations())

    def test_journal_goes_along(self) -> None:
        """The journal of a run that dies in a damaged file is not played into the
        new one."""
        self.filled()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            query = "SELECT rootpage FROM sqlite_master WHERE name = 'durations'"
            page = other.execute(query).fetchone()[0]
            with open(self.path, "r+b") as file:
                file.seek((page - 1) * 4096)
                file.write(b"\xee" * 4096)
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM failures")
            self.assertTrue(os.path.exists(self.path + "-journal"))

            self.history().durations()

            self.assertFalse(os.path.exists(self.path + "-journal"))
            aside = self.path + store.SET_ASIDE
            self.assertTrue(os.path.exists(aside + "-journal"))

    def test_empty_file(self) -> None:
        """An empty file, as an interrupted start leaves it, is simply filled."""
        self.put(b"")

        self.record(outcome("TestA.test_a", seconds=1.0))

        self.assertEqual([1.0], list(self.history().durations().values()))

    def test_other_version(self) -> None:
        """The file of another version of the driver is set aside."""
        self.filled()
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA user_version = 99")
        with open(self.path, "rb") as file:
            content = file.read()

        self.assertBegunAnew("another version of the driver", content)

    def test_foreign_database(self) -> None:
        """A database of another program is set aside, not written into."""
        os.makedirs(self.cache)
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("CREATE TABLE history (line TEXT)")
        with open(self.path, "rb") as file:
            content = file.read()

        self.assertBegunAnew("another version of the driver", content)

    def test_odd_rows(self) -> None:
        """Values that nobody recorded are damage, too."""
        for change in (
            "UPDATE failures SET test = CAST(x'ff' AS TEXT)",
            "UPDATE failures SET test = x'ff'",
            "UPDATE failures SET value = 1.0",
        ):
            with self.subTest(change=change):
                self.record(outcome("TestA.test_a", FAILED))
                with closing(sqlite3.connect(self.path)) as database, database:
                    database.execute(change.replace("", ""))
                history = self.history()

                self.assertEqual((), history.last_failed())
                self.assertIn("begins anew", history.problem)

    def test_half_made(self) -> None:
        """Tables are made all, or none."""
        schema = ("CREATE TABLE a (b)", "nonsense")

        broken = store.Store(FILE_NAME, 1, schema)

        self.assertEqual("none", broken.use(lambda connection: "all", "none"))
        with closing(sqlite3.connect(self.path)) as database:
            count = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.assertEqual((0,), count)

    def test_made_meanwhile(self) -> None:
        """A run that finds no tables does not mind that another makes them."""
        version_of = store._schema_version

        def slowly(connection) -> int:
            version = version_of(connection)
            with mock.patch.object(store, "_schema_version", version_of):
                self.record(outcome("TestA.test_a", FAILED))
            change.stop()
            return version

        change = mock.patch.object(store, "_schema_version", slowly)
        change.start()
        history = self.history()

        self.assertEqual((f"{FILE}::TestA.test_a",), history.last_failed())
        self.assertIsNone(history.problem)

    def test_second_problem(self) -> None:
        """Of several problems the first is told."""
        self.put(b"This was a database once." * 100)
        history = self.history()
        history.durations()

        history.record_outcomes([outcome("TestA.test_\udcff", FAILED)])

        self.assertIn("begins anew", history.problem)

    def test_folder_in_its_place(self) -> None:
        """A folder where the file should be is told of, and left alone."""
        os.makedirs(os.path.join(self.path, "inside"))

        self.assertNoHistory(f"^{self.path} is not used: .*; if no other run is using")
        self.assertTrue(os.path.isdir(os.path.join(self.path, "inside")))

    def test_file_in_place_of_the_folder(self) -> None:
        """A file where the cache folder should be is told of."""
        with open(self.cache, "w"):
            pass

        self.assertNoHistory("set TORCH_TEST_CACHE to a folder that can be written$")

    def test_read_only_folder(self) -> None:
        """In a folder that cannot be written the history can be read still."""
        self.record(outcome("TestA.test_a", seconds=1.0))
        for path in self.folder, self.cache, self.path:
            os.chmod(path, 0o555)
            self.addCleanup(os.chmod, path, 0o755)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
            self.addCleanup(os.seteuid, 0)
        history = self.history()

        history.record_outcomes([outcome("TestA.test_a", seconds=9.0)])

        self.assertRegex(history.problem, "is not used: attempt to write a readonly")
        self.assertEqual([1.0], list(self.history().durations().values()))

    def test_no_folder_can_be_made(self) -> None:
        """Where no folder can be made there is no history."""
        self.environment(TORCH_TEST_CACHE="/proc/torch-test")

        self.assertNoHistory("^/proc/torch-test/history.sqlite is not used: ")

    def test_full_disk(self) -> None:
        """A write that does not fit leaves what was there."""
        self.record(outcome("TestA.test_a", seconds=1.0))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        history = self.history()

        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            history.record_outcomes([outcome("TestA.test_a", seconds=9.0)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        self.assertRegex(history.problem, f"^{self.path} is not used: ")
        self.assertEqual([1.0], list(self.history().durations().values()))

    def test_locked(self) -> None:
        """Another program that keeps the file locked is waited for once only."""
        self.record(outcome("TestA.test_a", seconds=1.0))
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")

            with mock.patch.object(sqlite3, "connect", wraps=sqlite3.connect) as opened:
                self.assertNoHistory("is not used: database is locked; ")

        self.assertEqual(1, opened.call_count)
        self.assertLessEqual(opened.call_args.kwargs["timeout"], 1.0)
        self.assertEqual([1.0], list(self.history().durations().values()))

    def test_no_sqlite(self) -> None:
        """A Python that was built without sqlite3 has no history."""
        with mock.patch.object(store, "sqlite3", None):
            self.assertNoHistory("without sqlite3")

    def test_no_home(self) -> None:
        """Where there is no home folder, none named ~ is made."""
        with mock.patch.dict(os.environ, clear=True):
            with mock.patch("os.path.expanduser", side_effect=str):
                self.assertNoHistory("no home folder; set TORCH_TEST_CACHE to a folder")

        self.assertFalse(os.path.exists("~"))

    def test_name_that_is_no_text(self) -> None:
        """What SQLite cannot hold costs the history, not the run."""
        history = self.history()

        history.record_outcomes([outcome("TestA.test_\udcff", FAILED)])

        self.assertRegex(history.problem, "is not used: .*surrogates")

    def test_failed_update(self) -> None:
        """Of an update that fails nothing is kept."""
        history = self.history()
        outcomes = [
            outcome("TestA.test_a", FAILED),
            outcome("TestA.test_\udcff", ERROR),
        ]

        history.record_outcomes(outcomes)

        self.assertEqual((), self.history().last_failed())


class TestCompany(HistoryCase):
    """Other processes."""

    SCRIPT = """if True:
        import sys
        from tools.testing.history import History
        from tools.testing.records import FAILED, Outcome, TorchInfo
        for number in range(10):
            history = History(sys.argv[1], TorchInfo("2.13.0"))
            test = f"TestA.test_{sys.argv[2]}_{number}"
            history.record_listing({"test/test_a.py": [test]}, "tree")
            history.record_outcomes([Outcome("test/test_a.py", test, FAILED)])
            if history.problem:
                sys.exit(history.problem)
    """

    def test_runs_at_the_same_time(self) -> None:
        """Runs that begin with no file and record at once lose nothing."""
        command = [sys.executable, "-c", self.SCRIPT, self.root]
        runs = [
            subprocess.Popen([*command, str(n)], cwd=ROOT, stderr=subprocess.PIPE)
            for n in range(4)
        ]

        errors = [run.communicate()[1].decode() for run in runs]

        self.assertEqual([""] * 4, errors)
        self.assertEqual(40, len(self.history().last_failed()))

    def test_nothing_stays_open(self) -> None:
        """Between calls no file is open: forked workers would inherit it."""
        history = self.history()

        history.durations()
        history.record_outcomes([outcome("TestA.test_a", FAILED)])

        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        opened = [os.readlink(link) for link in links if os.path.islink(link)]
        self.assertEqual([], [path for path in opened if path.startswith(self.cache)])


if __name__ == "__main__":
    unittest.main()
