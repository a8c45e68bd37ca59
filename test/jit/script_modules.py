"""The modules of test_torch_script.py: calls of and between modules.

A decorator that the running torch lacks does nothing here; the tests say from which
release on a module can be compiled.  Runs on Python 3.7 with torch 1.0.
"""

import functools
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from common_values import numbers


def decorator(name):
    """What torch.jit calls so, and does nothing where it is missing."""
    return getattr(torch.jit, name, lambda decorated: decorated)


export, ignore, unused = map(decorator, ("export", "ignore", "unused"))
overload = decorator("_overload_method")


class Child(torch.nn.Module):
    """A submodule with methods that have defaults."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))

    def forward(self, x: Tensor, n: int = 2, shift: float = 0.5) -> Tensor:
        return x * n + shift * self.weight

    def other(self, x: Tensor, names: List[str]) -> Tensor:
        return x + len(names)


class Calls(torch.nn.Module):
    """Submodules, methods and functions called by position, by name and by default."""

    def __init__(self):
        super().__init__()
        self.child = Child()

    def forward(self, x: Tensor, n: int = 3) -> Tensor:
        x = self.child(x) + self.child(x, shift=1.0, n=n)
        x = self.child.other(names=["a", "b"], x=x) + helper(factor=2.0, x=x)
        pair = (x, 2)
        first, *rest = (n, 2, 3)
        return self.child(*pair) * first - rest[1]


class Exports(torch.nn.Module):
    """Exported methods beside forward."""

    def forward(self, x: Tensor) -> Tensor:
        return self.helper(x) + 1

    def helper(self, x: Tensor) -> Tensor:
        return x * 3

    @export
    def twice(self, x: Tensor, n: int = 2) -> Tensor:
        return self.forward(x) * n

    @export
    def named(self, texts: List[str]) -> Dict[str, int]:
        table = torch.jit.annotate(Dict[str, int], {})
        for i in range(len(texts)):
            table[texts[i]] = i
        return table

    @export
    def nothing(self):
        pass


class Unused(torch.nn.Module):
    """A method that is left to Python, and raises where it is called compiled."""

    def forward(self, x: Tensor, n: int) -> Tensor:
        if not torch.jit.is_scripting():
            return self.in_python(x)
        if n > 2:
            x = self.in_python(x)
        return x * n

    @unused
    def in_python(self, x: Tensor) -> Tensor:
        return sorted([x, x])[0]


class Ignores(torch.nn.Module):
    """A method that stays in Python, and that nothing compiled calls."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 1

    @ignore
    def in_python(self, x):
        return [sorted(x.tolist()), {*"set"}]


class Overloads(torch.nn.Module):
    """A method compiled for several types of its argument."""

    def forward(self, x: Tensor, n: int) -> Tensor:
        return self.changed(x) + self.changed(n)

    @overload
    def changed(self, value: Tensor) -> Tensor:  # noqa: F811
        pass

    @overload
    def changed(self, value: int) -> int:  # noqa: F811
        pass

    def changed(self, value):  # noqa: F811
        return value * 2


class Halved(torch.nn.Module):
    """Properties of a module, one with a setter."""

    def __init__(self):
        super().__init__()
        self.scale = 4

    @property
    def half(self) -> int:
        return self.scale // 2

    @half.setter
    def half(self, value: int) -> None:
        self.scale = value * 2

    def forward(self, x: Tensor, n: int):
        x = x * self.half
        self.half = n
        return x + self.half, self.scale


class Hooked(torch.nn.Module):
    """Hooks before and after forward, of a module and of its submodule."""

    def __init__(self):
        super().__init__()
        self.child = Doubler()
        self.child.register_forward_pre_hook(self.shift)
        self.register_forward_hook(self.paired)

    def forward(self, x: Tensor) -> Tensor:
        return self.child(x) - 1

    @staticmethod
    def shift(self, input: Tuple[Tensor]) -> Tensor:
        return input[0] + 10

    @staticmethod
    def paired(self, input: Tuple[Tensor], output: Tensor) -> Tuple[Tensor, Tensor]:
        return output, input[0]


@functools.lru_cache(maxsize=None)
def changer():
    """An interface of modules: what changes a tensor.

    Made when it is needed: until 1.9 a process refuses the second of a name, and each
    test file imports this one anew.
    """

    @torch.jit.interface
    class Changer(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            pass

    return Changer


class Doubler(torch.nn.Module):
    """One that implements the interface."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2


class Adder(torch.nn.Module):
    """Another one, with state."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight


def with_interface():
    """A module with a submodule called through an interface."""
    Changer = changer()

    class Interface(torch.nn.Module):
        changer: Changer

        def __init__(self):
            super().__init__()
            self.changer = Adder()

        def forward(self, x: Tensor) -> Tensor:
            return self.changer.forward(x) * 2

    return Interface()


def with_interfaces():
    """A module with two submodules called through the interface that both implement."""
    Changer = changer()

    class Interfaces(torch.nn.Module):
        first: Changer
        second: Changer

        def __init__(self):
            super().__init__()
            self.first = Doubler()
            self.second = Adder()

        def forward(self, x: Tensor) -> Tensor:
            changer = self.first
            x = changer.forward(x)
            changer = self.second
            return changer.forward(x)

    return Interfaces()


def scripted_function(x: Tensor, n: int) -> Tensor:
    """A function, with no module around it."""
    while n > 0:
        x, n = x + n, n - 1
    return x


def calling_function(x, table):
    # type: (Tensor, Dict[str, int]) -> Tuple[Tensor, int]
    """One that calls another, and has its types in a comment."""
    return scripted_function(x, table["a"]) + helper(x), len(table)


def helper(x: Tensor, factor: float = 0.5) -> Tensor:
    """What calling_function calls with its default."""
    return x * factor


def traced_with_scripted():
    """A trace that holds a loop, since it calls a scripted function."""
    scripted = torch.jit.script(scripted_function)

    def traced(x, n):
        return scripted(x * 2, n) - 1

    return torch.jit.trace(traced, (numbers(2, 2), torch.tensor(3)))
