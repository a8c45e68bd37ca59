# Owner(s): ["oncall: jit"]

"""Each upgrader has a fixture, and a wrong upgrader is noticed."""

import os
import shutil
import sys
import tempfile

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_archive import read_record, rewrite_records  # noqa: E402
from common_utils import GoldenTestCase, raise_on_run_directly  # noqa: E402
from common_expected import find_differences  # noqa: E402
from operator_fixtures import (  # noqa: E402
    LITE,
    LITE_WRITERS,
    OPERATORS,
    VECTORIZED,
    fixture,
    mobile,
    reasons_without_fixture,
    results_of,
)
from generate_models import file_version, operators_in  # noqa: E402


_CODE = "code/__torch__/fixtures_src.py"
_TANH = (
    (_CODE, b"torch.gelu(", b"torch.tanh("),
    ("bytecode.pkl", b"aten::gelu", b"aten::tanh"),
)
# Fixture to what a wrong upgrader would make of its code and its bytecode: gelu
# without approximation, and full of an integer into floats, mean what they meant.
WRONG = {
    "test_versioned_gelu_v9": _TANH,
    "test_versioned_gelu_out_v9": _TANH,
    "test_versioned_full_out_v4": (
        (_CODE, b"torch.full([2, 3], 4", b"torch.full([2, 3], 5"),
        # The constants 2, 3, 4 as pickled bytes.
        ("bytecode.pkl", b"K\x02K\x03K\x04", b"K\x02K\x03K\x05"),
    ),
}


class TestUpgraders(GoldenTestCase):
    """The upgrader map against the fixtures, and each upgrader undone."""

    def setUp(self):
        super().setUp()
        if not hasattr(torch._C, "_get_operator_version_map"):
            self.skipTest(f"torch {torch.__version__} lacks a map of upgraders")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # Operator to the first version with its new meaning.
        self.bumped_at = {
            operator: max(entry.bumped_at_version for entry in entries)
            for operator, entries in torch._C._get_operator_version_map().items()
        }

    def fixtures(self):
        """Name to operator of the fixtures that this torch has an upgrader for."""
        return {n: o for n, o in OPERATORS.items() if o in self.bumped_at}

    def test_each_upgrader_has_a_fixture(self):
        """Every entry of the map has a fixture, or a reason why none can exist."""
        covered, reasons = set(OPERATORS.values()), set(reasons_without_fixture())

        self.assertEqual(set(), covered & reasons)
        self.assertEqual(set(), set(self.bumped_at) - covered - reasons)
        self.assertEqual(len(OPERATORS), len(covered))

    def test_fixtures_are_older_than_the_change(self):
        """A fixture holds its operator, in a file from before the change."""
        for name, operator in self.fixtures().items():
            with self.subTest(fixture=name):
                path = fixture(name)

                self.assertIn(operator, operators_in(path))
                self.assertLess(file_version(path), self.bumped_at[operator])

    def test_wrong_upgrader(self):
        """Without its upgrader, or with a wrong one, a fixture fails its comparison."""
        for name in self.fixtures():
            with self.subTest(fixture=name):
                self.check_noticed(name, self.undone(name), torch.jit.load)

    def test_wrong_upgrader_of_the_lite_interpreter(self):
        """The same for what the lite interpreter makes of the bytecode."""
        for name in self.fixtures():
            with self.subTest(fixture=name):
                path = self.undone(name, lite=True)
                self.check_noticed(name, path, mobile._load_for_lite_interpreter)

    def check_noticed(self, name, path, load):
        """A model with another meaning fails to run, or gives other results."""
        try:
            results = results_of(load(path), name)
        except RuntimeError:
            return  # such a call does not exist any more
        expected = fixture(name, "expected.npz")
        self.assertNotEqual([], find_differences(expected, results, VECTORIZED))

    def undone(self, name, lite=False):
        """A copy of a fixture that no upgrader touches, with today's operators.

        Where the new operator gives the same for the old arguments, the copy has
        another operator or argument, as a wrong upgrader would.
        """
        twin = name + LITE if lite and name + LITE in LITE_WRITERS else name
        path = os.path.join(self.folder, f"{name}.ptl")
        shutil.copy(fixture(twin), path)
        version = str(torch._C._get_max_operator_version())
        changes = {"version": f"{version}\n".encode()}
        for record, old, new in WRONG.get(name, ()):
            content = read_record(path, record)
            self.assertIn(old, content)
            changes[record] = content.replace(old, new)
        rewrite_records(path, changes)
        return path


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
