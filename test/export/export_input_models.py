"""Modules whose programs take and give other things than one tensor (torch 1.0)."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import torch
from torch import nn

from common_values import numbers
from export_compat import register_dataclass, register_namedtuple

Point = namedtuple("Point", ["x", "y"])
register_namedtuple(Point, "export_input_models.Point")


@dataclass
class Pair:
    """A dataclass that programs take and give."""

    first: torch.Tensor
    second: torch.Tensor


register_dataclass(Pair, "export_input_models.Pair")


class Nested(nn.Module):
    """Takes and gives containers of containers."""

    def forward(self, table, items):
        (a, b), c = items
        x = table["x"] * a + table["inner"][0] * b
        return {"x": x, "more": [c, (table["inner"][1] - x, {"y": -a})], "none": ()}


class Containers(nn.Module):
    """Takes and gives a named tuple and an OrderedDict."""

    def forward(self, point, table):
        table = OrderedDict([("z", table["b"] * 2), ("a", table["a"] - point.x)])
        return Point(x=point.y * 2, y=point.x + point.y), table


class Dataclasses(nn.Module):
    """Takes and gives a dataclass."""

    def forward(self, pair):
        return Pair(first=pair.second * 2, second=pair.first - pair.second)


class Keywords(nn.Module):
    """Takes arguments by name, one of which may be left out."""

    def forward(self, x, *, scale, shift=None):
        result = x * scale
        return result if shift is None else result + shift


class Plain(nn.Module):
    """Takes numbers, a text and None, which become part of the program."""

    def forward(self, x, count, factor, flag, mode, missing):
        x = x * count + factor
        if flag:
            x = x.neg()
        return x if missing is None and mode == "plain" else x.abs()


class PlainOutputs(nn.Module):
    """Gives what is no tensor."""

    def forward(self, x):
        return x + 1, None, 3, x.shape[0]


class PassedThrough(nn.Module):
    """Gives what it takes, and what it has."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(numbers(2))
        self.register_buffer("known", numbers(2) * 2)

    def forward(self, x, y):
        total = x + y
        return x, total, total, self.weight, self.known


class ChangedInputs(nn.Module):
    """Changes its arguments."""

    def forward(self, x, table):
        x.add_(1)
        table["y"].mul_(x)
        return x * table["y"]


class NoInputs(nn.Module):
    """Takes nothing."""

    def __init__(self):
        super().__init__()
        self.register_buffer("known", numbers(2))

    def forward(self):
        return self.known * 2 + torch.arange(2)
