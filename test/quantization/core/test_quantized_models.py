# Owner(s): ["oncall: quantization"]

"""Models that earlier releases prepared or converted, and saved."""

import os
import sys

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_utils import run_tests  # noqa: E402
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_model_cases as cases  # noqa: E402


class TestEagerModels(QuantTestCase):
    """Models in which modules were put in place of others."""


class TestFxModels(QuantTestCase):
    """Models that FX traced."""


class TestConvertedCustomModules(QuantTestCase):
    """Models with modules that are quantized part by part."""


add_tests(TestEagerModels, cases.EAGER)
add_tests(TestFxModels, cases.FX)
add_tests(TestConvertedCustomModules, cases.RECURRENT)

if __name__ == "__main__":
    run_tests()
