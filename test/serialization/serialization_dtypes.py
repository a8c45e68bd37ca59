"""Every dtype of torch: how tensors of it are made, and who saves it.

``DTYPES`` is compared with what the running torch has, so that none is forgotten.
"""

from dataclasses import dataclass
from typing import Optional, Tuple

import torch

from serialization_cases import (
    SAFE_BITS,
    SAFE_QUANTIZED,
    SINCE_WEIGHTS_ONLY,
)

# Bytes that as elements are zero, tiny, one or so, infinity or NaN, and negative.
_BYTES = (0, 0x00, 1, 0x3C, 0x7C, 0x7F, 0x80, 0x81, 0xBC, 0xFC, 0xFE, 0xFF) + (
    0x12, 0x34, 0x56, 0x78,
)  # fmt: skip
_INF, _NAN = float("inf"), float("nan")
_FLOATS = (0.0, -0.0, 1 / 3, -2.5, _INF, -_INF, _NAN)


@dataclass(frozen=True)
class Dtype:
    """A dtype, its elements in the files, and the first release that saves it.

    ``values`` are numbers, None for the bytes above.  ``zip_only`` is for a dtype
    that the legacy container refuses.  ``scheme`` is that of a quantized tensor.
    ``unsaved`` is the refusal of all releases that have the dtype.  ``of`` is the
    dtype's own name, where its row has another; ``is_bits`` is for those of mere bits.
    """

    since: str = "1.0.0"
    values: Optional[Tuple] = None
    zip_only: bool = False
    scheme: str = ""
    unsaved: str = ""
    of: str = ""
    is_bits: bool = False

    @property
    def safe(self) -> str:
        """The first reader that loads it with weights_only."""
        if self.scheme:
            return SAFE_QUANTIZED
        return SAFE_BITS if self.is_bits else SINCE_WEIGHTS_ONLY

    def make(self, name: str) -> torch.Tensor:
        """A tensor of the dtype whose row is ``name``."""
        dtype = getattr(torch, self.of or name)
        if self.scheme:
            return _quantized(dtype, self.scheme)
        if self.values is not None:
            return torch.tensor(self.values, dtype=dtype)
        return torch.tensor(_BYTES, dtype=torch.uint8).view(dtype)


def _quantized(dtype, scheme):
    x = torch.arange(-4.0, 4.0).reshape(2, 4)
    if scheme == "per tensor":
        return torch.quantize_per_tensor(x, 0.5, 3, dtype)
    scales = torch.tensor([0.5, 0.25], dtype=torch.float64)
    if scheme == "per channel":
        zeros = torch.tensor([3, 1])
        return torch.quantize_per_channel(x, scales, zeros, 0, dtype)
    # Points of zero that are no integers.
    points = torch.tensor([2.5, 1.25])
    return torch.quantize_per_channel(x, scales.float(), points, 0, dtype)


def _integers(bits):
    top = 2 ** (bits - 1)
    return (-top, -1, 0, 1, top - 1)


def _dummies():
    """Integers of few bits, names alone: torch has no storage of them."""
    refusal = "is not recognized"
    return {
        f"{sign}int{bits}": Dtype(unsaved=refusal)
        for bits in range(1, 8)
        for sign in ("", "u")
    }


_NEW = {"since": "2.2.0", "zip_only": True}
_BITS = {**_NEW, "is_bits": True}
DTYPES = {
    "float16": Dtype(values=_FLOATS + (65504.0, 2.0**-24)),
    "float32": Dtype(values=_FLOATS + (1e38, 1e-45)),
    "float64": Dtype(values=_FLOATS + (1e308, 5e-324)),
    "bfloat16": Dtype(since="1.2.0", values=_FLOATS + (1e38, 1e-40)),
    "uint8": Dtype(values=(0, 1, 127, 128, 255)),
    "int8": Dtype(values=_integers(8)),
    "int16": Dtype(values=_integers(16)),
    "int32": Dtype(values=_integers(32)),
    "int64": Dtype(values=_integers(64)),
    "bool": Dtype(since="1.2.0", values=(True, False, True)),
    "complex64": Dtype(since="1.6.0", values=(1 - 2j, complex(-0.0, _NAN), _INF)),
    "complex128": Dtype(since="1.6.0", values=(1 / 3 - 2j, complex(-0.0, _NAN), _INF)),
    "complex32": Dtype(since="2.3.0", zip_only=True),
    "bcomplex32": Dtype(since="2.15.0", zip_only=True),
    "uint16": Dtype(since="2.6.0", zip_only=True, values=(0, 1, 32768, 65535)),
    "uint32": Dtype(since="2.6.0", zip_only=True, values=(0, 1, 2**31, 2**32 - 1)),
    "uint64": Dtype(since="2.6.0", zip_only=True),
    "float8_e4m3fn": Dtype(**_NEW),
    "float8_e4m3fnuz": Dtype(since="2.3.0", zip_only=True),
    "float8_e5m2": Dtype(**_NEW),
    "float8_e5m2fnuz": Dtype(since="2.3.0", zip_only=True),
    "float8_e8m0fnu": Dtype(since="2.7.0", zip_only=True),
    "float4_e2m1fn_x2": Dtype(since="2.8.0", zip_only=True),
    "bits8": Dtype(**_BITS),
    "bits16": Dtype(**_BITS),
    "bits1x8": Dtype(**_BITS),
    "bits2x4": Dtype(**_BITS),
    "bits4x2": Dtype(**_BITS),
    "qint8": Dtype(since="1.3.0", scheme="per tensor"),
    "quint8": Dtype(since="1.3.0", scheme="per tensor"),
    "qint32": Dtype(since="1.3.0", scheme="per tensor"),
    "quint4x2": Dtype(since="1.8.0", scheme="per tensor"),
    "quint2x4": Dtype(since="1.12.0", scheme="float points"),
    **_dummies(),
}
_PER_CHANNEL = {"since": "1.3.0", "scheme": "per channel"}
# Quantized with a scale for each channel.
CHANNEL_DTYPES = {
    "qint8_per_channel": Dtype(of="qint8", **_PER_CHANNEL),
    "quint8_per_channel": Dtype(of="quint8", **_PER_CHANNEL),
    "qint32_per_channel": Dtype(of="qint32", **_PER_CHANNEL),
    "quint8_float_points": Dtype("1.7.0", scheme="float points", of="quint8"),
    "quint4x2_float_points": Dtype("1.8.0", scheme="float points", of="quint4x2"),
}


def dtypes_of_torch():
    """The names of all dtypes that the running torch has."""
    found = [value for value in vars(torch).values() if isinstance(value, torch.dtype)]
    return {str(dtype).partition(".")[2] for dtype in found}
