"""Every cell of a golden compares with the values that its writer recorded.

In a copy of the suite every expected value is another one, with a provenance that
fits.  Then no cell may pass.
"""

import json
import shutil
import tempfile
import unittest
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common_golden import load_provenance, record_file, save_provenance

from tools import ROOT
from tools.testing.execution import list_tests, run_file
from tools.testing.plan import Plan
from tools.testing.records import FAILED, PASSED, Outcome

EXPECTED = "expected.npz"
LITE = "mobile/test_lite_interpreter.py"
PACKAGES = ("package/test_package_bc.py", "package/test_package_code_bc.py")
SCRIPTS = (
    "jit/test_script_networks.py",
    "jit/test_script_tensors.py",
    "jit/test_torch_script.py",
    "jit/test_torch_script_types.py",
    "jit/test_traced_modules.py",
    "jit/test_transformed_scripts.py",
)
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

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = folder.name
        # The wider corpus has test_changed_objects.py.
        others = shutil.ignore_patterns(
            "nn", "optim", "serialization", "export", "distributed", "quantization"
        )
        shutil.copytree(Path(ROOT, "test"), Path(cls.root, "test"), ignore=others)

    def check(self, files: Sequence[str], folder: str, writers: str = "*") -> None:
        change_folder(Path(self.root, "test", folder))
        outcomes = [
            outcome
            for file in files
            for outcome in golden_outcomes(f"test/{file}", self.root, writers)
        ]
        compared = [
            o for o in outcomes if o.state == FAILED and "expected" in o.message
        ]
        still = {outcome.name for outcome in outcomes if outcome.state == PASSED}

        self.assertGreater(len(compared), 25)
        self.assertEqual(set(), {name for name in still if not self.refuses(name)})

    def refuses(self, name: str) -> bool:
        """Whether the cell passes because torch refuses the file."""
        return "loader=lite, writer=1.5.1" in name

    def test_mobile(self) -> None:
        """Each loader and each backport of a mobile model compares its results."""
        for writer in ("1.8.1", "2.0.1"):
            self.check([LITE], f"mobile/serialized/{writer}", writer)

    def test_operators(self) -> None:
        """Each loader of a fixture compares its results."""
        self.check(["jit/test_save_load_for_op_version.py"], "jit/fixtures")

    def test_graph_modules(self) -> None:
        """Each part of a GraphModule is compared."""
        self.check(["fx/test_graph_module.py"], "fx/serialized/1.12.1", "1.12.1")

    def test_packages(self) -> None:
        """Each way of importing a package compares what it holds."""
        self.check(PACKAGES, "package/package_bc/1.12.1", "1.12.1")

    def test_torch_script(self) -> None:
        """Each way of loading an archive compares state and results."""
        self.check(SCRIPTS, "jit/serialized/1.10.2", "1.10.2")


if __name__ == "__main__":
    unittest.main()
