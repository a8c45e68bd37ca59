# Owner(s): ["module: nn"]

"""Modules with normed or parametrized weights, that earlier releases saved."""

import io
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import TestCase, import_first, reader_has  # noqa: E402
from common_utils import HardwareClassification, run_tests  # noqa: E402
from nn_completeness import Completeness  # noqa: E402
from nn_rows import gathered  # noqa: E402
from nn_table_reparametrized import REPARAMETRIZED  # noqa: E402
from nn_test_case import ModuleTestCase, with_tests  # noqa: E402

ROWS = gathered(REPARAMETRIZED)


@with_tests(ROWS, "What {} keeps of a weight is loaded, and gives the weight again.")
class TestParametrization(ModuleTestCase):
    """Every norm and parametrization of torch.nn.utils."""


class TestPickling(TestCase):
    """Why there are states alone of parametrized modules."""

    hw_classification = HardwareClassification.GENERIC

    def test_parametrized_module(self):
        """A parametrized module refuses to be pickled, and says what to do."""
        row = ROWS["parametrizations_spectral_norm"]
        if not reader_has(row.since):
            self.skipTest(f"this torch has no parametrizations (since {row.since})")
        for case in row.cases:
            with self.subTest(variant=case.name):
                with self.assertRaisesRegex(RuntimeError, "only supported through"):
                    torch.save(row.build(case), io.BytesIO())


class TestEveryParametrization(Completeness):
    """What torch.nn.utils.parametrizations has is in the table."""

    def test_parametrizations(self):
        """Each public parametrization has a row."""
        module = import_first("torch.nn.utils.parametrizations")
        if module is None:
            self.skipTest("this torch has no parametrizations (since 1.9.0)")
        found = {f"parametrizations_{name}" for name in self.functions(module)}
        self.check_tables(found, ROWS)


if __name__ == "__main__":
    run_tests()
