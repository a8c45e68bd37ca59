"""Tensors of each dtype and layout within modules of TorchScript (torch 1.0)."""

from typing import Dict, List

import torch
from torch import Tensor, nn

from common_values import converted


# The smallest normal number, and the greatest one.
FINITE = {
    "float8_e4m3fn": (2.0**-6, 448.0),
    "float8_e4m3fnuz": (2.0**-7, 240.0),
    "float8_e5m2": (2.0**-14, 57344.0),
    "float8_e5m2fnuz": (2.0**-15, 57344.0),
    "float16": (2.0**-14, 65504.0),
    "bfloat16": (2.0**-126, 2.0**127 * (2 - 2.0**-7)),
    "float32": (2.0**-126, 2.0**127 * (2 - 2.0**-23)),
    "float64": (2.0**-1022, 2.0**1023 * (2 - 2.0**-52)),
}


class Holder(nn.Module):
    """Buffers that are results as well, and one parameter; made to be traced."""

    def __init__(self, use, tensors):
        super().__init__()
        self.use, self.names = use, sorted(tensors)
        for name in self.names:
            self.register_buffer(name, tensors[name])
        self.weight = nn.Parameter(torch.tensor([0.5, -2.0]))

    def forward(self, x):
        tensors = [getattr(self, name) for name in self.names]
        return (x * self.weight,) + tuple(map(self.use, tensors))


def holding(use=torch.clone, **tensors):
    """A traced module with these buffers, which are ``use``d."""
    return torch.jit.trace(Holder(use, tensors), (torch.ones(2),))


def values_of(name):
    """The smallest and greatest values of a dtype, and some in between."""
    dtype = getattr(torch, name)
    if name in FINITE:
        tiny, greatest = FINITE[name]
        special = [float("nan"), -0.0]
        if not name.startswith("float8_e4m3") and not name.endswith("fnuz"):
            special += [float("inf"), -float("inf")]
        return torch.tensor(
            [1.5, -0.25, tiny, greatest, -greatest] + special, dtype=torch.float64
        ).to(dtype)
    bits = int(name.split("int")[1])
    if name.startswith("u"):
        return torch.tensor([0, 1, 100, 2**bits - 1], dtype=dtype)
    return torch.tensor([-(2 ** (bits - 1)), 0, 1, 2 ** (bits - 1) - 1], dtype=dtype)


def of_dtypes(*names):
    """A traced module with a buffer of each of these dtypes."""
    return holding(**{f"of_{name}": values_of(name) for name in names})


def of_booleans():
    """A traced module with a mask."""
    return holding(mask=torch.tensor([[True, False], [False, True]]))


def of_complex_numbers():
    """A traced module with complex numbers of both sizes."""
    values = torch.tensor([1 + 2j, -0.5j, 3, complex("inf-nanj")])
    return holding(c64=values.to(torch.complex64), c128=values.to(torch.complex128))


class InlineTensors(nn.Module):
    """Tensors made of numbers that the code names, and their dtypes."""

    def forward(self, n: int):
        whole = [
            torch.tensor([n, 200], dtype=torch.uint8),
            torch.tensor([[n], [-128]], dtype=torch.int8),
            torch.tensor(n, dtype=torch.int16),
            torch.tensor([n], dtype=torch.int32),
            torch.tensor([9007199254740993, n]),
        ]
        real = [
            torch.tensor([0.5, 1e-7], dtype=torch.float64),
            torch.tensor([[1.5, -2.0]]),
            torch.tensor([0.25], dtype=torch.float16),
        ]
        return whole, real, torch.tensor([True, False])


class Layouts(nn.Module):
    """Tensors that lie in their storage otherwise than row by row."""

    def __init__(self):
        super().__init__()
        table = torch.arange(24.0).reshape(4, 6)
        self.weight = nn.Parameter(table[:, :3].clone().t())
        self.register_buffer("transposed", table.clone().t())
        self.register_buffer("stepped", table.clone()[1::2, ::3])
        self.register_buffer("expanded", torch.tensor([[2.0]]).expand(3, 2))
        self.register_buffer(
            "permuted", torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)
        )
        self.register_buffer("empty", torch.zeros(0, 3))
        self.register_buffer("scalar", torch.tensor(2.5))

    def forward(self, x):
        y = torch.mm(self.weight, self.transposed.t()) * self.scalar + x
        return y, self.stepped.sum(), self.expanded.sum(), self.permuted[1], self.empty


class Shared(nn.Module):
    """Parameters and buffers in one storage; forward changes one of each."""

    def __init__(self):
        super().__init__()
        whole = torch.arange(6.0)
        self.register_buffer("whole", whole)
        self.register_buffer("part", whole[2:4])
        self.register_buffer("reshaped", whole.view(2, 3))
        self.register_buffer("apart", whole.clone())
        self.weight = nn.Parameter(torch.ones(3))
        self.same_weight = self.weight
        self.row = nn.Parameter(self.weight.data[1:2], requires_grad=False)

    def forward(self, x):
        self.whole.add_(x)
        self.part.mul_(2)
        self.row.add_(1)
        buffers = self.part.clone(), self.reshaped.clone(), self.apart.clone()
        return buffers, self.weight.clone(), self.same_weight * 2


class Attributes(nn.Module):
    """Tensors that are neither parameters nor buffers, by themselves and in a list."""

    def __init__(self):
        super().__init__()
        self.plain = torch.tensor([1, 2])
        # Some releases cannot name these types in an annotation of the class.
        self.listed = torch.jit.annotate(List[Tensor], [torch.ones(2), torch.zeros(1)])
        self.named = torch.jit.annotate(Dict[str, Tensor], {"a": self.listed[0]})

    def forward(self, x):
        self.plain += 1
        self.listed[0].add_(x)
        return self.plain.clone(), self.listed[1], self.named["a"].clone()


class Sparse(nn.Module):
    """A sparse tensor, multiplied and made dense."""

    def __init__(self):
        super().__init__()
        places = torch.tensor([[0, 2, 2], [1, 0, 1]])
        self.table = torch.sparse_coo_tensor(
            places, torch.tensor([3.0, 4.0, 5.0]), [3, 2]
        )

    def forward(self, x):
        return torch.mm(self.table, x), self.table.to_dense()


class Frozen(nn.Module):
    """Parameters that ask for a gradient and that do not, of two precisions."""

    def __init__(self):
        super().__init__()
        self.learned = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.fixed = nn.Parameter(torch.tensor([3.0, -1.0]), requires_grad=False)
        self.small = nn.Parameter(torch.tensor([0.5, 65504.0]).half())

    def forward(self, x):
        return x * self.learned * self.fixed, self.small.float()


class Momentum(nn.Module):
    """An optimizer as a module: its state are counters, masks and running sums."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]), requires_grad=False)
        self.register_buffer("velocity", torch.zeros(2))
        self.register_buffer("steps", torch.tensor(0))
        self.register_buffer("seen", torch.zeros(2, dtype=torch.uint8))

    def forward(self, gradient):
        self.steps += 1
        self.velocity.mul_(0.5).add_(gradient)
        self.seen[int(self.steps) % 2] += 3
        self.weight.sub_(self.velocity * 0.25)
        return self.weight.clone()


def _dequantized(tensor):
    return tensor.dequantize()


def quantized():
    """A traced module with tensors quantized by one scale."""
    x = torch.tensor([[-1.0, 0.5], [2.0, 100.0]])
    dtypes = torch.quint8, torch.qint8, torch.qint32
    quint8, qint8, qint32 = (
        torch.quantize_per_tensor(x, 0.25, 2, dtype) for dtype in dtypes
    )
    return holding(use=_dequantized, quint8=quint8, qint8=qint8, qint32=qint32)


def quantized_per_channel():
    """A traced module with tensors that have a scale for each row or column."""
    x = torch.tensor([[-1.0, 0.5], [2.0, 100.0]])
    scales, zeros = (
        torch.tensor([0.25, 2.0], dtype=torch.float64),
        torch.tensor([2, -1]),
    )
    rows = torch.quantize_per_channel(x, scales, zeros, 0, torch.qint8)
    columns = torch.quantize_per_channel(x, scales, zeros.abs(), 1, torch.quint8)
    return holding(use=_dequantized, rows=rows, columns=columns)


def readable(value):
    """The value with tensors of 8 bits, which numpy lacks, as dtype and numbers."""
    return converted(
        value,
        lambda x: (
            x
            if "float8" not in str(x.dtype)
            else {"dtype": x.dtype, "numbers": x.double()}
        ),
    )
