# Owner(s): ["oncall: quantization"]

"""Modules from which quantized ones are made, that earlier releases saved."""

import os
import sys

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_utils import run_tests  # noqa: E402
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_reference_cases as reference  # noqa: E402
import quant_training_cases as cases  # noqa: E402


class TestFusedModules(QuantTestCase):
    """Sequences of torch.ao.nn.intrinsic that stand for one fused module."""


class TestQATModules(QuantTestCase):
    """Modules of quantization-aware training."""


class TestQuantizableModules(QuantTestCase):
    """Float modules that can be quantized, unlike those of torch.nn."""


class TestReferenceModules(QuantTestCase):
    """Reference modules, whose weights are float and rounded."""


add_tests(TestFusedModules, cases.FUSED)
add_tests(TestQATModules, cases.TRAINED)
add_tests(TestQuantizableModules, cases.QUANTIZABLE)
add_tests(TestReferenceModules, reference.CASES)

if __name__ == "__main__":
    run_tests()
