"""What ``export`` writes into a checkout, and when it refuses to write at all."""

import errno
import io
import os
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from common_golden import (
    Golden,
    GoldenError,
    load_provenance,
    record_file,
    save_provenance,
)
from common_releases import ReleaseRange

from tools.golden.declared import DeclaredGolden
from tools.test.checkout_case import commit, git, make_checkout, snapshot
from tools.test.upstream_trees import write_tree
from tools.upstream.__main__ import main
from tools.upstream.checkout import open_checkout
from tools.upstream.content import Chosen, content_of
from tools.upstream.errors import UpstreamError
from tools.upstream.export import ADDS, EXTENDS, REPLACES, commands, export
from tools.upstream.needs import Tree

HEADING = "test,writers,readers,message,cause,reference"
A_ROW = "TestA.test_one(file=x.pt),1.0.0,*,Error,cause,reference"
B_ROW = "TestB.*,1.0.0,*,Error,cause,reference"
SOURCES = {
    "test/common_ledger.py": 'LEDGER = "known_breaks.csv"\n',
    "test/common_unused.py": "",
    "test/known_breaks.csv": f"{HEADING}\n# A comment.\n{B_ROW}\n{A_ROW}\n",
    "test/jit/helper.py": 'import common_ledger, sources\n\nPINNED = "fixtures"\n',
    "test/jit/fixtures_srcs/sources.py": "",
    "test/jit/test_a.py": """
        import helper
        from torch.testing._internal.common_utils import TestCase

        FOLDER = "fixtures_srcs"


        class TestA(TestCase):
            def test_one(self):
                self.assertTrue(helper)
        """,
    "test/jit/test_b.py": """
        import common_ledger
        from torch.testing._internal.common_utils import TestCase


        class TestB(TestCase):
            def test_one(self):
                self.assertTrue(common_ledger)
        """,
    "test/nn/test_c.py": "",
}
FILE_A, FILE_B = "test/jit/test_a.py", "test/jit/test_b.py"
RUN = {"torch_version": "1.0.0"}


def golden(file: str, name: str) -> DeclaredGolden:
    """A golden of one file, of all releases."""
    every = ReleaseRange("1.0.0")
    return DeclaredGolden(file, name, name, "jit/serialized", ("x.pt",), every, False)


def write_golden(root: Path, folder: str, name: str, content: bytes) -> None:
    """Add a golden and its provenance to a folder."""
    place = root / folder
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.x.pt"
    path.write_bytes(content)
    record = Golden(0, 1, {"x.pt": record_file(str(path))})
    provenance = load_provenance(str(place))
    save_provenance(str(place), provenance.with_golden(name, RUN, record))


class ExportCase(unittest.TestCase):
    """A small suite with goldens of four releases in two formats, and a checkout."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.suite = Path(folder.name, "suite")
        self.root = make_checkout(Path(folder.name).resolve() / "checkout")
        write_tree(self.suite, SOURCES)
        write_golden(self.suite, "test/jit/fixtures", "one_v1", b"{}")
        for release, content in {
            "1.0.0": b"{}",
            "1.1.0": b"{} ",
            "2.0.0": b"\x80\x02.",
            "3.0.0": b"\x80\x04.",
        }.items():
            for name in ("TestA.test_one", "TestB.test_one"):
                write_golden(
                    self.suite, f"test/jit/serialized/{release}", name, content
                )

    def export(
        self, *files: str, writers: str = "", dry_run: bool = False
    ) -> dict[str, str]:
        """Export these files; path to what became of it."""
        goldens = (golden(FILE_A, "TestA.test_one"), golden(FILE_B, "TestB.test_one"))
        tests = {FILE_A: "TestA.test_one", FILE_B: "TestB.test_one"}
        chosen = Chosen(files, frozenset(map(tests.__getitem__, files)), goldens)
        checkout = open_checkout(self.root)
        asked = ReleaseRange.parse(writers) if writers else None
        content = content_of(Tree(self.suite), chosen, checkout, asked)
        return export(checkout, content, dry_run)

    def names(self, release: str) -> set[str]:
        """The goldens that the checkout has of a release."""
        folder = self.root / "test/jit/serialized" / release
        return set(load_provenance(str(folder)).goldens)


class TestContent(ExportCase):
    """What comes into the checkout."""

    def test_files(self) -> None:
        """A test comes with its helpers, data and goldens, and with nothing else."""
        before = set(git(self.root, "ls-files").split())
        changes = self.export(FILE_A)
        serialized = "test/jit/serialized"
        expected = dict.fromkeys(
            [
                FILE_A,
                "test/common_ledger.py",
                "test/jit/fixtures/one_v1.x.pt",
                "test/jit/fixtures/provenance.json",
                "test/jit/fixtures_srcs/sources.py",
                "test/jit/helper.py",
                f"{serialized}/1.0.0/TestA.test_one.x.pt",
                f"{serialized}/1.0.0/provenance.json",
                f"{serialized}/2.0.0/TestA.test_one.x.pt",
                f"{serialized}/2.0.0/provenance.json",
                "test/known_breaks.csv",
            ],
            ADDS,
        )
        expected["test/test_jit.py"] = EXTENDS
        self.assertEqual(expected, changes)
        git(self.root, "add", "--all")
        self.assertEqual(before | set(changes), set(git(self.root, "ls-files").split()))

    def test_again(self) -> None:
        """A second export changes nothing, whether the first was committed or not."""
        self.export(FILE_A)
        written = snapshot(self.root)
        self.assertEqual({}, self.export(FILE_A))
        commit(self.root)
        self.assertEqual({}, self.export(FILE_A))
        self.assertEqual(written, snapshot(self.root))

    def test_dry_run(self) -> None:
        """A dry run tells what an export would do, and does nothing."""
        before = snapshot(self.root)
        told = self.export(FILE_A, dry_run=True)
        self.assertEqual(before, snapshot(self.root))
        self.assertEqual(told, self.export(FILE_A))

    def test_newest_writer(self) -> None:
        """Without a range no writer is newer than the checkout; with one it may be."""
        (self.root / "version.txt").write_text("3.0.0a0\n")
        self.export(FILE_A)
        self.assertEqual({"TestA.test_one"}, self.names("3.0.0"))

    def test_range_of_writers(self) -> None:
        """A range takes all of its writers, newer ones too."""
        self.export(FILE_A, writers="1.1.0..")
        self.assertEqual(set(), self.names("1.0.0"))
        for release in ("1.1.0", "2.0.0", "3.0.0"):
            self.assertEqual({"TestA.test_one"}, self.names(release))

    def test_second_test(self) -> None:
        """Tests of one folder have goldens of the same releases, whoever came first."""
        self.export(FILE_A, writers="1.1.0")
        commit(self.root)
        changes = self.export(FILE_B)
        self.assertEqual(EXTENDS, changes["test/jit/serialized/1.1.0/provenance.json"])
        for release in ("1.0.0", "1.1.0", "2.0.0"):
            both = {"TestA.test_one", "TestB.test_one"}
            self.assertEqual(both, self.names(release))
        self.assertEqual(set(), self.names("3.0.0"))

    def test_ledger(self) -> None:
        """The ledger gets the rows about exported tests, in our order, and keeps its
        own."""
        ledger = self.root / "test/known_breaks.csv"
        self.export(FILE_A)
        self.assertEqual([HEADING, A_ROW], ledger.read_text().splitlines())
        other = "TestOther.test,*,*,Error,cause,reference"
        stale = A_ROW.replace("Error", "Gone")
        ledger.write_text("\n".join((HEADING, other, stale, "")))
        commit(self.root)
        self.export(FILE_A)
        self.assertEqual([HEADING, A_ROW, other], ledger.read_text().splitlines())
        commit(self.root)
        self.export(FILE_B)
        rows = [HEADING, B_ROW, A_ROW, other]
        self.assertEqual(rows, ledger.read_text().splitlines())

    def test_aggregator(self) -> None:
        """The aggregator imports the class after the others of the folder, once."""
        place = self.root / "test/test_jit.py"
        old = place.read_text().splitlines()
        self.export(FILE_A, FILE_B)
        lines = place.read_text().splitlines()
        at = lines.index("from jit.test_save_load import TestSaveLoad  # noqa: F401")
        new = [f"from jit.test_{x.lower()} import Test{x}  # noqa: F401" for x in "AB"]
        self.assertEqual(new, lines[at + 1 : at + 3])
        self.assertEqual(old, lines[: at + 1] + lines[at + 3 :])

    def test_replaced(self) -> None:
        """What the checkout has by that name is replaced, and keeps its mode."""
        path = self.root / FILE_A
        path.write_text("# PyTorch's.\n")
        path.chmod(0o755)
        commit(self.root)
        self.assertEqual(REPLACES, self.export(FILE_A)[FILE_A])
        self.assertEqual((self.suite / FILE_A).read_text(), path.read_text())
        self.assertEqual(0o755, path.stat().st_mode & 0o777)

    def test_commands(self) -> None:
        """A test of test/jit is run by the aggregator, another by its file."""
        tree = Tree(self.suite)
        expected = ["python test/test_jit.py TestA TestB", "python test/nn/test_c.py"]
        found = commands(tree, [FILE_A, FILE_B, "test/nn/test_c.py"])
        self.assertEqual(expected, found)

    def test_altered_golden(self) -> None:
        """A golden that is not what its provenance says is not exported."""
        place = self.suite / "test/jit/serialized/1.0.0/TestA.test_one.x.pt"
        place.write_bytes(b"[]")
        before = snapshot(self.root)
        with self.assertRaisesRegex(GoldenError, "not the file that was written"):
            self.export(FILE_A)
        self.assertEqual(before, snapshot(self.root))


class TestRefusal(ExportCase):
    """Where nothing is written."""

    def assertRefused(self, reason: str, *files: str) -> None:
        """An export fails, and leaves the checkout, git's index too, as it was."""
        index = self.root / ".git/index"
        before = snapshot(self.root), index.exists() and index.read_bytes()
        with self.assertRaises(UpstreamError) as raised:
            self.export(*(files or (FILE_A,)))
        self.assertIn(reason, "\n".join(raised.exception.args))
        after = snapshot(self.root), index.exists() and index.read_bytes()
        self.assertEqual(before, after)

    def test_foreign(self) -> None:
        """A folder that is no PyTorch checkout is refused."""
        for name in ("version.txt", "test/run_test.py", "torch/csrc/README.md"):
            path = self.root / name
            text = path.read_text()
            path.unlink()
            if name.startswith("torch/csrc"):
                path.parent.rmdir()
            with self.subTest(name):
                self.assertRefused("no PyTorch checkout, it has no")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.assertTrue(self.export(FILE_A))

    def test_no_version(self) -> None:
        """A checkout that does not say its version is refused."""
        (self.root / "version.txt").write_text("unknown\n")
        self.assertRefused("holds 'unknown', no version of torch")

    def test_no_git(self) -> None:
        """A tree without git is refused, and one within another's checkout, too."""
        os.rename(self.root / ".git", self.root / "git")
        self.assertRefused("no git checkout")
        git(self.root.parent, "init", "--quiet")
        self.assertRefused("no git checkout of its own")

    def test_modified(self) -> None:
        """A file concerned that was changed is refused; another one does not matter."""
        (self.root / "test/jit/test_hooks.py").write_text("# Changed.\n")
        aggregator = self.root / "test/test_jit.py"
        text = aggregator.read_text()
        aggregator.write_text(text + "# Changed.\n")
        self.assertRefused("test/test_jit.py: has local changes; commit them")
        git(self.root, "add", "test/test_jit.py")
        self.assertRefused("test/test_jit.py: has local changes; commit them")
        aggregator.unlink()
        self.assertRefused("test/test_jit.py: missing")
        git(self.root, "checkout", "--quiet", "HEAD", "--", "test/test_jit.py")
        self.assertTrue(self.export(FILE_A))

    def test_removed(self) -> None:
        """A file concerned that was removed, and not committed so, is refused."""
        path = self.root / "test/jit/helper.py"
        path.write_text("# PyTorch's.\n")
        commit(self.root)
        path.unlink()
        self.assertRefused("helper.py: has local changes")

    def test_untracked(self) -> None:
        """A file that git does not know is refused, unless it is what we export."""
        path = self.root / "test/jit/helper.py"
        path.write_text("# Somebody's.\n")
        self.assertRefused("helper.py: is there, and git does not know it")
        path.write_bytes((self.suite / "test/jit/helper.py").read_bytes())
        self.assertNotIn("test/jit/helper.py", self.export(FILE_A))

    def test_read_only(self) -> None:
        """A folder or a file that cannot be written is refused."""
        for name in ("test", "test/jit", "test/test_jit.py"):
            path = self.root / name
            mode = path.stat().st_mode
            path.chmod(mode & ~0o222)
            self.addCleanup(path.chmod, mode)
            with self.subTest(name):
                self.assertRefused("cannot be written")
            path.chmod(mode)
        self.assertTrue(self.export(FILE_A))

    def test_link(self) -> None:
        """Nothing is written through a symbolic link."""
        elsewhere = self.root.parent / "elsewhere"
        elsewhere.mkdir()
        (self.root / "test/jit/fixtures_srcs").symlink_to(elsewhere)
        self.assertRefused("by a symbolic link")
        self.assertEqual([], os.listdir(elsewhere))

    def test_folder_in_the_way(self) -> None:
        """A folder of a file's name is refused, and a file of a folder's."""
        (self.root / FILE_A).mkdir()
        self.assertRefused("a file and a folder have one name")
        (self.root / FILE_A).rmdir()
        (self.root / "test/jit/serialized").write_text("")
        self.assertRefused("a file and a folder have one name")

    def test_no_imports(self) -> None:
        """An aggregator that imports nothing is none."""
        (self.root / "test/test_jit.py").write_text("# Nothing.\n")
        commit(self.root)
        self.assertRefused("has no imports, so that it is no file that collects")

    def test_disk_full(self) -> None:
        """What fails on the way is undone: new files, folders and replaced files."""
        real, count = os.replace, 0

        def fail(source, target):
            nonlocal count
            # Of the provenance, before, and then of each file.
            count += str(target).startswith(str(self.root))
            if count > 9:
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            real(source, target)

        with mock.patch("tools.upstream.checkout.os.replace", fail):
            self.assertRefused("No space left on device; nothing was written")
        self.assertEqual(10, count)
        self.assertEqual("", git(self.root, "status", "--porcelain"))


class TestCommand(unittest.TestCase):
    """What the user types, and reads."""

    def test_errors(self) -> None:
        """A wrong target or range is an error with exit code 2."""
        with tempfile.TemporaryDirectory() as folder:
            root = make_checkout(Path(folder).resolve())
            for arguments, error in (
                (["--to", f"{folder}/test"], "no PyTorch checkout"),
                (["--to", str(root), "--writers", "new"], "--writers new: not a torch"),
            ):
                out, err = io.StringIO(), io.StringIO()
                with self.subTest(error), redirect_stdout(out), redirect_stderr(err):
                    self.assertEqual(2, main(["export", *arguments]))
                self.assertIn(error, err.getvalue())
                self.assertEqual("", out.getvalue())


if __name__ == "__main__":
    unittest.main()
