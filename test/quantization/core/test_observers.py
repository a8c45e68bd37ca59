# Owner(s): ["oncall: quantization"]

"""Observers, fake quantizations and configurations that earlier releases saved."""

import os
import sys

import torch

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_expected import load_plain, save_expected  # noqa: E402
from common_utils import golden, load_golden, run_tests  # noqa: E402
from quant_configs import (  # noqa: E402
    describe_configs,
    describe_mapping,
    make_config,
    make_mapping,
    make_named_configs,
)
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_observer_cases as cases  # noqa: E402

KINDS = ("object.pt", "expected.npz")


class TestObservers(QuantTestCase):
    """What observers saw, and what they choose from it."""


class TestFakeQuantizes(QuantTestCase):
    """Fake quantizations, whether they observe or not."""


class TestQConfigs(QuantTestCase):
    """Objects that tell how to quantize."""

    def check_object(self, value, describe):
        """Compare what the writer recorded of a pickled object."""

        def write(files):
            torch.save(value, files["object.pt"])
            save_expected(files["expected.npz"], {"told": describe(value)})

        def read(files):
            told = describe(load_golden(files["object.pt"]))
            names = list(load_plain(files["expected.npz"], "told"))
            found = {name: told.get(name, "lost") for name in names}
            self.check_expected(files["expected.npz"], found, part="told")

        self.check_golden(write, {"object.pt": read})

    @golden(since="1.10.0", kinds=KINDS)
    def test_QConfig(self):
        """A pickled QConfig makes observers with the same settings."""
        self.check_object({"own": make_config()}, describe_configs)

    @golden(since="1.10.0", kinds=KINDS)
    def test_default_qconfigs(self):
        """Pickled qconfigs of torch itself stay what they were."""
        self.check_object(make_named_configs(), describe_configs)

    @golden(since="1.13.0", kinds=KINDS)
    def test_QConfigMapping(self):
        """A pickled QConfigMapping keeps its rules and their order."""
        self.check_object(make_mapping(), describe_mapping)


add_tests(TestObservers, cases.OBSERVERS)
add_tests(TestFakeQuantizes, cases.FAKES)

if __name__ == "__main__":
    run_tests()
