"""Where ``export`` refuses to write, and that it leaves everything as it was then."""

import errno
import io
import os
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from tools.test.checkout_case import commit, git, make_checkout, snapshot
from tools.test.export_case import A_ROW, B_ROW, FILE_A, HEADING, ExportCase
from tools.upstream.__main__ import main
from tools.upstream.errors import UpstreamError


class TestRefusal(ExportCase):
    """Where nothing is written."""

    def assertRefused(self, reason: str) -> tuple[str, ...]:
        """An export fails, and leaves the checkout, git's index too, as it was.

        All reasons.
        """
        index = self.root / ".git/index"
        before = snapshot(self.root), index.exists() and index.read_bytes()
        with self.assertRaises(UpstreamError) as raised:
            self.export(FILE_A)
        self.assertIn(reason, "\n".join(raised.exception.args))
        after = snapshot(self.root), index.exists() and index.read_bytes()
        self.assertEqual(before, after)
        return raised.exception.args

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
        path.write_text("# PyTorch's.\n")
        git(self.root, "mv", "test/jit/helper.py", "test/jit/renamed.py")
        self.assertRefused("helper.py: has local changes")

    def test_untracked(self) -> None:
        """A file that git does not know is refused, unless it is what we export."""
        path = self.root / "test/jit/helper.py"
        path.write_text("# Somebody's.\n")
        self.assertRefused("helper.py: is there, and git does not know it")
        path.write_bytes((self.suite / "test/jit/helper.py").read_bytes())
        self.assertNotIn("test/jit/helper.py", self.export(FILE_A))

    def test_read_only(self) -> None:
        """A folder or a file that cannot be written is refused, and told once."""
        for name in ("test", "test/jit", "test/test_jit.py"):
            path = self.root / name
            mode = path.stat().st_mode
            path.chmod(mode & ~0o222)
            self.addCleanup(path.chmod, mode)
            with self.subTest(name):
                reasons = self.assertRefused("cannot be written")
                self.assertEqual(1, sum(f"{path}: " in each for each in reasons))
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

    def test_deadly(self) -> None:
        """A test that ends its process with the checkout's torch is refused."""
        ledger = self.suite / "test/known_breaks.csv"
        deadly = A_ROW.replace(",*,Error", ",2.0.0..2.15.0,crashed: SIGSEGV")
        ledger.write_text(f"{HEADING}\n{B_ROW}\n{deadly}\n")
        self.assertRefused("ends its process with torch 2.15.0a0 (known_breaks.csv:3: ")
        ledger.write_text(f"{HEADING}\n{deadly.replace('2.15.0', '2.14.1')}\n")
        self.assertTrue(self.export(FILE_A))

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
