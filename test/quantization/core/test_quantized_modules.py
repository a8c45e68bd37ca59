# Owner(s): ["oncall: quantization"]

"""Modules of torch.ao.nn.quantized that earlier releases saved.

The suite of ``test/quantization/bc`` has Linear, Conv2d and Conv3d; these are the rest.
"""

import os
import sys

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_utils import run_tests  # noqa: E402
from quant_test_case import QuantTestCase, add_tests  # noqa: E402
import quant_static_cases as cases  # noqa: E402


class TestQuantizedConvolutions(QuantTestCase):
    """Convolutions with packed weights, also transposed and fused."""


class TestQuantizedLinears(QuantTestCase):
    """Linear layers with packed weights."""


class TestQuantizedEmbeddings(QuantTestCase):
    """Embeddings with rows of 8 and of 4 bits."""


class TestQuantizedNorms(QuantTestCase):
    """Normalizations of quantized tensors."""


class TestQuantizedActivations(QuantTestCase):
    """Activations, and what else has no packed weight."""


add_tests(TestQuantizedConvolutions, cases.CONVOLUTIONS)
add_tests(TestQuantizedLinears, cases.LINEARS)
add_tests(TestQuantizedEmbeddings, cases.EMBEDDINGS)
add_tests(TestQuantizedNorms, cases.NORMS)
add_tests(TestQuantizedActivations, cases.ACTIVATIONS)

if __name__ == "__main__":
    run_tests()
