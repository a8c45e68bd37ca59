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


class Convolutions(nn.Module):
    """Convolution, pooling and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = with_numbers(nn.Conv2d(1, 2, 2, padding=1, groups=1))
        self.depthwise = with_numbers(nn.Conv1d(2, 2, 2, groups=2, stride=2))
        self.pool = nn.MaxPool2d(2)
        self.out = with_numbers(nn.Linear(2, 2, bias=False))

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x))).flatten(2)
        return self.out(self.depthwise(x)[..., :2])


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
        first, second = Block(2.0), Block(0.5)
        self.blocks = nn.ModuleList([first, second])
        self.named = nn.ModuleDict({"a": nn.Sequential(second, nn.ReLU())})

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
        self.table = [torch.tensor([1, 2]), torch.tensor([True, False])]

    def forward(self, x):
        x = torch.where(self.table[1], x + self.shift, x * self.table[0])
        return x - torch.tensor([3.0, 4.0]) + torch.tensor(0.25)


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
        x = x @ self.transposed.t() + self.part + self.stepped + self.expanded
        return x + self.channels_last.sum() + self.whole[0]


class SharedStorage(nn.Module):
    """Two buffers in one memory, of which one is changed."""

    def __init__(self):
        super().__init__()
        base = numbers(4)
        self.register_buffer("whole", base)
        self.register_buffer("same", base.view(2, 2))

    def forward(self, x):
        return x + self.whole + self.same.flatten()


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


class HalvesOfMemory(nn.Module):
    """Two buffers in one memory, none of which has the whole of it."""

    def __init__(self):
        super().__init__()
        base = numbers(4)
        self.register_buffer("first", base[:2])
        self.register_buffer("second", base[2:])

    def forward(self, x):
        return x * self.first + self.second


class Typed(nn.Module):
    """A buffer of each dtype, and results of it."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            values = torch.tensor([0.0, 1.0, 2.0]).to(getattr(torch, name))
            self.register_buffer(f"of_{name}", values)
        self.names = names

    def forward(self, x):
        # Each as it is, and as the kind of number that x is.
        return {
            name: x + getattr(self, f"of_{name}").to(x.dtype) for name in self.names
        }


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
    """Numbers in the code: large, infinite, not a number."""

    def forward(self, x):
        limits = torch.clamp(x, min=-float("inf"), max=float("inf"))
        filled = x.masked_fill(x > 2, -float("inf"))
        replaced = torch.full_like(x, float("nan")).nan_to_num(nan=1e-3, posinf=1e30)
        return limits + 2**40, filled, replaced * 0.1, x.double() + 1e-300
