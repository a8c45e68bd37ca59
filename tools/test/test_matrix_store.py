"""The matrix's file: what is saved is there again, and whatever is wrong is told."""

import contextlib
import io
import sqlite3
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from tools.matrix import store as store_module
from tools.matrix.__main__ import main
from tools.matrix.cells import Reader
from tools.matrix.errors import MatrixError
from tools.matrix.store import SCHEMA_VERSION, MatrixStore
from tools.test import matrix_samples as samples

READER = Reader("2.0.1", "environment", {"torch": "2.0.1", "python": "3.10"})
CELL = samples.cells_of("x", readers=[READER.name])[0]
KEY = (CELL.file, CELL.test, CELL.writer)


class StoreTestCase(unittest.TestCase):
    """Has a path for a store."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "matrix.sqlite")

    def fill(self, path: Path | None = None, reader: Reader = READER) -> None:
        with MatrixStore(path or self.path) as store:
            store.begin(reader)
            cell = samples.cells_of("x", readers=[reader.name])[0]
            store.save(reader.name, {KEY: "digest"}, [cell])


class TestStore(StoreTestCase):
    """Cells, readings and readers come back as they were."""

    def test_round_trip(self) -> None:
        """All fields of a cell and of a reader."""
        self.fill()
        with MatrixStore(self.path) as store:
            self.assertEqual([CELL], list(store.cells()))
            self.assertEqual([CELL], list(store.cells(READER.name)))
            self.assertEqual([], list(store.cells("1.4.0")))
            self.assertEqual({KEY: "digest"}, store.digests(READER))
            (reader,) = store.readers()
            self.assertEqual((READER, READER.facts), (reader, reader.facts))

    def test_saved_again(self) -> None:
        """A target that is read again loses the cells of before."""
        self.fill()
        with MatrixStore(self.path) as store:
            (better,) = samples.cells_of(".", readers=[READER.name], parameters=())
            store.save(READER.name, {KEY: "other"}, [better])

            self.assertEqual([better], list(store.cells()))
            self.assertEqual({KEY: "other"}, store.digests(READER))

    def test_other_environment(self) -> None:
        """A reader that was installed anew knows nothing; its old cells go."""
        self.fill()
        other = Reader(READER.name, "another", READER.facts)
        with MatrixStore(self.path) as store:
            self.assertEqual({}, store.digests(other))
            store.begin(other)
            self.assertEqual([], list(store.cells()))

    def test_failed_save(self) -> None:
        """A save that fails midway leaves all as it was."""
        self.fill()
        stranger = samples.cells_of("x", writer="9.9.9", readers=[READER.name])[0]
        with MatrixStore(self.path) as store:
            with self.assertRaises(KeyError):
                store.save(READER.name, {KEY: "other"}, [CELL, stranger])
            # The text of what was rolled back must not be taken for known.
            store.save(READER.name, {KEY: "third"}, [CELL])
        with MatrixStore(self.path) as store:
            self.assertEqual([CELL], list(store.cells()))
            self.assertEqual({KEY: "third"}, store.digests(READER))

    def test_targets_that_are_no_more(self) -> None:
        """Readings of other targets go; what is about no single writer stays."""
        self.fill()
        gone, nowhere = (CELL.file, CELL.test, "1.4.0"), (CELL.file, CELL.test, "")
        with MatrixStore(self.path) as store:
            store.save(READER.name, {gone: "d", nowhere: ""}, [])
            self.assertEqual(1, store.forget_all_but([KEY]))
            self.assertEqual({KEY, nowhere}, set(store.digests(READER)))


class TestUnusable(StoreTestCase):
    """Whatever is wrong with the file is one clear error, and nothing is lost."""

    def check(self, words: str) -> None:
        before = self.path.read_bytes()
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            code = main(["events", "--store", str(self.path)])

        self.assertEqual(2, code)
        self.assertIn(str(self.path), error.getvalue())
        self.assertIn(words, error.getvalue())
        self.assertEqual(before, self.path.read_bytes())

    def test_missing(self) -> None:
        """A command that reads makes no file."""
        with self.assertRaisesRegex(MatrixError, "there is no such matrix; python -m"):
            MatrixStore(self.path, create=False)
        self.assertFalse(self.path.exists())

    def test_truncated(self) -> None:
        """A file that was cut short."""
        self.fill()
        with self.path.open("r+b") as file:
            file.truncate(self.path.stat().st_size // 2)
        self.check("truncated or no matrix")

    def test_no_database(self) -> None:
        """A file of another kind."""
        self.path.write_text("no database, and longer than a header" * 10)
        self.check("truncated or no matrix")

    def test_other_database(self) -> None:
        """An SQLite file of another program is left alone."""
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.execute("CREATE TABLE mine (text)")
            database.commit()
        self.check("a database, and no matrix")

    def test_newer_schema(self) -> None:
        """A file of a later version of this project."""
        self.fill()
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
            database.commit()
        self.check(f"its schema is {SCHEMA_VERSION + 1}, newer than {SCHEMA_VERSION}")

    def test_locked(self) -> None:
        """A file that another run is writing."""
        self.fill()
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.execute("BEGIN EXCLUSIVE")
            with mock.patch.object(store_module, "LOCK_SECONDS", 0.1):
                self.check("locked; another run uses it")

    def test_full_disk(self) -> None:
        """A disk without room keeps what was saved before."""
        self.fill()
        many = [
            samples.cells_of("x", readers=[READER.name], message=f"{n:04}" * 500)[0]
            for n in range(200)
        ]
        with MatrixStore(self.path) as store:
            # As many pages as there are: SQLite says then that the disk is full.
            pages = store._db.execute("PRAGMA page_count").fetchone()[0]
            store._db.execute(f"PRAGMA max_page_count = {pages}")
            with self.assertRaisesRegex(MatrixError, "full; free some disk"):
                for cell in many:
                    store.save(READER.name, {KEY: "more"}, [cell])
        with MatrixStore(self.path) as store:
            self.assertEqual(1, len(list(store.cells())))

    def test_folder_that_cannot_be_written(self) -> None:
        """A place that cannot be."""
        self.path.write_text("")
        with self.assertRaisesRegex(MatrixError, "matrix.sqlite/inner"):
            MatrixStore(self.path / "inner" / "m.sqlite")


class TestMerge(StoreTestCase):
    """``merge`` joins matrices of different readers."""

    def test_two_parts(self) -> None:
        """The readers of both, with their cells and what these were made from."""
        other = Reader("2.6.0", "e", {"torch": "2.6.0"})
        parts = [self.path.with_name("a.sqlite"), self.path.with_name("b.sqlite")]
        for part, reader in zip(parts, (READER, other), strict=True):
            self.fill(part, reader)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            code = main(["merge", *map(str, parts), "--store", str(self.path)])

        self.assertEqual(0, code)
        self.assertIn("2 readers, 2.0.1, 2.6.0", output.getvalue())
        with MatrixStore(self.path) as store:
            self.assertEqual(2, len(list(store.cells())))
            self.assertEqual({KEY: "digest"}, store.digests(other))

    def test_into_what_is_there(self) -> None:
        """A target that the part has, too, gets its cells; others keep theirs."""
        part, other_key = self.path.with_name("a.sqlite"), (CELL.file, "Other", "1.0.1")
        self.fill(part)
        (older,) = samples.cells_of(".", readers=[READER.name], parameters=())
        kept = replace(older, test="Other", writer="1.0.1")
        with MatrixStore(self.path) as store:
            store.begin(READER)
            store.save(READER.name, {other_key: "kept", KEY: "older"}, [kept, older])
        with contextlib.redirect_stdout(io.StringIO()):
            main(["merge", str(part), "--store", str(self.path)])

        with MatrixStore(self.path) as store:
            self.assertCountEqual([CELL, kept], store.cells())
            self.assertEqual({KEY: "digest", other_key: "kept"}, store.digests(READER))

    def test_same_reader_twice(self) -> None:
        """Two parts with one reader are refused, and nothing is written."""
        parts = [self.path.with_name("a.sqlite"), self.path.with_name("b.sqlite")]
        for part in parts:
            self.fill(part)
        with contextlib.redirect_stderr(io.StringIO()) as error:
            code = main(["merge", *map(str, parts), "--store", str(self.path)])

        self.assertEqual(2, code)
        self.assertIn("has the reader 2.0.1, as", error.getvalue())
        self.assertFalse(self.path.exists())


class TestPack(StoreTestCase):
    """``pack`` makes one small file of a matrix, of which ``merge`` makes it again."""

    def setUp(self) -> None:
        super().setUp()
        self.packed = self.path.with_name("packed.xz")

    def pack(self) -> int:
        with contextlib.redirect_stdout(io.StringIO()) as self.output:
            return main(["pack", str(self.packed), "--store", str(self.path)])

    def merge(self) -> tuple[int, str]:
        other = str(self.path.with_name("other.sqlite"))
        with contextlib.redirect_stderr(io.StringIO()) as error:
            with contextlib.redirect_stdout(io.StringIO()):
                code = main(["merge", str(self.packed), "--store", other])
        return code, error.getvalue()

    def test_round_trip(self) -> None:
        """Cells, readers and digests come back, and no other file stays."""
        self.fill()
        self.assertEqual(0, self.pack())
        self.assertIn("packed.xz: 0.0 MB", self.output.getvalue())
        self.assertEqual((0, ""), self.merge())

        with MatrixStore(self.path.with_name("other.sqlite")) as store:
            self.assertEqual([CELL], list(store.cells()))
            self.assertEqual({KEY: "digest"}, store.digests(READER))
        names = {path.name for path in self.path.parent.iterdir()}
        self.assertEqual({"matrix.sqlite", "packed.xz", "other.sqlite"}, names)

    def test_damaged(self) -> None:
        """A file that was cut off or altered is refused by its name."""
        self.fill()
        self.pack()
        whole = self.packed.read_bytes()
        altered = whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]
        for damaged in (whole[:-40], altered):
            self.packed.write_bytes(damaged)
            code, error = self.merge()

            self.assertEqual(2, code)
            self.assertRegex(error, r"packed\.xz: damaged \(.+\); get it anew")
            self.assertFalse(self.path.with_name("other.sqlite").exists())

    def test_other_schema(self) -> None:
        """A file of a later version of this project is refused, and says of which."""
        self.fill()
        with mock.patch("tools.matrix.pack.SCHEMA_VERSION", SCHEMA_VERSION + 1):
            self.pack()
        code, error = self.merge()

        self.assertEqual(2, code)
        self.assertIn(f"its schema is {SCHEMA_VERSION + 1}, not", error)

    def test_no_matrix(self) -> None:
        """Without a matrix nothing is written, and an older file stays."""
        self.packed.write_bytes(b"older")
        with contextlib.redirect_stderr(io.StringIO()) as error:
            self.assertEqual(2, self.pack())
        self.assertIn("matrix.sqlite: there is no such matrix", error.getvalue())
        self.assertEqual(b"older", self.packed.read_bytes())

    def test_full_disk(self) -> None:
        """A disk that is full while it packs leaves the older file and no other."""
        self.fill()
        self.packed.write_bytes(b"older")
        full = OSError(28, "No space left on device")
        with mock.patch("tools.matrix.pack.json.dumps", side_effect=full):
            with contextlib.redirect_stderr(io.StringIO()) as error:
                self.assertEqual(2, self.pack())
        self.assertIn("packed.xz: No space left on device; noth", error.getvalue())
        self.assertEqual(b"older", self.packed.read_bytes())
        names = {path.name for path in self.path.parent.iterdir()}
        self.assertEqual({"matrix.sqlite", "packed.xz"}, names)


if __name__ == "__main__":
    unittest.main()
