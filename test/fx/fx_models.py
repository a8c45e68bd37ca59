"""The modules of test_graph_module.py, which torch.fx traces, and what they call.

Pickles name the functions here by ``fx_models``.  Runs on Python 3.7 with torch 1.8.
"""

import math
from collections import namedtuple
from typing import Dict, List, NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from common_values import numbers


@fx.wrap
def double(x, times=1):
    """Called, not traced: it has a branch that tracing could not follow."""
    return x * 2 * times if x.sum() > 0 else x


fx.wrap("len")
fx.wrap("max")


class Pair(NamedTuple):
    """A result with names."""

    first: Tensor
    second: Tensor


Point = namedtuple("Point", ["x", "y"])


class Layers(nn.Module):
    """A convolution and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 2)
        self.linear = nn.Linear(8, 3)

    def forward(self, x):
        return self.linear(torch.flatten(F.relu(self.conv(x)), 1))


class Nested(nn.Module):
    """Modules in modules, in containers, and one that is called twice."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
        self.items = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.table = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ReLU()})
        self.last = self.items[0]

    def forward(self, x):
        x = self.inner(x)
        for item in self.items:
            x = item(x)
        return self.table["b"](self.table["a"](self.items[1](self.last(x))))


class Attributes(nn.Module):
    """Parameters, of itself and nested ones, buffers, and tensors made on the way."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(numbers(2))
        self.frozen = nn.Parameter(numbers(2) * 2, requires_grad=False)
        self.inner = nn.Sequential(nn.Linear(2, 2))
        self.register_buffer("count", torch.tensor([5, 7]))
        self.plain = torch.tensor([0.5, 0.25])

    def forward(self, x):
        y = x * self.weight + self.frozen + self.inner[0].weight
        return y * self.count + self.plain - torch.tensor([1.0, 2.0])


class NonPersistent(nn.Module):
    """A buffer that is not in the state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("cache", numbers(2), persistent=False)

    def forward(self, x):
        return x + self.cache


class Scale(nn.Module):
    """A module with an argument that is given by name."""

    def forward(self, x, factor, shift=0):
        return x * factor + shift


class KeywordArguments(nn.Module):
    """Arguments given by name to a module, a function, and a method."""

    def __init__(self):
        super().__init__()
        self.scale = Scale()

    def forward(self, x, y):
        x = self.scale(x, shift=1, factor=y)
        x = torch.add(x, other=y, alpha=2)
        return x.sum(dim=0, keepdim=True), x.clamp(min=-2, max=9)


class DefaultArguments(nn.Module):
    """Arguments of each plain type that may be left out."""

    def forward(self, x, n=2, scale=0.5, flag=True, text="nearest", missing=None):
        x = F.interpolate(x * n * scale, scale_factor=2.0, mode=text)
        return x, flag, missing


class VariadicArguments(nn.Module):
    """Any number of arguments, by place and by name."""

    def forward(self, x, *rest, **named):
        return x + rest[0] * rest[1] - named["y"]


class ChoosingArguments(nn.Module):
    """Arguments that tracing must know."""

    def forward(self, x, flag, n=3):
        return x * n if flag else x - n


class TreeArguments(nn.Module):
    """A dict and a list as arguments, of which tracing knows the form."""

    def forward(self, table, items):
        return {"sum": table["a"] + items[0], "rest": [table["b"], items[1]]}


class InPlaceMethods(nn.Module):
    """Methods, functions and modules that change their argument."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x, y, z):
        x.add_(1)
        y.mul_(x).sub_(2)
        torch.relu_(y)
        return self.relu(x), F.relu(z, inplace=True), y.fill_(3)


class AugmentedAssignment(nn.Module):
    """In-place operators, which tracing makes ordinary ones."""

    def forward(self, x, y):
        x += y
        x *= 2
        y -= x
        return x, y


class Operators(nn.Module):
    """The operators of two arguments, and of one."""

    def forward(self, x, n):
        y = [x + 2, x - 1, x * 3, x / 2, x // 2, x % 3, x**2, -x]
        z = [n << 1, n >> 1, n ^ 3, ~n]
        return y, z, [x < 1, x <= 1, x == 1, x != 1, x > 1, x >= 1]


class ReflectedOperators(nn.Module):
    """Operators whose left side is a number."""

    def forward(self, x, n):
        y = [2 + x, 2 - x, 2 * x, 2 / x, 5 // x, 2**x]
        return y, [1 << n, 64 >> n, 3 ^ n], [1 < x, 2 >= x]


class LaterOperators(nn.Module):
    """Operators that 1.8 and 1.9 fail to trace, or lack for tensors."""

    def forward(self, x, n):
        return n & 6, n | 1, 6 & n, 8 | n, 5 % x, +x


class MatrixProducts(nn.Module):
    """The operator for matrices."""

    def forward(self, x, y):
        return x @ y, torch.matmul(y, x), (x @ y).matmul(x)


class Indexing(nn.Module):
    """Items and slices, with ellipsis, None, steps, and of tensors."""

    def forward(self, x, i, n: int):
        parts = [x[0], x[-1, 1], x[..., 0], x[None], x[::2], x[1:, :-1], x[:, None, 1]]
        return parts, x[i], x[[1, 0]], x[x > 0], x[n], x[:n], x[n:, ..., ::2]


class TensorAttributes(nn.Module):
    """Attributes of a tensor, and what is made of its shape."""

    def forward(self, x):
        rows, columns = x.shape
        y = x.reshape(columns, rows) + x.T
        return y, x.shape[0] * 2, x.size(1), x.ndim, x.dtype, x.is_quantized


class DtypeArguments(nn.Module):
    """Types of elements, as arguments by place and by name."""

    def forward(self, x):
        y = torch.zeros_like(x, dtype=torch.int64), x.to(torch.float64)
        return y, x.type(torch.bool), torch.sum(x, dtype=torch.float16), x.long()


class DeviceArguments(nn.Module):
    """Devices, as text and as such."""

    def forward(self, x):
        y = torch.ones_like(x, device=torch.device("cpu"))
        return y.to("cpu"), x.to(torch.device("cpu"), torch.float64)


class MemoryFormats(nn.Module):
    """Memory formats as arguments."""

    def forward(self, x):
        y = x.to(memory_format=torch.channels_last)
        return y.stride(), y.contiguous(memory_format=torch.contiguous_format).stride()


class Builtins(nn.Module):
    """Builtin functions that tracing was told of, and others."""

    def forward(self, x, items):
        y = len(items) + pow(x, 2)
        return y, max(items), round(2.5), min(3, 2)


class MathFunctions(nn.Module):
    """Functions of math of a number that is an argument."""

    def forward(self, x, n):
        return x * math.sqrt(n), math.floor(n / 3), math.ceil(n / 3), math.gcd(n, 6)


class WrappedFunctions(nn.Module):
    """A function that is called and not traced."""

    def forward(self, x):
        return double(x), double(x - 9), double(x, times=3)


class MethodChain(nn.Module):
    """Methods of the results of methods."""

    def forward(self, x):
        return x.view(2, 3).t().neg().clamp(min=-1).sum(dim=1).unsqueeze(0).expand(2, 3)


class Outputs(nn.Module):
    """Containers within containers as a result."""

    def forward(self, x):
        y = {"a": x, "b": (x + 1, [x + 2, {"c": x + 3}]), "n": 4}
        return y, [x, "text", None, 0.5], (x,), (), [], {}, True


class NamedOutputs(nn.Module):
    """Named tuples as results."""

    def forward(self, x):
        return Pair(x + 1, x * 2), [Point(x - 1, 3)]


class Unused(nn.Module):
    """Arguments that nothing uses, None, and results that nothing uses."""

    def __init__(self):
        super().__init__()
        self.idle = nn.Linear(2, 2)

    def forward(self, x, unused, other=None):
        torch.neg(x)
        self.idle(x)
        return torch.clamp(x, None, 1), None


class SpecialNumbers(nn.Module):
    """Numbers that have no literal of their own, and those at the limits."""

    def forward(self, x):
        y = torch.clamp(x, -math.inf, 2.0), x * math.inf, x + math.nan, x * -0.0
        return y, x * 1e300, x + 2**53, x - 5e-324, (math.inf, -math.inf, -0.0)


class ComplexNumbers(nn.Module):
    """Complex constants."""

    def forward(self, x):
        return x * 1j, x + (1 - 2j), x * complex(-0.0, -1.0)


class Strings(nn.Module):
    """Texts as arguments and results."""

    def forward(self, x):
        y = torch.einsum("ij,jk->ik", x, x)
        return y, "it's", 'a "b"', "line\nline", "back\\slash", "\u00e9\u4e2d", "{x}%s"


class Annotations(nn.Module):
    """Annotated arguments and results."""

    def forward(
        self,
        x: Tensor,
        items: List[Tensor],
        table: Dict[str, Tensor],
        n: int = 2,
        other: Optional[Tensor] = None,
    ) -> Tensor:
        y: Tensor = x + items[0]
        return y * table["a"] * n


class ShadowingNames(nn.Module):
    """Arguments and attributes with names that Python or torch.fx use."""

    def __init__(self):
        super().__init__()
        self.add = nn.ReLU()
        self.add_module("0", nn.ReLU())

    def forward(self, input, len, torch, inf, add_1):
        return self.add(input + len + add_1), torch * inf, getattr(self, "0")(len)


class Asserting(nn.Module):
    """A condition that stays in the graph."""

    def forward(self, x):
        torch._assert(x.sum() > 0, "the sum is not positive")
        return x * 2


class Modes(nn.Module):
    """Dropout, which the mode turns on."""

    def __init__(self):
        super().__init__()
        self.first = nn.Dropout(1.0)
        self.second = nn.Dropout(1.0)

    def forward(self, x):
        return self.first(x) + self.second(x) * 10


class Functional(nn.Module):
    """Functions of torch.nn.functional with many arguments."""

    def forward(self, x, weight, image):
        y = F.linear(x, weight), F.pad(x, (1, 1)), F.hardtanh(x), F.leaky_relu(x, 0.5)
        z = (
            F.max_pool2d(image, 2),
            F.avg_pool2d(image, 2),
            F.adaptive_avg_pool2d(image, 1),
        )
        z += (F.conv2d(image, image, padding=1), F.interpolate(image, scale_factor=2.0))
        return (
            y,
            z,
            F.one_hot(x.long().abs(), 6),
            F.dropout(x, 0.5, False),
            F.unfold(image, 2),
        )


class AtenOperators(nn.Module):
    """Operators as torch.ops has them, with and without overload."""

    def forward(self, x, y):
        z = torch.ops.aten.add(x, y, alpha=2)
        return torch.ops.aten.mul.Tensor(z, y), torch.ops.aten.sum.dim_IntList(z, [0])
