"""Every cell of the mobile and operator goldens compares with its own expected values.

In a copy of the suite each golden gets the expected values of the next golden that has
others, with a provenance that fits.  Then every cell that passed must fail.
"""

import shutil
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from common_golden import load_provenance, record_file, save_provenance

from tools import ROOT
from tools.testing.execution import list_tests, run_file
from tools.testing.plan import Plan
from tools.testing.records import PASSED, Outcome

EXPECTED = "expected.npz"


def swap_expected(folder: Path) -> None:
    """Give each golden of a folder the next other expected values."""
    provenance = load_provenance(str(folder))
    names = [name for name, g in provenance.goldens.items() if EXPECTED in g.files]
    contents = [(folder / f"{name}.{EXPECTED}").read_bytes() for name in names]
    goldens = dict(provenance.goldens)
    for number, name in enumerate(names):
        path = folder / f"{name}.{EXPECTED}"
        # Some goldens compute the same: two formats of a model, an operator's forms.
        following = contents[number:] + contents[:number]
        path.write_bytes(next(c for c in following if c != contents[number]))
        files = {**goldens[name].files, EXPECTED: record_file(str(path))}
        goldens[name] = replace(goldens[name], files=files)
    save_provenance(str(folder), replace(provenance, goldens=goldens))


def golden_outcomes(file: str, root: str, writers: str) -> list[Outcome]:
    """The outcomes of the cells of a file's goldens."""
    tests = [test.name for test in list_tests([file], Plan()).tests if test.golden]
    plan = Plan(root=root, jobs=2, writers=writers)
    return [outcome for outcome in run_file(file, tests, plan) if outcome.writer]


class TestSwappedExpected(unittest.TestCase):
    """No cell passes with the values of another golden."""

    def check(self, file: str, folders: list[str], writers: str = "*") -> None:
        with tempfile.TemporaryDirectory() as root:
            shutil.copytree(Path(ROOT, "test"), Path(root, "test"))
            for folder in folders:
                swap_expected(Path(root, "test", folder))
            swapped = golden_outcomes(file, root, writers)
        passed = {
            outcome.name
            for outcome in golden_outcomes(file, ROOT, writers)
            if outcome.state == PASSED
        }
        still = {outcome.name for outcome in swapped if outcome.state == PASSED}

        self.assertGreater(len(passed), 25)
        self.assertEqual(set(), {n for n in passed & still if not self.refuses(n)})

    def refuses(self, name: str) -> bool:
        """Whether the cell passes because torch refuses the file."""
        return "loader=lite, writer=1.5.1" in name

    def test_mobile(self):
        """Each loader and each backport of a mobile model compares its results."""
        file = "test/mobile/test_lite_interpreter.py"
        for writer in ("1.8.1", "2.0.1"):
            self.check(file, [f"mobile/serialized/{writer}"], writer)

    def test_operators(self):
        """Each loader of a fixture compares its results."""
        self.check("test/jit/test_save_load_for_op_version.py", ["jit/fixtures"])


if __name__ == "__main__":
    unittest.main()
