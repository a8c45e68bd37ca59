"""Each rule of our own reports what breaks it, at its line, and nothing alike."""

import tempfile
import unittest
from pathlib import Path

from tools.test.upstream_trees import COMMON, GOOD, plain, write_tree
from tools.upstream.layout import load_aggregated
from tools.upstream.needs import Tree
from tools.upstream.rules import load_allowed, source_problems

TEST = "test/nn/test_x.py"
JIT_TEST = "test/jit/test_x.py"
OWNER = '# Owner(s): ["module: nn"]'
IMPORT = "import os\n"
FROM_COMMON = "from common_utils import (\n"
ASSERT = "        self.assertTrue(os)\n"
CLASS = "class TestTwo(TestCase):\n"
STATES = "    hw_classification = HardwareClassification.GENERIC\n"
RUN = "    run_tests()\n"
RAISE = '    raise_on_run_directly("test/test_jit.py")\n'
AGGREGATOR = """
    from jit.test_x import TestOne, TestTwo  # noqa: F401
    """


class TestRules(unittest.TestCase):
    """A good file in a small tree, with something changed."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        files = {"test/common_utils.py": COMMON, "test/test_jit.py": AGGREGATOR}
        write_tree(self.root, files)

    def check(self, path: str, text: str) -> list[tuple[str, int]]:
        """Rule and line of each problem of a file that holds ``text``."""
        write_tree(self.root, {path: text})
        problems = source_problems(Tree(self.root), path)
        return [(problem.rule, problem.line) for problem in problems]

    def edit(self, old: str, new: str, path: str) -> tuple[int, list]:
        """The line of ``old`` in the good file, and what ``new`` for it gives."""
        text = plain(GOOD)
        self.assertEqual(1, text.count(old))
        line = text[: text.index(old)].count("\n") + 1
        return line, self.check(path, text.replace(old, new))

    def assertReported(
        self, rule: str, old: str, new: str, below: int = 0, path: str = TEST
    ) -> None:
        """There is one problem, at the line of ``old`` or so many lines below it."""
        line, found = self.edit(old, new, path)
        self.assertEqual([(rule, line + below)], found)

    def assertFine(self, old: str, new: str, path: str = TEST) -> None:
        """There is no problem."""
        self.assertEqual([], self.edit(old, new, path)[1])

    def test_owner(self) -> None:
        """The first line is a list of labels that can own a test."""
        for broken in (
            "# Owner: me",
            '# Owner(s): ["nn"]',
            '# Owner(s): ["module: nn", "me"]',
            '# Owner(s): "module: nn"',
            "# Owner(s): []",
            "# Owner(s): [module: nn]",
        ):
            with self.subTest(broken):
                self.assertReported("owner", OWNER, broken)
        self.assertFine(OWNER, '# Owner(s): ["oncall: package/deploy", "module: nn"]')

    def test_helper(self) -> None:
        """A file that is no test needs neither an owner nor a main block."""
        self.assertEqual([], self.check("test/nn/nn_models.py", "NUMBER = 1\n"))

    def test_main_block(self) -> None:
        """A file calls run_tests, whatever else its main block does."""
        self.assertReported("main", RUN, "    print(run_tests)\n", -1)
        self.assertReported("main", RUN, f"{RUN}    raise OSError\n", -1)
        self.assertReported("main", RUN, RAISE, -1)
        self.assertFine(RUN, f"    print(os)\n{RUN}")

    def test_no_main_block(self) -> None:
        """A file without a main block is reported at its last line."""
        text = plain(GOOD).partition("if __name__")[0]
        self.assertEqual([("main", text.count("\n"))], self.check(TEST, text))

    def test_main_block_in_jit(self) -> None:
        """A file of test/jit raises, and names no other file than its aggregator."""
        self.assertReported("main", RUN, RUN, -1, JIT_TEST)
        self.assertReported("main", RUN, RAISE.replace("jit", "nn"), 0, JIT_TEST)
        self.assertFine(RUN, RAISE, JIT_TEST)
        self.assertFine(RUN, '    raise RuntimeError("test/test_jit.py")\n', JIT_TEST)

    def test_main_block_in_quantization(self) -> None:
        """A file of test/quantization runs its tests, or raises."""
        path = "test/quantization/bc/test_x.py"
        raises = RAISE.replace("jit", "quantization")
        write_tree(
            self.root,
            {"test/test_quantization.py": "from test_x import TestOne, TestTwo\n"},
        )
        self.assertFine(RUN, RUN, path)
        self.assertFine(RUN, raises, path)
        self.assertReported("main", RUN, "    print(os)\n", -1, path)

    def test_base(self) -> None:
        """A test class is made of torch's TestCase; other classes of anything."""
        other = CLASS.replace("TestCase", "unittest.TestCase")
        self.assertReported("base", CLASS, f"import unittest\n\n\n{other}", 3)
        other = CLASS.replace("TestCase", "Case")
        imported = "from unittest import TestCase as Case\n\n\n"
        self.assertReported("base", CLASS, imported + other, 3)
        self.assertFine(CLASS, f"class Loader(os.PathLike):\n    pass\n\n\n{CLASS}")
        own = f"class TestCase(TestCase):\n{STATES}\n\n"
        self.assertFine(CLASS, own + CLASS)
        self.assertFine(CLASS, f"TestCase = TestCase\n\n\n{CLASS}")
        renamed = f"Base = TestCase if os else object\n\n\n{CLASS}"
        self.assertFine(CLASS, renamed.replace("(TestCase)", "(Base)"))

    def test_hardware(self) -> None:
        """A test class states its hardware, or a base does; others need not."""
        old = CLASS + STATES
        self.assertReported("hardware", old, CLASS)
        self.assertFine(old, "class TestTwo(TestOne):\n")
        mixed = f"class Mixed:\n{STATES}\n\nclass TestTwo(Mixed, TestCase):\n"
        self.assertFine(old, mixed)
        self.assertFine(CLASS, f"class Plain:\n    pass\n\n\n{CLASS}")

    def test_guarded_hardware(self) -> None:
        """The name of the classification is one that torch before 2.14 has, too."""
        module = "from torch.testing._internal.common_utils import"
        direct = f"{module} HardwareClassification\n\n{FROM_COMMON}"
        self.assertReported("hardware", FROM_COMMON, direct)
        self.assertFine(FROM_COMMON, f"{module} slowTest\n\n{FROM_COMMON}")
        others = ('"GENERIC"', "os.GENERIC", "os.HardwareClassification.GENERIC")
        for value in others:
            stated = f"    hw_classification = {value}\n"
            self.assertReported("hardware", STATES, stated)
        self.assertFine(STATES, STATES.replace("GENERIC", "CPU"))

    def test_aggregator(self) -> None:
        """What collects the tests of a folder imports each class that has tests."""
        text = plain(GOOD).replace(RUN, RAISE)
        line = text[: text.index(CLASS)].count("\n") + 1
        renamed = text.replace("TestTwo", "TestOther")
        self.assertEqual([("aggregator", line)], self.check(JIT_TEST, renamed))
        base = text.replace("TestTwo", "Base").replace("def test_two", "def two")
        self.assertEqual([], self.check(JIT_TEST, base))
        self.assertEqual([], self.check(JIT_TEST, text))

    def test_import(self) -> None:
        """A file imports what a checkout has; anything else only where it may fail."""
        self.assertReported("import", IMPORT, f"{IMPORT}import tools.golden\n", 1)
        self.assertReported("import", ASSERT, f"        import rich\n{ASSERT}")
        self.assertFine(IMPORT, f"{IMPORT}import numpy\nimport torch.nn\n")
        optional = "try:\n    import rich\nexcept ImportError:\n    rich = None\n"
        self.assertFine(IMPORT, f"{IMPORT}{optional}")
        other = optional.replace("ImportError", "ValueError")
        self.assertReported("import", IMPORT, f"{IMPORT}{other}", 2)
        write_tree(self.root, {"test/nn/tools_of_nn.py": ""})
        self.assertFine(IMPORT, f"{IMPORT}import tools_of_nn\n")

    def test_tab(self) -> None:
        """A tab is reported in a string, too; one that is spelled out is fine."""
        self.assertReported("tab", ASSERT, ASSERT.replace("os", '"\t"'))
        self.assertFine(ASSERT, ASSERT.replace("os", r'"\t"'))


class TestTables(unittest.TestCase):
    """The tables of folders and modules."""

    def test_reasons(self) -> None:
        """A row without a reason is refused; the tables have theirs."""
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder, "table.csv")
            table.write_text("module,reason\ntorch, \n")
            with self.assertRaisesRegex(ValueError, "torch has no reason"):
                load_allowed(table)
            table.write_text("folder,aggregator,runs_directly,reason\njit,a,no,\n")
            with self.assertRaisesRegex(ValueError, "jit has no reason"):
                load_aggregated(table)
        self.assertIn("torch", load_allowed())
        self.assertTrue(load_aggregated())


if __name__ == "__main__":
    unittest.main()
