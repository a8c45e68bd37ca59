"""Modules whose programs hold parameters, buffers and constants (torch 1.0)."""

import torch
import torch.nn.functional as F
from torch import nn

from common_values import numbers, with_numbers


class Linear(nn.Module):
    """One layer."""

    def __init__(self):
        super().__init__()
        self.linear = with_numbers(nn.Linear(3, 2))

    def forward(self, x):
        return self.linear(x)


class Convolution(nn.Module):
    """Convolution and pooling."""

    def __init__(self):
        super().__init__()
        self.conv = with_numbers(nn.Conv2d(2, 2, 2, padding=1, groups=2))

    def forward(self, x):
        return F.max_pool2d(self.conv(x), 2)


class Normalized(nn.Module):
    """Batch normalization, which counts and averages in training."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2, momentum=0.5)
        with torch.no_grad():
            self.norm.weight.copy_(torch.tensor([0.5, 2.0]))
            self.norm.bias.copy_(torch.tensor([1.0, -1.0]))

    def forward(self, x):
        return self.norm(x)


class Block(nn.Module):
    """A layer with a scale of its own."""

    def __init__(self, factor):
        super().__init__()
        self.layer = with_numbers(nn.Linear(2, 2))
        self.register_buffer("factor", torch.tensor(factor))

    def forward(self, x):
        return self.layer(x) * self.factor


class Nested(nn.Module):
    """Modules in containers, one of them in two places."""

    def __init__(self):
        super().__init__()
        first, second = Block(2.0), with_numbers(nn.Linear(2, 2))
        self.blocks = nn.ModuleList([first, second])
        self.named = nn.ModuleDict({"a": nn.Sequential(second)})

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.named["a"](x)


class Tied(nn.Module):
    """Two layers with one weight, as in language models."""

    def __init__(self):
        super().__init__()
        self.embedding = with_numbers(nn.Embedding(4, 2))
        self.decoder = with_numbers(nn.Linear(2, 4))
        self.decoder.weight = self.embedding.weight

    def forward(self, indices):
        return self.decoder(self.embedding(indices))


class Counter(nn.Module):
    """Buffers that calls change, saved and not saved."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("total", torch.zeros(2))
        self.register_buffer("scale", torch.tensor([2.0, 4.0]))
        self.register_buffer("hidden", torch.ones(2), persistent=False)

    def forward(self, x):
        self.count.add_(1)
        self.total.add_(x)
        self.hidden.mul_(self.scale)
        return x * self.hidden + self.count


class Constants(nn.Module):
    """Tensors that are neither parameters nor buffers."""

    def __init__(self):
        super().__init__()
        self.shift = torch.tensor([0.5, 1.5])
        self.table = [torch.tensor([1, 2])]

    def forward(self, x):
        return (x + self.shift) * self.table[0] - torch.tensor([3.0, 4.0])


class HalfFrozen(nn.Module):
    """A parameter without a gradient, and some that are not used."""

    def __init__(self):
        super().__init__()
        self.trained = nn.Parameter(numbers(2))
        self.frozen = nn.Parameter(numbers(2) * 2, requires_grad=False)
        self.unused = nn.Parameter(numbers(1))
        self.register_buffer("idle", torch.tensor([1, 2]))

    def forward(self, x):
        return x * self.trained + self.frozen


class Strided(nn.Module):
    """State that is not one contiguous tensor each."""

    def __init__(self):
        super().__init__()
        base = numbers(12)
        self.transposed = nn.Parameter(numbers(2, 3).t())
        self.register_buffer("whole", base)
        self.register_buffer("part", base[2:5])
        self.register_buffer("stepped", base[1::4])
        self.register_buffer("expanded", torch.tensor([5.0]).expand(3))
        self.register_buffer(
            "channels_last",
            numbers(1, 2, 2, 2).contiguous(memory_format=torch.channels_last),
        )

    def forward(self, x):
        return x @ self.transposed.t() + self.part + self.expanded


class SharedStorage(nn.Module):
    """Buffers in one memory: twice the whole of it, and two halves."""

    def __init__(self):
        super().__init__()
        whole, halves = numbers(4), numbers(4) * 2
        self.register_buffer("whole", whole)
        self.register_buffer("same", whole.view(2, 2))
        self.register_buffer("first", halves[:2])
        self.register_buffer("second", halves[2:])

    def forward(self, x):
        return x * self.same + self.second


class OtherDtype(nn.Module):
    """Two buffers in one memory, as numbers of two dtypes."""

    def __init__(self):
        super().__init__()
        self.register_buffer("floats", numbers(3))
        self.register_buffer("bits", self.floats.view(torch.int32))

    def forward(self, x):
        return x + self.floats, self.bits + 1


class RowOfParameter(nn.Module):
    """A buffer that is a part of a parameter."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(numbers(2, 2))
        self.register_buffer("row", self.weight.detach()[1])

    def forward(self, x):
        return x @ self.weight + self.row


class Typed(nn.Module):
    """A buffer of each dtype, and results of it."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            values = torch.tensor([0.0, 1.0, 2.0]).to(getattr(torch, name))
            self.register_buffer(f"of_{name}", values)
        self.names = names

    def forward(self, x):
        return x + getattr(self, f"of_{self.names[0]}").to(x.dtype)


class OddShapes(nn.Module):
    """Tensors without elements, without dimensions, and with odd values."""

    def __init__(self):
        super().__init__()
        self.empty = nn.Parameter(torch.zeros(0, 3))
        self.scalar = nn.Parameter(torch.tensor(0.5))
        odd = [float("nan"), float("inf"), -float("inf"), -0.0]
        self.register_buffer("odd", torch.tensor(odd))
        self.register_buffer("nothing", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("absent", None)

    def forward(self, x):
        return x * self.scalar + self.odd, torch.cat([self.empty, x[None, :3]])


class Scalars(nn.Module):
    """Numbers in the code: large ones, and such as binary fractions only approach."""

    def forward(self, x):
        return x * 0.1 + 2**40, x.double() + 1e-300, torch.clamp(x, max=1e30)


class InfiniteScalars(nn.Module):
    """Numbers in the code that are infinite, or none."""

    def forward(self, x):
        limits = torch.clamp(x, min=-float("inf"), max=float("inf"))
        filled = x.masked_fill(x > 2, -float("inf"))
        return limits, filled, torch.full_like(x, float("nan")).isnan()
