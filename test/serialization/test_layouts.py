# Owner(s): ["module: serialization"]

"""Sparse and nested tensors in files that earlier releases wrote."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import reader_has  # noqa: E402
from common_utils import run_tests  # noqa: E402
from serialization_cases import FileTestCase, add_cases, save_by_default  # noqa: E402
from serialization_layouts import NESTED, SPARSE  # noqa: E402


class TestSparse(FileTestCase):
    """Tensors that keep the elements that are not zero, and where they are."""

    def check_container(self, case, container):
        """Check the object of a case, where chance does not decide."""
        if container == "legacy" and not self.writing and not reader_has("1.7.0"):
            with self.subTest(container=container):
                self.skipTest(
                    "before 1.7 torch checks the coordinates in a legacy file before "
                    "it has read them, and refuses what was in memory by chance"
                )
        else:
            super().check_container(case, container)


add_cases(TestSparse, SPARSE)


class TestNested(FileTestCase):
    """Tensors of several sizes in one."""


add_cases(TestNested, NESTED)


class TestUnsavedLayouts(FileTestCase):
    """Tensors that no release saves."""

    def test_mkldnn(self):
        """A tensor in the form of MKL-DNN is refused: it has no storage."""
        if not hasattr(torch.Tensor, "to_mkldnn"):
            self.skipTest("torch 1.0 has no such tensors")
        with self.assertRaisesRegex(Exception, "storage"):
            save_by_default(torch.ones(2).to_mkldnn(), os.devnull)

    def test_names(self):
        """A tensor whose dimensions have names is refused: they would be lost."""
        try:
            tensor = torch.ones(2, names=("N",))
        except TypeError:
            self.skipTest("this torch gives dimensions no names")
        with self.assertRaisesRegex(RuntimeError, "Named tensors don't support"):
            save_by_default(tensor, os.devnull)


if __name__ == "__main__":
    run_tests()
