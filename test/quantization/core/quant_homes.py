"""The packages of quantized modules, where this torch has them (Python 3.7, torch 1.0).

They became parts of torch.ao between 1.10 and 1.13; what a release lacks is None.
"""

from common_compat import import_first
from quantized_models import nniq, nnq, nnqd, quantize_fx, tq  # noqa: F401

nni = import_first("torch.ao.nn.intrinsic", "torch.nn.intrinsic", having="ConvBn2d")
nniqat = import_first(
    "torch.ao.nn.intrinsic.qat", "torch.nn.intrinsic.qat", having="ConvBn2d"
)
nniqd = import_first(
    "torch.ao.nn.intrinsic.quantized.dynamic",
    "torch.nn.intrinsic.quantized.dynamic",
    having="LinearReLU",
)
nnqat = import_first("torch.ao.nn.qat", "torch.nn.qat", having="Linear")
nnqatd = import_first(
    "torch.ao.nn.qat.dynamic", "torch.nn.qat.dynamic", having="Linear"
)
nnqa = import_first("torch.ao.nn.quantizable", "torch.nn.quantizable", having="LSTM")
# The public name came with 1.13.
nnqr = import_first(
    "torch.ao.nn.quantized.reference",
    "torch.nn.quantized._reference",
    having="Linear",
)
nnsq = import_first("torch.ao.nn.sparse.quantized", having="Linear")
nnsqd = import_first("torch.ao.nn.sparse.quantized.dynamic", having="Linear")
# Not public, and in use: torch.quantization had a file of this name since 1.7.
learnable = import_first(
    "torch.ao.quantization._learnable_fake_quantize",
    "torch.quantization._learnable_fake_quantize",
    having="_LearnableFakeQuantize",
)
