"""The modules of test_torch_script.py: what modules hold.

The tests say from which release on a module can be compiled.  Runs on Python 3.7 with
torch 1.0.
"""

from typing import List

import torch
from torch import Tensor

from common_values import numbers, with_numbers
from script_modules import Adder, Doubler

# Without it, since release 1.3, the tests of it are skipped.
Final = getattr(torch.jit, "Final", List)


class Containers(torch.nn.Module):
    """ModuleList, ModuleDict and Sequential, iterated and indexed."""

    def __init__(self):
        super().__init__()
        Linear = torch.nn.Linear
        self.stack = torch.nn.ModuleList([Linear(2, 3), Linear(3, 2)])
        self.table = torch.nn.ModuleDict({"b": Linear(2, 2), "a": torch.nn.ReLU()})
        self.chain = torch.nn.Sequential(Linear(2, 2), torch.nn.ReLU())
        with_numbers(self)

    def forward(self, x: Tensor):
        for layer in self.stack:
            x = layer(x)
        for name, layer in self.table.items():
            if name == "b":
                x = layer(x) + 1
        return self.chain(x) * 2


class MoreContainers(torch.nn.Module):
    """Containers in containers, sliced, indexed, and asked for length and names."""

    def __init__(self):
        super().__init__()
        chain = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
        table = torch.nn.ModuleDict({"b": chain, "a": Doubler()})
        self.stack = torch.nn.ModuleList([table, torch.nn.ModuleDict({"c": Adder()})])
        with_numbers(self)

    def forward(self, x: Tensor):
        names: List[str] = []
        for table in self.stack:
            for name, layer in table.items():
                x = layer(x)
                names.append(name)
        for table in self.stack[1:]:
            x = table["c"](x) + len(table)
        first = self.stack[0]
        return x * len(self.stack) + first["b"][0].bias, names, "a" in first


class ListedParameters(torch.nn.Module):
    """A ParameterList, indexed by a loop's numbers and iterated."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.ParameterList(
            [torch.nn.Parameter(numbers(2) * i) for i in range(3)]
        )

    def forward(self, x: Tensor) -> Tensor:
        for i, weight in enumerate(self.weights):
            x = x + weight * i
        return x * self.weights[1]


class NamedParameters(torch.nn.Module):
    """A ParameterDict, indexed by name."""

    def __init__(self):
        super().__init__()
        weights = {name: torch.nn.Parameter(numbers(2) * 2) for name in ("b", "a")}
        self.weights = torch.nn.ParameterDict(weights)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weights["a"] + self.weights["b"]


class State(torch.nn.Module):
    """Parameters, buffers and attributes that forward changes."""

    history: List[int]

    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(2))
        self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
        self.weight = torch.nn.Parameter(torch.tensor([2.0, -1.0]))
        self.register_buffer("seen", torch.tensor([0], dtype=torch.int64))
        self.calls = 0
        self.history = []

    def forward(self, x: Tensor):
        self.calls = self.calls + 1
        self.history.append(self.calls * 2)
        self.total.add_(x)
        self.seen = self.seen + 1
        y = x * self.frozen * self.weight
        return self.total.clone(), self.calls, self.history[-1], y, self.seen


class NonPersistent(torch.nn.Module):
    """A buffer that is in no state_dict, and one that is."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.tensor([1.0, 2.0]))
        self.register_buffer("passing", torch.tensor([3.0, 4.0]), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.kept + self.passing


class Absent(torch.nn.Module):
    """A parameter, a buffer and a submodule that are None."""

    def __init__(self):
        super().__init__()
        self.register_parameter("weight", None)
        self.register_buffer("shift", None)
        self.child = None

    def forward(self, x: Tensor) -> Tensor:
        if self.weight is not None:
            x = x * self.weight
        if self.shift is None:
            x = x + 1
        if self.child is not None:
            x = self.child(x)
        return x


class Constants(torch.nn.Module):
    """Constants of all kinds, that __constants__ names."""

    __constants__ = ["size", "name", "flags", "ratio", "nothing"]

    def __init__(self):
        super().__init__()
        self.size, self.name, self.flags = 3, "three", (True, 2.5)
        self.ratio, self.nothing = 0.25, None

    def forward(self, x: Tensor):
        if self.nothing is None and self.flags[0]:
            x = x * self.ratio + self.size
        return x, self.name, self.flags


class FinalConstants(torch.nn.Module):
    """Constants that are declared Final."""

    ratio: Final[float]
    shape: Final[List[int]]
    text: Final[str]

    def __init__(self):
        super().__init__()
        self.ratio, self.shape, self.text = 0.25, [2, 2], "a"

    def forward(self, x: Tensor):
        return x.reshape(self.shape) * self.ratio, self.text, self.shape


class Tied(torch.nn.Module):
    """Two submodules that share one parameter."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
        with_numbers(self)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


class SharedChild(torch.nn.Module):
    """One submodule under two names, with state that both change."""

    def __init__(self):
        super().__init__()
        self.first = State()
        self.second = self.first

    def forward(self, x: Tensor):
        calls = self.first(x)[1]
        return self.second(x)[:2], calls, self.first.calls
