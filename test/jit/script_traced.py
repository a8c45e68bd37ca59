"""Traced modules and functions of test_script_networks.py (Python 3.7, torch 1.0)."""

import torch
import torch.nn.functional as F
from torch import nn

from common_values import copied, numbers, with_numbers


def traced(network, *inputs, **options):
    """The network traced, with copies of the inputs: a trace may change them."""
    return torch.jit.trace(network, copied(inputs), **options)


class Tuples(nn.Module):
    """A network to be traced, which in torch 1.0 cannot give lists."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, *inputs):
        return as_tuples(self.network(*inputs))


def as_tuples(value):
    """The value with tuples for lists."""
    if isinstance(value, (list, tuple)):
        return tuple(map(as_tuples, value))
    return value


def tupled(network, *inputs):
    """The network traced, with tuples for the lists that it gives."""
    return traced(Tuples(network), *inputs)


class Flow(torch.jit.ScriptModule):
    """Control flow, which tracing a module around it keeps."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))

    @torch.jit.script_method
    def forward(self, x):
        n = 0
        while bool(x.sum() < 10) and n < 5:
            x = x * 2 + self.weight.abs()
            n += 1
        if n == 5:
            x = -x
        return x


class AroundFlow(nn.Module):
    """What calls a scripted module, to be traced."""

    def __init__(self):
        super().__init__()
        self.linear, self.flow = with_numbers(nn.Linear(2, 2)), Flow()

    def forward(self, x):
        return self.flow(self.linear(x)) + 1


class AroundTraced(torch.jit.ScriptModule):
    """What calls a traced module, scripted in the old way."""

    __constants__ = ["times"]

    def __init__(self):
        super().__init__()
        self.times = 3
        self.traced = torch.jit.trace(with_numbers(nn.Linear(2, 2)), (numbers(1, 2),))

    @torch.jit.script_method
    def forward(self, x):
        for _ in range(self.times):
            x = self.traced(x) + 2
        if bool(x.sum() > 5):
            x = -x
        return x


class InPlace(nn.Module):
    """Operators that change the argument, a part of it, a copy, and a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(2, 3))

    def forward(self, x):
        y = x.clone()
        y[0].mul_(3)
        y[:, 1] = 7
        F.relu(y, inplace=True)
        self.total.add_(y)
        x.add_(1).clamp_(max=2)
        return y, self.total.clone()


class Shapes(nn.Module):
    """Shapes worked out from the input's, and a branch on them that a trace fixes."""

    def forward(self, x):
        rows, columns = x.size(0), x.size(1)
        y = x.view(rows * columns // 2, 2).t()
        y = y / columns + torch.zeros(rows * columns // 2)
        if rows == 2:
            y = y * rows
        return y, x.new_ones(columns, rows), x.expand(3, rows, columns)


class Counting(nn.Module):
    """What computes something else in each call: only the first is traced."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


class Coder(nn.Module):
    """Several methods with one weight."""

    def __init__(self):
        super().__init__()
        self.linear = with_numbers(nn.Linear(3, 2))

    def forward(self, x):
        return self.decode(self.encode(x))

    def encode(self, x):
        return self.linear(x)

    def decode(self, code):
        return F.linear(code, self.linear.weight.t())


def coder():
    """Each method of a module traced."""
    x = numbers(2, 3)
    inputs = {"forward": x, "encode": x, "decode": numbers(2, 2)}
    return torch.jit.trace_module(Coder(), inputs)


class Tables(nn.Module):
    """A dict as argument and as result."""

    def forward(self, table):
        return {"sum": table["a"] + table["b"], "b": table["b"]}


class Pairs(nn.Module):
    """Tuples within tuples as argument and as result."""

    def forward(self, pair, z):
        x, (y, w) = pair
        return (x + y, (w * z, x)), z


class Lists(nn.Module):
    """A list as argument and as result."""

    def forward(self, xs):
        return [xs[1] * 2, xs[0] - xs[1]]


class Captured(nn.Module):
    """Tensors of several dtypes that a trace keeps as constants."""

    def __init__(self):
        super().__init__()
        self.table = torch.tensor([[1.5, -2.0], [0.0, 0.25]])
        self.places = torch.tensor([1, 0])
        self.small = torch.tensor([3, 200], dtype=torch.uint8)
        self.wide = torch.tensor(2.0, dtype=torch.float64)

    def forward(self, x):
        return torch.mm(x, self.table), x[self.places], self.small + 1, self.wide * 2


def absolute(x):
    """The tensor or its opposite, whichever has the greater sum."""
    if bool(x.sum() < 0):
        x = -x
    return x


def calling_script():
    """A traced function that calls a scripted one."""
    scripted = torch.jit.script(absolute)

    def function(x):
        return scripted(x * 2) - 1

    return torch.jit.trace(function, (numbers(3),))
