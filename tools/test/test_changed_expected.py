"""Every cell of a golden compares with the values that its writer recorded.

In a copy of the suite every expected value is another one, with a provenance that
fits.  Then every cell that passed must fail.
"""

import json
import shutil
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common_golden import load_provenance, record_file, save_provenance

from tools import ROOT
from tools.testing.execution import list_tests, run_file
from tools.testing.plan import Plan
from tools.testing.records import PASSED, Outcome

EXPECTED = "expected.npz"
TREE = "tree"


def change_expected(path: Path) -> None:
    """Change each array, number and text of a file of expected values.

    The keys of the outermost dict are kept: a cell may be about one of its parts.
    """
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    tree = json.loads(bytes(arrays.pop(TREE)))
    if isinstance(tree, dict) and "dict" in tree:
        tree = {"dict": [[key, changed(value)] for key, value in tree["dict"]]}
    else:
        tree = changed(tree)
    arrays = {name: changed_array(array) for name, array in arrays.items()}
    arrays[TREE] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    np.savez_compressed(path, **arrays)


def changed(tree: Any) -> Any:
    """A description of another value; of a tensor, one of another shape."""
    if isinstance(tree, dict) and "elements" in tree:
        return {**tree, "shape": [*tree["shape"], 1]}
    if isinstance(tree, list) and tree:
        return [changed(item) for item in tree]
    if isinstance(tree, dict) and tree.get("dict"):
        return {"dict": [[key, changed(value)] for key, value in tree["dict"]]}
    return ["changed", tree]


def changed_array(array: np.ndarray) -> np.ndarray:
    """Other elements."""
    return ~array if array.dtype == bool else array + np.ones((), array.dtype)


def change_folder(folder: Path) -> None:
    """Change the expected values of each golden of a folder."""
    provenance = load_provenance(str(folder))
    goldens = dict(provenance.goldens)
    for name, golden in provenance.goldens.items():
        if EXPECTED in golden.files:
            path = folder / f"{name}.{EXPECTED}"
            change_expected(path)
            files = {**golden.files, EXPECTED: record_file(str(path))}
            goldens[name] = replace(golden, files=files)
    save_provenance(str(folder), replace(provenance, goldens=goldens))


def golden_outcomes(file: str, root: str, writers: str) -> list[Outcome]:
    """The outcomes of the cells of a file's goldens."""
    tests = [test.name for test in list_tests([file], Plan()).tests if test.golden]
    plan = Plan(root=root, jobs=2, writers=writers)
    return [outcome for outcome in run_file(file, tests, plan) if outcome.writer]


class TestChangedExpected(unittest.TestCase):
    """No cell passes with other values than its writer recorded."""

    def check(self, file: str, folder: str, writers: str = "*") -> None:
        with tempfile.TemporaryDirectory() as root:
            shutil.copytree(Path(ROOT, "test"), Path(root, "test"))
            change_folder(Path(root, "test", folder))
            outcomes = golden_outcomes(file, root, writers)
        passed = {
            outcome.name
            for outcome in golden_outcomes(file, ROOT, writers)
            if outcome.state == PASSED
        }
        still = {outcome.name for outcome in outcomes if outcome.state == PASSED}

        self.assertGreater(len(passed), 25)
        self.assertEqual(set(), {n for n in passed & still if not self.refuses(n)})

    def refuses(self, name: str) -> bool:
        """Whether the cell passes because torch refuses the file."""
        return "loader=lite, writer=1.5.1" in name

    def test_mobile(self) -> None:
        """Each loader and each backport of a mobile model compares its results."""
        file = "test/mobile/test_lite_interpreter.py"
        for writer in ("1.8.1", "2.0.1"):
            self.check(file, f"mobile/serialized/{writer}", writer)

    def test_operators(self) -> None:
        """Each loader of a fixture compares its results."""
        self.check("test/jit/test_save_load_for_op_version.py", "jit/fixtures")

    def test_graph_modules(self) -> None:
        """Each part of a GraphModule is compared."""
        file = "test/fx/test_graph_module.py"
        for writer in ("1.12.1", "2.15.0"):
            self.check(file, f"fx/serialized/{writer}", writer)


if __name__ == "__main__":
    unittest.main()
