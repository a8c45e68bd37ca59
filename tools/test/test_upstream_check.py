"""The command ``check``: ruff's rules, those for goldens, and what it is told."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common_golden import FileRecord, Golden, Provenance, save_provenance
from common_releases import ReleaseRange

from tools import ROOT, TEST_FOLDER
from tools.golden.declared import DeclaredGolden
from tools.golden.large import LIMIT
from tools.test.upstream_trees import COMMON, GOOD, plain, write_tree
from tools.upstream import ruff_rules
from tools.upstream.__main__ import main
from tools.upstream.check import check_sources, find_sources
from tools.upstream.errors import UpstreamError
from tools.upstream.golden_rules import golden_problems

TEST = "test/nn/test_x.py"
ASSERT = "        self.assertTrue(os)\n"
# What breaks a rule in its last line, and what is alike.
OF_RUFF = {
    "S101": ("        assert os\n", "        self.assertTrue(os)  # no assert\n"),
    "TRY002": ("        raise Exception(os)\n", "        raise ValueError(os)\n"),
    "B904": (
        "        try:\n            os.nice(1)\n"
        "        except OSError:\n            raise ValueError\n",
        "        try:\n            os.nice(1)\n"
        "        except OSError as error:\n            raise ValueError from error\n",
    ),
    "F841": ("        found = os\n", "        found = os\n        print(found)\n"),
    "E501": (
        f"        print(os)  # {'x' * 68}\n",
        f"        print(os)  # {'x' * 67}\n",
    ),
    "W291": ("        print(os) \n", "        print(os)  # of\n"),
    "PGH003": (
        "        print(os)  # type: ignore\n",
        "        print(os)  # type: ignore[arg-type]\n",
    ),
    "PGH004": ("        print(os)  # noqa\n", "        assert os  # noqa: S101\n"),
}


class TestRuff(unittest.TestCase):
    """Rules that ruff knows."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        write_tree(self.root, {"test/common_utils.py": COMMON, TEST: GOOD})

    def check(self, body: str) -> list[tuple[str, int]]:
        """Rule and line of each problem of the good file with another body."""
        write_tree(self.root, {TEST: plain(GOOD).replace(ASSERT, body)})
        problems = check_sources(self.root, [TEST])
        self.assertEqual({TEST} if problems else set(), {p.path for p in problems})
        return [(problem.rule, problem.line) for problem in problems]

    def test_each_rule(self) -> None:
        """What breaks a rule is reported at its line, what is alike is not."""
        text = plain(GOOD)
        line = text[: text.index(ASSERT)].count("\n")
        for rule, (broken, alike) in OF_RUFF.items():
            with self.subTest(rule):
                self.assertEqual(
                    [(rule, line + broken.count("\n"))], self.check(broken)
                )
                self.assertEqual([], self.check(alike))

    def test_settings_around(self) -> None:
        """Settings of the tree, which may be laxer, do not count."""
        laxer = 'lint.per-file-ignores = {"*" = ["S101"]}\n'
        write_tree(self.root, {"ruff.toml": laxer})
        ((rule, _),) = self.check(OF_RUFF["S101"][0])
        self.assertEqual("S101", rule)

    def test_no_python(self) -> None:
        """Of a file that is no Python that alone is told, even if others need it."""
        write_tree(self.root, {"test/nn/nn_models.py": "# No tab\t.\ndef f(:\n"})
        paths = [TEST, "test/nn/nn_models.py"]
        found = check_sources(self.root, paths)
        self.assertEqual({"invalid-syntax"}, {problem.rule for problem in found})
        self.assertEqual(2, found[0].line)

    def test_no_ruff(self) -> None:
        """Without ruff there is an error that says how to get it."""
        with mock.patch.object(ruff_rules.shutil, "which", lambda *a, **k: None):
            with self.assertRaisesRegex(UpstreamError, "no ruff here; install it"):
                self.check(ASSERT)


class TestGoldens(unittest.TestCase):
    """Rules for the files that releases wrote."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        place = self.root / "test/nn/serialized/1.2.0"
        place.mkdir(parents=True)
        sizes = {"TestA.test_one": LIMIT + 1, "TestA.test_two": LIMIT}
        goldens = {
            name: Golden(0, 0, {"a.pt": FileRecord("0", size)})
            for name, size in sizes.items()
        }
        save_provenance(str(place), Provenance("1.2.0", (), goldens))
        self.provenance = place / "provenance.json"

    def check(self, *names: str, folders: set[str] | None = None) -> list[tuple]:
        """Path, line and rule of each problem where tests declare these goldens."""
        declared = [
            DeclaredGolden(
                TEST, name, name, "nn/serialized", ("a.pt",), ReleaseRange(), False
            )
            for name in names
        ]
        return [
            (each.path, each.line, each.rule)
            for each in golden_problems(self.root, declared, folders)
            # The table's rows are about the suite's goldens.
            if "large_goldens.csv" not in each.path
        ]

    def test_names(self) -> None:
        """A golden whose test was renamed is told where its provenance has it."""
        found = self.check("TestA.test_one", "TestA.test_2")
        lines = self.provenance.read_text().splitlines()
        line = lines.index('  "TestA.test_two": {') + 1
        path = "test/nn/serialized/1.2.0/provenance.json"
        self.assertIn((path, line, "golden-name"), found)
        both = self.check("TestA.test_one", "TestA.test_two")
        self.assertNotIn("golden-name", [rule for _, _, rule in both])

    def test_sizes(self) -> None:
        """A file above the limit is told, one at the limit is not."""
        path = "test/nn/serialized/1.2.0/TestA.test_one.a.pt"
        found = self.check("TestA.test_one", "TestA.test_two")
        self.assertEqual([(path, 1, "golden-size")], found)

    def test_other_folders(self) -> None:
        """Goldens of folders that are not asked for are not looked at."""
        self.assertEqual([], self.check(folders={"optim/serialized"}))
        self.assertEqual(3, len(self.check(folders={"nn/serialized"})))


class TestCommand(unittest.TestCase):
    """What the user types, and reads."""

    def run_main(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of the command."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["check", *arguments])
        return code, out.getvalue(), err.getvalue()

    def test_suite_file(self) -> None:
        """A file of the suite keeps the rules, and so do its goldens."""
        path = f"{TEST_FOLDER}/mobile/test_bytecode.py"
        self.assertEqual((0, "", "0 problems in 1 file\n"), self.run_main(path))

    def test_unusable_paths(self) -> None:
        """A path that is missing, elsewhere or without Python is an error."""
        for path, error in {
            f"{TEST_FOLDER}/nowhere": "no such file",
            f"{ROOT}/tools": "not below",
            f"{TEST_FOLDER}/known_breaks.csv": "no Python file",
        }.items():
            with self.subTest(path):
                code, out, err = self.run_main(path)
                self.assertEqual((2, ""), (code, out))
                self.assertIn(error, err)

    def test_folder(self) -> None:
        """A folder stands for its Python files, those among goldens left out."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            names = ("test/a/b.py", "test/a/__init__.py")
            others = ("test/a/serialized/1.0.0/c.py", "test/a/.d/e.py", "test/f.py")
            write_tree(root, dict.fromkeys((*names, *others), ""))
            self.assertEqual(sorted(names), find_sources(root, [root / "test/a"]))

    def test_problem(self) -> None:
        """Problems make exit code 1, a line each: file, line, rule, what to do."""
        problem = "test/nn/test_x.py:1: owner: names no owner; begin the file"
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            files = {TEST: plain(GOOD).partition("\n")[2], "test/common_utils.py": ""}
            write_tree(root, files)
            with (
                mock.patch("tools.upstream.check.ROOT", str(root)),
                mock.patch("tools.upstream.check.declared_goldens", lambda listing: ()),
                mock.patch("tools.upstream.check.list_suite", lambda: None),
            ):
                code, out, _ = self.run_main(str(root / TEST))
        self.assertEqual(1, code)
        self.assertIn(problem, out.splitlines()[0])


if __name__ == "__main__":
    unittest.main()
