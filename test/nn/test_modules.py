# Owner(s): ["module: nn"]

"""Modules of torch.nn that earlier releases saved, whole and as states.

The tables say what is built; nn_test_case.py says what is compared.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_utils import run_tests  # noqa: E402
from nn_completeness import Completeness  # noqa: E402
from nn_rows import gathered  # noqa: E402
from nn_table_activations import ACTIVATIONS  # noqa: E402
from nn_table_containers import CONTAINERS  # noqa: E402
from nn_table_layers import LAYERS  # noqa: E402
from nn_table_losses import LOSSES  # noqa: E402
from nn_table_norms import NORMS  # noqa: E402
from nn_table_pooling import POOLING  # noqa: E402
from nn_table_recurrent import RECURRENT  # noqa: E402
from nn_test_case import ModuleTestCase, with_tests  # noqa: E402

ROWS = gathered(
    ACTIVATIONS, CONTAINERS, LAYERS, LOSSES, NORMS, POOLING, RECURRENT
)  # fmt: skip


@with_tests(ROWS, "A saved {} keeps its attributes, its state and its numbers.")
class TestModules(ModuleTestCase):
    """Every public module class of torch.nn."""


class TestEveryModule(Completeness):
    """What torch.nn has is in the tables, and so cannot be forgotten."""

    def test_modules(self):
        """Each public module class of torch.nn has a row."""
        found = self.classes(torch.nn, torch.nn.Module)
        self.check_tables(found, ROWS)


if __name__ == "__main__":
    run_tests()
