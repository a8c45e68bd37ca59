# Owner(s): ["module: optimizer"]

"""Optimizers that earlier releases saved, whole and as their ``state_dict()``."""

import inspect
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import reader_has  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from optim_cases import OPTIMIZERS  # noqa: E402
from optim_test_case import KINDS, STATE_KINDS, OptimizerTestCase  # noqa: E402


class TestOptim(OptimizerTestCase):
    """Each optimizer goes on where the writer's was."""

    def test_all_optimizers_are_tried(self):
        """Each public optimizer of this torch is in the table, and only these."""
        public = {
            name
            for name, value in vars(torch.optim).items()
            if inspect.isclass(value)
            and issubclass(value, torch.optim.Optimizer)
            and value is not torch.optim.Optimizer
            and not name.startswith("_")
        }
        known = {name for name, case in OPTIMIZERS.items() if reader_has(case.since)}
        self.assertEqual(sorted(public), sorted(known))


class TestOptimOptions(OptimizerTestCase):
    """What chooses an implementation, a sign or names is in the state alone."""


def _test_of(case, whole):
    """The test of an optimizer, each of its variants a golden."""
    subnames = case.subnames(whole)
    kinds = KINDS if whole else STATE_KINDS

    @golden(since=next(iter(subnames.values())), kinds=kinds, subnames=subnames)
    def test(self):
        for subname in subnames:
            if self.has_subname(subname):
                self.check_optimizer(case, subname)

    test.__name__ = f"test_{case.name}"
    test.__doc__ = f"{case.name} goes on with the numbers of the writer's."
    return test


for _case in OPTIMIZERS.values():
    setattr(TestOptim, f"test_{_case.name}", _test_of(_case, whole=True))
    if _case.subnames(whole=False):
        setattr(TestOptimOptions, f"test_{_case.name}", _test_of(_case, whole=False))


if __name__ == "__main__":
    run_tests()
