# Owner(s): ["oncall: quantization"]

"""Observers, fake quantizations and their configurations that earlier releases saved."""

import os
import sys

import torch

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_utils import golden, load_golden, run_tests  # noqa: E402
from quant_configs import (  # noqa: E402
    describe_config,
    describe_mapping,
    make_config,
    make_mapping,
    make_named_configs,
)
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_observer_cases as cases  # noqa: E402


class TestObservers(QuantTestCase):
    """What observers saw, and what they choose from it."""


class TestFakeQuantizes(QuantTestCase):
    """Fake quantizations, whether they observe or not."""


class TestQConfigs(QuantTestCase):
    """Objects that tell how to quantize."""

    def _check_object(self, value, describe):
        self.check_saved("object.pt", value, torch.save, load_golden, describe)

    @golden(since="1.10.0", kinds=("object.pt", "expected.npz"))
    def test_QConfig(self):
        """A pickled QConfig makes observers with the same settings."""
        self._check_object(make_config(), describe_config)

    @golden(since="1.10.0", kinds=("object.pt", "expected.npz"))
    def test_default_qconfigs(self):
        """Pickled qconfigs of torch itself stay what they were."""

        def describe(configs):
            return {name: describe_config(config) for name, config in configs.items()}

        self._check_object(make_named_configs(), describe)

    @golden(since="1.13.0", kinds=("object.pt", "expected.npz"))
    def test_QConfigMapping(self):
        """A pickled QConfigMapping keeps its rules and their order."""
        self._check_object(make_mapping(), describe_mapping)


add_tests(TestObservers, cases.OBSERVERS)
add_tests(TestFakeQuantizes, cases.FAKES)

if __name__ == "__main__":
    run_tests()
