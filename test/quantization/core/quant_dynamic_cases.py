"""Modules that quantize their inputs as they come (Python 3.7, torch 1.3)."""

import torch

from common_expected import Tolerance
from quant_case import Case
from quant_homes import nniqd, nnqd, tq
from quant_static_cases import ALL, CHANNELS, PADDED, X86, conv
from quant_values import dynamic_activations, filled, row_activations
from quantized_engines import FLOAT_KERNELS, ONEDNN_DYNAMIC

QNNPACK = Tolerance(
    atol=2.0,
    rtol=0.0,
    reason="qnnpack ignores reduce_range: it takes activations to 8 bits where fbgemm, "
    "which wrote the golden, takes them to 7; of up to 8 inputs and weights up to 1, "
    "each half a step of 127/255",
)
GATES_QNNPACK = Tolerance(
    atol=0.05,
    rtol=0.0,
    reason="as QNNPACK, behind sigmoid and tanh",
)
CONVOLVED = {"qnnpack": QNNPACK, "onednn": ONEDNN_DYNAMIC}
GATED = {"qnnpack": GATES_QNNPACK}


def numbers(*shape):
    """Inputs of one float tensor of this shape."""
    return lambda: (dynamic_activations(*shape),)


def of_float(kind, *arguments, **options):
    """Makes what quantize_dynamic makes of a float module."""

    def make(n):
        module = filled(kind(*arguments, **options), n)
        # Within a model: the forward of GRU and LSTM has types too many to be scripted.
        return tq.quantize_dynamic(torch.nn.Sequential(module), {kind})

    return make


def rows(*shape):
    """Inputs of one tensor, a row for each cell."""
    return lambda: (row_activations(*shape),)


CASES = [
    Case("Conv1d", conv(nnqd, "Conv1d", (2, 3, 2), (3, 2, 2), whole=True),
         numbers(1, 2, 4), "1.11.0", engines=ALL, tolerances=CONVOLVED, module=None,
         covers=("quantized.dynamic.Conv1d",)),
    Case("Conv2d", conv(nnqd, "Conv2d", (2, 3, 2), (3, 2, 2, 2), whole=True),
         numbers(1, 2, 3, 3), "1.11.0", engines=ALL, tolerances=CONVOLVED, module=None,
         covers=("quantized.dynamic.Conv2d",)),
    Case("Conv3d", conv(nnqd, "Conv3d", (2, 3, 2), (3, 2, 2, 2, 2), whole=True),
         numbers(1, 2, 2, 2, 3), "1.11.0", engines=X86, tolerances=CONVOLVED,
         module=None, covers=("quantized.dynamic.Conv3d",)),
    Case("ConvTranspose1d",
         conv(nnqd, "ConvTranspose1d", (2, 3, 2, 2), (2, 3, 2), whole=True),
         numbers(1, 2, 3), "1.11.0", engines=ALL, tolerances=CONVOLVED, module=None,
         covers=("quantized.dynamic.ConvTranspose1d",)),
    Case("ConvTranspose2d",
         conv(nnqd, "ConvTranspose2d", (2, 3, 2, 2, 0, 1), (2, 3, 2, 2), whole=True),
         numbers(1, 2, 3, 3), "1.11.0", engines=PADDED, tolerances=CONVOLVED,
         module=None, covers=("quantized.dynamic.ConvTranspose2d",)),
    Case("ConvTranspose3d",
         conv(nnqd, "ConvTranspose3d", (2, 3, 2, 2), (2, 3, 2, 2, 2), whole=True),
         numbers(1, 2, 2, 2, 2), "1.11.0", engines=X86, tolerances=CONVOLVED,
         module=None, covers=("quantized.dynamic.ConvTranspose3d",)),
    Case("LinearReLU", conv(nniqd, "LinearReLU", (3, 2), (2, 3)), numbers(2, 3),
         "1.10.0", engines=ALL, tolerances=CONVOLVED,
         covers=("intrinsic.quantized.dynamic.LinearReLU",)),
    Case("LinearPerChannel", conv(nnqd, "Linear", (3, 2), (2, 3), axis=0),
         numbers(2, 3), "1.5.0", engines=CHANNELS, tolerances=CONVOLVED, module=None),
    Case("LSTMCell", of_float(torch.nn.LSTMCell, 3, 2), rows(2, 3), "1.6.0",
         engines=ALL, tolerance=FLOAT_KERNELS, tolerances=GATED, zipped=True,
         scripted="1.6.0", covers=("quantized.dynamic.LSTMCell",)),
    Case("GRUCell", of_float(torch.nn.GRUCell, 3, 2), rows(2, 3), "1.6.0", engines=ALL,
         tolerance=FLOAT_KERNELS, tolerances=GATED, zipped=True, module=None,
         covers=("quantized.dynamic.GRUCell",)),
    Case("RNNCell", of_float(torch.nn.RNNCell, 3, 2), rows(2, 3), "1.6.0", engines=ALL,
         tolerance=FLOAT_KERNELS, tolerances=GATED, zipped=True, module=None,
         covers=("quantized.dynamic.RNNCell",)),
    Case("GRU", of_float(torch.nn.GRU, 3, 2), rows(2, 1, 3), "1.8.0", engines=ALL,
         tolerance=FLOAT_KERNELS, tolerances=GATED, zipped=True,
         covers=("quantized.dynamic.GRU",)),
]  # fmt: skip
