"""The modules of test_lite_interpreter.py: what a mobile model may contain.

Numbers are small integers or fractions of powers of two, so that results are exact
on any CPU.  Runs on Python 3.7 with torch 1.6.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from common_values import numbers


# What a normalisation adds, so small that 1 plus it is 1; 0 is refused since 2.10.
TINY = 1e-30


class Arithmetic(torch.nn.Module):
    """Sums and products of tensors, integers and floats."""

    def forward(self, x: Tensor, n: int, f: float):
        y = x * 2 + n - f
        return y, x + y, y.sum(), n * 3 - 1, f * 0.5 + n, -x, abs(n), max(n, 2)


class IntegerDivision(torch.nn.Module):
    """Quotients and remainders, of both signs."""

    def forward(self, a: int, b: int):
        return a // b, a % b, a / b, -a // b, -a % b, float(a), a**2


class TensorDivision(torch.nn.Module):
    """Quotients of tensors, where integers become floats."""

    def forward(self, a: Tensor, b: Tensor):
        return a / b, a / 2, 2 / b, torch.true_divide(a, b)


class RoundedDivision(torch.nn.Module):
    """Quotients rounded to zero and down."""

    def forward(self, a: Tensor, b: Tensor):
        down = torch.div(a, b, rounding_mode="floor")
        return torch.div(a, b, rounding_mode="trunc"), down


class Logic(torch.nn.Module):
    """Comparisons, and, or, not."""

    def forward(self, x: Tensor, n: int, flag: bool):
        both = flag and n > 2
        return x > 1, x == n, both, not flag or n < 0, (x >= 0) & (x < 3), n != 3


class Conditions(torch.nn.Module):
    """Branches, nested, with early returns."""

    def forward(self, x: Tensor, n: int):
        if n < 0:
            return x - n
        if bool(x.sum() > 10):
            if n > 5:
                x = x * 2
            else:
                x = x * 3
        elif n == 1:
            x = x + 100
        else:
            x = x + 1000
        return x


class Loops(torch.nn.Module):
    """for and while, with break and continue."""

    def forward(self, x: Tensor, n: int):
        total = torch.zeros_like(x)
        for i in range(n):
            if i % 2 == 1:
                continue
            total = total + x * i
        count = 0
        while True:
            count += 1
            total += count
            if count > n:
                break
        for value in [1, 4, 9]:
            count += value
        return total, count


class Lists(torch.nn.Module):
    """Lists as arguments and results, and changed."""

    def forward(self, xs: List[Tensor], ns: List[int]):
        ys: List[Tensor] = []
        for x in xs:
            ys.append(x + len(ys))
        ys.insert(0, torch.cat(xs))
        ns = ns + [7]
        ns[0] = -1
        last = ns.pop()
        ns.reverse()
        return ys, ns, last, ns[1:3], [n * 2 for n in ns]


class Dicts(torch.nn.Module):
    """Dicts as arguments and results, and changed."""

    def forward(self, table: Dict[str, Tensor], counts: Dict[int, int]):
        table["sum"] = table["a"] + table["b"]
        counts[3] = counts.get(1, 0) + 5
        found = "a" in table
        keys: List[int] = []
        for key in counts.keys():
            keys.append(key)
        return table, counts, found, len(table), keys


class Tuples(torch.nn.Module):
    """Tuples, nested, as arguments and results."""

    def forward(self, pair: Tuple[Tensor, Tuple[int, float]]):
        x, (n, f) = pair
        return (x + n, (f * 2, (n, [x])))


class Optionals(torch.nn.Module):
    """Arguments and results that may be None, and a default."""

    def forward(self, x: Optional[Tensor], n: Optional[int] = None):
        result: Optional[int] = None
        if x is not None:
            if n is not None:
                result = n + 1
            return x * 2, result
        return torch.zeros(2), n


class Point(NamedTuple):
    """A tuple with names."""

    x: Tensor
    y: int


class NamedTuples(torch.nn.Module):
    """A NamedTuple in the inside and as result."""

    def forward(self, x: Tensor, n: int):
        point = Point(x, n)
        return Point(point.x + point.y, point.y * 2)


class Strings(torch.nn.Module):
    """Strings made, compared and split."""

    def forward(self, name: str, n: int):
        text = name + "-" + str(n)
        return text, len(text), text == "a-1", text.upper(), "{} of {}".format(n, name)


class Counter(object):
    """A class of TorchScript, with state, which the lite interpreter does not have."""

    def __init__(self, start: int):
        self.count = start

    def add(self, n: int):
        self.count += n
        return self.count


class Classes(torch.nn.Module):
    """An object made, changed and asked."""

    def forward(self, n: int):
        counter = Counter(n)
        counter.add(2)
        return counter.add(3), counter.count


class Methods(torch.nn.Module):
    """Several methods, exported and called."""

    def forward(self, x: Tensor):
        return self.doubled(x) + 1

    @torch.jit.export
    def doubled(self, x: Tensor):
        return x * 2

    @torch.jit.export
    def halved(self, x: Tensor, times: int = 1):
        for _ in range(times):
            x = x / 2
        return x


class Child(torch.nn.Module):
    """A submodule with a parameter and a buffer."""

    def __init__(self, start: int):
        super().__init__()
        self.weight = torch.nn.Parameter(numbers(2, 2) + start)
        self.register_buffer("offset", torch.tensor([start, 1]))

    def forward(self, x: Tensor):
        return x.mm(self.weight) + self.offset


class Submodules(torch.nn.Module):
    """Modules within modules, in a ModuleList and a Sequential."""

    def __init__(self):
        super().__init__()
        self.children_ = torch.nn.ModuleList([Child(1), Child(2)])
        self.then = torch.nn.Sequential(Child(3), torch.nn.ReLU())

    def forward(self, x: Tensor):
        for child in self.children_:
            x = child(x)
        return self.then(x)


class State(torch.nn.Module):
    """Attributes that change while it runs."""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.names: List[str] = ["first"]
        self.register_buffer("total", torch.zeros(2))

    def forward(self, x: Tensor):
        self.calls += 1
        self.total += x
        return self.calls, self.total.clone(), len(self.names)


class Constants(torch.nn.Module):
    """Tensors of several dtypes, and numbers, as constants."""

    def __init__(self):
        super().__init__()
        self.half = torch.tensor([0.5, -2.0], dtype=torch.float16)
        self.double = torch.tensor([1e300, 2.0], dtype=torch.float64)
        self.long = torch.tensor([2**40, -1])
        self.byte = torch.tensor([0, 255], dtype=torch.uint8)
        self.boolean = torch.tensor([True, False])
        self.complex = torch.tensor([1 + 2j, -1j])

    def forward(self):
        numbers = (self.half, self.double, self.long, self.byte)
        return numbers, self.boolean, self.complex, 1099511627776, 0.125, True


class Slices(torch.nn.Module):
    """Parts of a tensor read and written."""

    def forward(self, x: Tensor):
        y = x.clone()
        y[0, 1:] = 100
        y[:, 0] += 7
        index = torch.tensor([1, 0])
        return y, x[1], x[:, -1], x[..., ::2], x[index], x[x > 0], x.unbind(0)


class InPlace(torch.nn.Module):
    """Operators that change their argument."""

    def forward(self, x: Tensor):
        y = x.clone()
        y.add_(1).mul_(2)
        y -= 3
        return x, y, y.clamp_(min=0), y.t_()


class Shapes(torch.nn.Module):
    """Sizes, dtypes and devices asked, and shapes changed."""

    def forward(self, x: Tensor):
        rows, columns = x.size(0), x.shape[1]
        y = x.view(columns, rows).transpose(0, 1).contiguous()
        same = x.dtype == torch.float32 and x.device == y.device
        return rows, columns, y, x.to(torch.int64), same, x.dim(), x.numel()


class Reductions(torch.nn.Module):
    """Sums, extremes, sorting and choosing."""

    def forward(self, x: Tensor):
        values, indices = x.sort(dim=1, descending=True)
        top = x.topk(2, dim=1)
        best, where = x.max(dim=1)
        chosen = torch.where(x > 0, x, -x)
        return values, indices, top, best, where, chosen, x.argmin(), x.cumsum(0)


class Checks(torch.nn.Module):
    """An assertion that holds or raises."""

    def forward(self, x: Tensor, n: int):
        assert n > 0, "n must be positive"  # noqa: S101 - part of the model
        if n > 5:
            raise RuntimeError("n is too large")
        return x * n


class Convolution(torch.nn.Module):
    """A convolution, a normalisation, a pooling, a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 2)
        self.norm = torch.nn.BatchNorm2d(2, eps=TINY)
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x: Tensor):
        x = torch.relu(self.norm(self.conv(x)))
        x = torch.nn.functional.max_pool2d(x, 2)
        return self.linear(x.flatten(1))


class Activations(torch.nn.Module):
    """Functions of each element."""

    def forward(self, x: Tensor):
        f = torch.nn.functional
        first = (f.softmax(x, dim=1), torch.sigmoid(x), torch.tanh(x))
        return first, f.hardswish(x), f.hardsigmoid(x), f.elu(x), f.leaky_relu(x)


class Recurrent(torch.nn.Module):
    """An LSTM and a GRU's cell."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 2)
        self.cell = torch.nn.GRUCell(2, 2)

    def forward(self, x: Tensor):
        y, (h, c) = self.lstm(x)
        return y, h, c, self.cell(y[-1])


class Embedding(torch.nn.Module):
    """Rows of a table, chosen and summed."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(5, 2)
        self.bag = torch.nn.EmbeddingBag(5, 2, mode="sum")

    def forward(self, indices: Tensor):
        return self.table(indices), self.bag(indices)


class Random(torch.nn.Module):
    """Integers of a range, as a new tensor; the name that 1.12 gave it is gone."""

    def forward(self, x: Tensor):
        return x.random(0, 10).size(), x.new_zeros(2)


class ConvRelu(torch.nn.Module):
    """What static quantization takes: convolution, ReLU, linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 2)
        self.linear = torch.nn.Linear(8, 2)

    def forward(self, x: Tensor):
        return self.linear(torch.relu(self.conv(x)).flatten(1))


class ForMobile(torch.nn.Module):
    """What optimize_for_mobile rewrites: folded normalisation, dropout, clamps."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 2)
        self.norm = torch.nn.BatchNorm2d(2, eps=TINY)
        self.drop = torch.nn.Dropout(0.5)
        self.linear = torch.nn.Linear(8, 2)

    def forward(self, x: Tensor):
        x = torch.nn.functional.hardtanh(self.norm(self.conv(x)), 0.0, 6.0)
        return torch.relu(self.linear(self.drop(x).flatten(1)))
