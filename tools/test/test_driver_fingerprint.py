"""What counts as a change of the tree."""

import os
import unittest
from contextlib import nullcontext
from dataclasses import dataclass
from unittest import mock

from tools.test.test_driver_history import FILE, HistoryCase
from tools.testing.fingerprint import fingerprint_of


@dataclass
class Entry:
    """A file as os.scandir tells of it."""

    name: str
    st_size: int = 1
    st_mtime_ns: int = 1
    st_ctime_ns: int = 1

    def is_dir(self, follow_symlinks: bool) -> bool:
        """It is none."""
        return False

    def stat(self) -> "Entry":
        """Its size and times."""
        return self


def fingerprint_with(*entries: Entry) -> str:
    """The fingerprint of a folder with these files."""
    with mock.patch("os.scandir", return_value=nullcontext(entries)):
        return fingerprint_of("/")


class TestFingerprint(HistoryCase):
    """fingerprint_of."""

    def test_nothing_changed(self) -> None:
        """The fingerprint of a tree stays, also if other files come and go."""
        before = fingerprint_of(self.root)

        self.write("test/notes.txt", "x")
        self.write("other.py", "x")
        self.write("test/__pycache__/test_a.py", "x")
        self.write("test/.cache/a.py", "x")
        self.write("test/serialized/1.0.1/rows.csv", "x")

        self.assertEqual(before, fingerprint_of(self.root))

    def test_new_file(self) -> None:
        """Python and CSV files anywhere below the test folder are sources."""
        for name in "test/new.py", "test/area/deep/new.py", "test/known_breaks.csv":
            with self.subTest(name=name):
                before = fingerprint_of(self.root)

                self.write(name, "x")

                self.assertNotEqual(before, fingerprint_of(self.root))

    def test_removed_and_renamed(self) -> None:
        """A file that is gone, or has another name, is a change."""
        path = self.write("test/b.py", "x")
        first = fingerprint_of(self.root)

        os.rename(path, path.replace("b.py", "c.py"))
        second = fingerprint_of(self.root)
        os.remove(path.replace("b.py", "c.py"))
        third = fingerprint_of(self.root)

        self.assertEqual(3, len({first, second, third}))

    def test_each_counts(self) -> None:
        """Name, size and times count, each by itself."""
        fingerprints = {
            fingerprint_with(entry)
            for entry in (
                Entry("a.py"),
                Entry("b.py"),
                Entry("a.py", st_size=2),
                Entry("a.py", st_mtime_ns=2),
                Entry("a.py", st_ctime_ns=2),
            )
        }

        self.assertEqual(5, len(fingerprints))

    def test_order(self) -> None:
        """The order in which a file system tells its files does not count."""
        self.assertEqual(
            fingerprint_with(Entry("a.py"), Entry("b.py")),
            fingerprint_with(Entry("b.py"), Entry("a.py")),
        )

    def test_folders_count(self) -> None:
        """A folder with another name is a change, though its files are the same."""
        self.write("test/area/new.py", "x")
        before = fingerprint_of(self.root)

        os.rename(f"{self.root}/test/area", f"{self.root}/test/other")

        self.assertNotEqual(before, fingerprint_of(self.root))

    def test_time_set_back(self) -> None:
        """Other content of the same size and time of change is a change."""
        path = self.write(FILE, "one")
        before, status = fingerprint_of(self.root), os.stat(path)

        # Until the clock of the file system has moved on.
        while os.stat(path).st_ctime_ns == status.st_ctime_ns:
            self.write(FILE, "two")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

        self.assertEqual(status.st_mtime_ns, os.stat(path).st_mtime_ns)
        self.assertNotEqual(before, fingerprint_of(self.root))

    def test_odd_files(self) -> None:
        """Links to nowhere, and names that are not UTF-8, do no harm."""
        os.symlink("nowhere", os.path.join(self.root, "test", "link.py"))
        before = fingerprint_of(self.root)

        with open(os.fsencode(self.root) + b"/test/\xff.py", "w"):
            pass

        self.assertNotEqual(before, fingerprint_of(self.root))

    def test_no_test_folder(self) -> None:
        """In a tree without a test folder all is looked at; none there is empty."""
        tree = os.path.join(self.root, "test")
        before = fingerprint_of(tree)

        self.write("test/area/new.py", "x")

        self.assertNotEqual(before, fingerprint_of(tree))
        self.assertTrue(fingerprint_of(os.path.join(self.folder, "nowhere")))


if __name__ == "__main__":
    unittest.main()
