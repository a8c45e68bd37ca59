# Owner(s): ["module: nn"]

"""Modules that earlier releases pruned and saved, whole and as states."""

import os
import sys

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import import_first  # noqa: E402
from common_utils import run_tests  # noqa: E402
from nn_completeness import Completeness  # noqa: E402
from nn_rows import gathered  # noqa: E402
from nn_table_pruning import PRUNING  # noqa: E402
from nn_test_case import ModuleTestCase, with_tests  # noqa: E402

ROWS = gathered(PRUNING)


@with_tests(ROWS, "Masks, hooks and numbers of what was pruned by {} are kept.")
class TestPruning(ModuleTestCase):
    """Every pruning method of torch.nn.utils.prune."""


class TestEveryPruning(Completeness):
    """What torch.nn.utils.prune has is in the table."""

    WITHOUT_ROW = {"BasePruningMethod": "the abstract base of the others"}

    def test_methods(self):
        """Each public pruning method has a row."""
        prune = import_first("torch.nn.utils.prune")
        if prune is None:
            self.skipTest("this torch has no pruning (since 1.4.0)")
        found = self.classes(prune, prune.BasePruningMethod)
        self.check_tables(found, ROWS)


if __name__ == "__main__":
    run_tests()
