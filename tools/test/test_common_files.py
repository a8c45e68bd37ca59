"""Releases, ledger, provenance and archives: the suite's modules without torch."""

import ast
import datetime
import json
import os
import pickle
import pickletools
import tempfile
import unittest
import zipfile
from pathlib import Path

from common_archive import (
    dump_pickle,
    load_pickle,
    read_record,
    rewrite_records,
)
from common_golden import (
    FileRecord,
    Golden,
    GoldenError,
    Provenance,
    check_folders,
    checked_file,
    load_provenance,
    record_file,
    release_folders,
    save_provenance,
)
from common_ledger import (
    LedgerError,
    cell_name,
    find_break,
    load_ledger,
    one_line,
)
from common_releases import ReleaseRange, parse_release

from tools import TEST_FOLDER


class TemporaryFolderTestCase(unittest.TestCase):
    """Base class: ``self.folder`` is a folder of the test's own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class TestReleases(unittest.TestCase):
    """How releases are named, ordered and put into ranges."""

    def test_parse_release(self):
        """Only the three numbers count, and a missing third is 0."""
        self.assertEqual((2, 13, 0), parse_release("2.13.0+cpu"))
        self.assertEqual((2, 16, 0), parse_release("2.16.0a0+git1234"))
        self.assertEqual((1, 3, 0), parse_release("1.3"))
        with self.assertRaisesRegex(ValueError, "not a torch version: 'new'"):
            parse_release("new")

    def test_ranges(self):
        """Both ends are included, an open end is open, order is by number."""
        for text, inside, outside in (
            ("1.3.1..1.10.2", ["1.3.1", "1.9.1", "1.10.2"], ["1.3.0", "1.11.0"]),
            ("2.0.1..", ["2.0.1", "2.13.0+cpu"], ["1.13.1"]),
            ("..1.5.1", ["1.0.1", "1.5.1"], ["1.6.0"]),
            ("1.4.0", ["1.4.0"], ["1.4.1"]),
            ("*", ["1.0.1", "9.9.9"], []),
        ):
            found = ReleaseRange.parse(text)
            self.assertEqual(text, str(found))
            self.assertTrue(all(release in found for release in inside), text)
            self.assertFalse(any(release in found for release in outside), text)

    def test_bad_ranges(self):
        """Text that is no range is refused."""
        for text in ("", "..", "new..", "1.0..x"):
            with self.assertRaises(ValueError, msg=text):
                ReleaseRange.parse(text)


class TestLedger(TemporaryFolderTestCase):
    """Reading the ledger, and finding the row of a cell."""

    HEADER = "test,writers,readers,message,cause,reference\n"

    def load(self, text: str):
        path = self.folder / "known_breaks.csv"
        path.write_text(text)
        return load_ledger(str(path))

    def test_rows(self):
        """Rows are read with their line numbers; comments and blank lines are not."""
        rows = self.load(self.HEADER + "# why\n\nA.b,1.3.1,*,Error,cause,ref\n")

        self.assertEqual([("A.b", 4)], [(row.test, row.line) for row in rows])

    def test_bad_rows(self):
        """A broken file is refused with file, line and remedy."""
        for text, words in (
            ("", "first row must be"),
            ("a,b\n", "first row must be"),
            (self.HEADER + "A.b,1.3.1,*,Error,cause\n", ":2: 5 columns, expected 6"),
            (self.HEADER + "A.b,1.3.1,*,Error,,ref\n", ":2: empty cause"),
            (self.HEADER + "A.b,old,*,Error,cause,ref\n", ":2: not a torch version"),
        ):
            with self.assertRaisesRegex(LedgerError, words):
                self.load(text)

    def test_find_break(self):
        """A cell is listed by test glob, writer and reader, and only by all three."""
        rows = self.load(self.HEADER + "A.b*,1.3.1..1.5.1,2.0.0..,Error,cause,ref\n")

        self.assertIsNotNone(find_break(rows, "A.b(engine=x)", "1.4.0", "2.1.0"))
        for cell in (("A.c", "1.4.0", "2.1.0"), ("A.b", "1.6.0", "2.1.0"),
                     ("A.b", "1.4.0", "1.9.0")):  # fmt: skip
            self.assertIsNone(find_break(rows, *cell), cell)

    def test_messages(self):
        """A message is expected from its beginning; only * stands for other text."""
        (row,) = self.load(self.HEADER + "A.b,*,*,Error: [1] *end,cause,ref\n")

        self.assertTrue(row.expects("Error: [1] at the end of all"))
        self.assertFalse(row.expects("Error: 1 at the end"))
        self.assertFalse(row.expects("An Error: [1] end"))
        self.assertEqual("KeyError: 'a b'", one_line(KeyError("a b")))
        self.assertEqual("ValueError: a b", one_line(ValueError("\na\n  b ")))

    def test_cell_name(self):
        """A cell is named by its test and the parameters other than the writer."""
        parameters = {"writer": "1.3.1", "file": "traced.pt", "engine": "fbgemm"}

        self.assertEqual("A.b(engine=fbgemm, file=traced.pt)",
                         cell_name("A.b", parameters))  # fmt: skip
        self.assertEqual("A.b", cell_name("A.b", {"writer": "1.3.1"}))

    def test_own_ledger(self):
        """The project's ledger can be read, and no row stands twice."""
        rows = load_ledger()

        keys = [(row.test, row.writers, row.readers, row.message) for row in rows]
        self.assertEqual(len(keys), len(set(keys)))


class TestProvenance(TemporaryFolderTestCase):
    """Provenance files, and the files that they speak of."""

    def setUp(self) -> None:
        super().setUp()
        self.release = self.folder / "serialized" / "1.5.1"
        self.release.mkdir(parents=True)
        (self.release / "A.b.pt").write_bytes(b"golden")
        records = {"pt": record_file(str(self.release / "A.b.pt"))}
        golden = Golden(run=0, seed=7, files=records, note="made by hand")
        self.provenance = Provenance("1.5.1").with_golden("A.b", {"x": 1}, golden)
        save_provenance(str(self.release), self.provenance)

    def test_round_trip(self):
        """What is saved is loaded again, and nothing else is left in the folder."""
        self.assertEqual(self.provenance, load_provenance(str(self.release)))
        self.assertEqual(["A.b.pt", "provenance.json"],
                         sorted(os.listdir(self.release)))  # fmt: skip

    def test_runs_are_shared(self):
        """Goldens of one run point to one record of it; another run has its own."""
        golden = Golden(run=9, seed=7, files={"pt": FileRecord("0", 1)})

        provenance = self.provenance.with_golden("A.c", {"x": 1}, golden)
        provenance = provenance.with_golden("A.d", {"x": 2}, golden)

        self.assertEqual(({"x": 1}, {"x": 2}), provenance.runs)
        runs = [provenance.goldens[name].run for name in ("A.b", "A.c", "A.d")]
        self.assertEqual([0, 0, 1], runs)

    def test_corrupt(self):
        """A corrupt file is refused with its name and how to get it back."""
        path = self.release / "provenance.json"
        good = json.loads(path.read_text())
        for text in ("", "{", "[]", json.dumps({**good, "goldens": [1]}),
                     json.dumps({**good, "release": "1.6.0"})):  # fmt: skip
            path.write_text(text)
            with self.assertRaisesRegex(GoldenError, "provenance.json.*restore it"):
                load_provenance(str(self.release))
            self.assertEqual(1, len(check_folders(str(self.folder))), text)

    def test_checked_file(self):
        """A file is given out only if it is the one that was written."""

        def check(name="A.b", kind="pt"):
            return checked_file(str(self.release), self.provenance, name, kind)

        self.assertEqual(str(self.release / "A.b.pt"), check())
        with self.assertRaisesRegex(GoldenError, "no such golden"):
            check(name="A.c")
        with self.assertRaisesRegex(GoldenError, "no such golden"):
            check(kind="npz")
        (self.release / "A.b.pt").write_bytes(b"Golden")
        with self.assertRaisesRegex(GoldenError, "not the file that was written"):
            check()
        (self.release / "A.b.pt").unlink()
        with self.assertRaisesRegex(GoldenError, "missing"):
            check()

    def test_strays(self):
        """A file that no provenance knows is told, one being written is not."""
        self.assertEqual([], check_folders(str(self.folder)))
        (self.release / "A.c.pt").write_bytes(b"stray")
        (self.release / ".writing-1").mkdir()

        (problem,) = check_folders(str(self.folder))

        self.assertIn("A.c.pt: not in provenance.json", problem)

    def test_release_folders(self):
        """Release folders are ordered as releases; an odd name is refused."""
        for release in ("1.10.0", "1.9.1"):
            (self.folder / "serialized" / release).mkdir()
            save_provenance(str(self.folder / "serialized" / release),
                            Provenance(release))  # fmt: skip
        folder = str(self.folder / "serialized")

        self.assertEqual(["1.5.1", "1.9.1", "1.10.0"], list(release_folders(folder)))
        (self.folder / "serialized" / "1.9.1").rename(self.folder / "serialized/new")
        with self.assertRaisesRegex(GoldenError, "named by its release"):
            release_folders(folder)


class TestArchive(TemporaryFolderTestCase):
    """Pickles read without running them, and archives edited."""

    def test_nothing_runs(self):
        """A pickle that would run code gives a stub with its arguments instead."""

        class Evil:
            def __reduce__(self):
                return os.system, ("false",)

        value, stubs = load_pickle(pickle.dumps([Evil()], protocol=2))

        (stub,) = stubs
        self.assertEqual(("system", ("false",)), (stub.name, stub.arguments))
        self.assertIs(stub, value[0])

    def test_round_trip(self):
        """What is dumped loads again as it was: calls, states, shared objects."""
        error = ValueError("x")
        day = datetime.date(2026, 11, 22)
        original = pickle.dumps([day, error, error], protocol=2)

        (loaded, first, second) = pickle.loads(dump_pickle(load_pickle(original)[0]))

        self.assertEqual(day, loaded)
        self.assertEqual(("x",), first.args)
        self.assertIs(first, second)

    def test_no_opcode_for_single_items(self):
        """One item is written as many are: old unpicklers of TorchScript need it."""
        opcodes = {
            opcode.name
            for opcode, _, _ in pickletools.genops(dump_pickle([{"a": 1}, [2]]))
        }

        self.assertFalse(opcodes & {"APPEND", "SETITEM"})

    def test_rewrite_records(self):
        """A record is replaced or removed, whatever the top folder; others stay."""
        path = self.folder / "a.pt"
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("data.pkl", "data/0", "version"):
                archive.writestr(f"top/{name}", name)

        rewrite_records(str(path), {"data.pkl": b"new", "data/0": None})

        self.assertEqual(b"new", read_record(str(path), "data.pkl"))
        self.assertEqual(b"version", read_record(str(path), "version"))
        with self.assertRaisesRegex(KeyError, "no record data/0"):
            read_record(str(path), "data/0")
        self.assertEqual(["a.pt"], os.listdir(self.folder))


class TestOldPython(unittest.TestCase):
    """What must run under old releases is written for Python 3.7."""

    def test_syntax(self):
        """The suite, its helpers and the driver parse as Python 3.7."""
        root = Path(TEST_FOLDER).parent
        files = [*root.glob("test/**/*.py"), *root.glob("tools/testing/**/*.py")]
        files += [root / "run_test.py", root / "tools" / "__init__.py"]
        self.assertGreater(len(files), 15)
        for file in files:
            with self.subTest(file=str(file.relative_to(root))):
                ast.parse(file.read_text(), feature_version=(3, 7))


if __name__ == "__main__":
    unittest.main()
