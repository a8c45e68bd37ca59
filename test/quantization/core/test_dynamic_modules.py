# Owner(s): ["oncall: quantization"]

"""Modules of torch.ao.nn.quantized.dynamic that earlier releases saved.

The suite of ``test/quantization/bc`` has Linear and LSTM; these are the rest.
"""

import os
import sys

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_utils import run_tests  # noqa: E402
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_dynamic_cases as cases  # noqa: E402


class TestDynamicModules(QuantTestCase):
    """Modules that quantize their inputs as they come."""


add_tests(TestDynamicModules, cases.CASES)

if __name__ == "__main__":
    run_tests()
