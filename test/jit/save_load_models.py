"""Models for the tests of saving and loading.

Those for collisions come in pairs of functions: each gives a module of a class named
as that of the other, so that TorchScript knows both by one qualified name.
"""

from typing import NamedTuple, Optional

import torch

from common_values import numbers, with_numbers


def two_linears():
    """A module of two linear layers."""

    class Foo(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(2, 3)
            self.second = torch.nn.Linear(3, 2)

        def forward(self, x):
            return self.second(self.first(x))

    return with_numbers(Foo())


def one_linear():
    """A module of one linear layer."""

    class Foo(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(2, 4)

        def forward(self, x):
            return self.first(x)

    return with_numbers(Foo())


def function_of_a_tensor():
    """A module whose function returns its argument."""

    def convert(x):
        return x

    class Foo(torch.nn.Module):
        def forward(self, x):
            return convert(x)

    return Foo()


def function_of_a_string():
    """A module whose function returns a string."""

    def convert(x):
        return "hello"

    class Foo(torch.nn.Module):
        def forward(self, x):
            return convert(x)

    return Foo()


def interface_of_bar():
    """A module with a submodule known by an interface with the method ``bar``."""

    @torch.jit.interface
    class Interface:
        def bar(self, x: torch.Tensor) -> torch.Tensor:
            pass

    @torch.jit.script
    class Implementation:
        def __init__(self):
            pass

        def bar(self, x: torch.Tensor) -> torch.Tensor:
            return x + 8

    class Foo(torch.nn.Module):
        interface: Interface

        def __init__(self):
            super().__init__()
            self.interface = Implementation()

        def forward(self, x):
            return self.interface.bar(x)

    return Foo()


def interface_of_not_bar():
    """The same with another method, ``not_bar``."""

    @torch.jit.interface
    class Interface:
        def not_bar(self, x: torch.Tensor) -> torch.Tensor:
            pass

    @torch.jit.script
    class Implementation:
        def __init__(self):
            pass

        def not_bar(self, x: torch.Tensor) -> torch.Tensor:
            return x * 4

    class Foo(torch.nn.Module):
        interface: Interface

        def __init__(self):
            super().__init__()
            self.interface = Implementation()

        def forward(self, x):
            return self.interface.not_bar(x)

    return Foo()


def named_tuple_of_int():
    """A module with a function, an interface and a NamedTuple of an integer."""

    def convert(x):
        return x

    class Pair(NamedTuple):
        a: int

    @torch.jit.interface
    class Interface:
        def bar(self, x: torch.Tensor) -> torch.Tensor:
            pass

    @torch.jit.script
    class Implementation:
        def __init__(self):
            pass

        def bar(self, x: torch.Tensor) -> torch.Tensor:
            return x + 8

    class Foo(torch.nn.Module):
        interface: Interface

        def __init__(self):
            super().__init__()
            self.interface = Implementation()

        def forward(self, x):
            return self.interface.bar(convert(x)), Pair(a=5)

    return Foo()


def named_tuple_of_str():
    """The same by other functions and methods, and with a string in the NamedTuple."""

    def convert(x):
        return "hello"

    class Pair(NamedTuple):
        a: str

    @torch.jit.interface
    class Interface:
        def not_bar(self, x: str) -> str:
            pass

    @torch.jit.script
    class Implementation:
        def __init__(self):
            pass

        def not_bar(self, x: str) -> str:
            return x + "!"

    class Foo(torch.nn.Module):
        interface: Interface

        def __init__(self):
            super().__init__()
            self.interface = Implementation()

        def forward(self, x):
            return self.interface.not_bar(convert(x)), Pair(a="goodbye")

    return Foo()


class Both(torch.nn.Module):
    """Calls the first module, then the second."""

    def __init__(self, first, second):
        super().__init__()
        self.second = second
        self.first = first

    def forward(self, x):
        return self.first(x), self.second(x)


class BothNamedTuples(Both):
    """Calls both, and computes with the fields of both NamedTuples."""

    def forward(self, x):
        tensor, of_int = self.first(x)
        text, of_str = self.second(x)
        return tensor, text, len(text + of_str.a) + of_int.a


class Point(NamedTuple):
    """What some modules have only as an argument, or only as a result."""

    a: int
    b: torch.Tensor


class PointGiven(torch.nn.Module):
    """Takes a NamedTuple."""

    def forward(self, x: Point) -> torch.Tensor:
        return x.b * x.a


class PointGivenByName(torch.nn.Module):
    """Takes a NamedTuple, by an annotation that is a string."""

    def forward(self, x: "Point") -> torch.Tensor:
        return x.b * x.a


class PointReturned(torch.nn.Module):
    """Might return a NamedTuple, says its annotation, and returns None."""

    def forward(self) -> Optional[Point]:
        return None


class Unwrapping(torch.nn.Module):
    """Uses the NamedTuple that a module might return, so that its fields must exist."""

    def __init__(self, returned):
        super().__init__()
        self.returned = returned

    def forward(self) -> torch.Tensor:
        point = self.returned()
        if point is None:
            return torch.ones(2)
        return point.b * point.a


class Inner(torch.nn.Module):
    """A submodule with a parameter."""

    def __init__(self, size):
        super().__init__()
        self.foo = torch.nn.Parameter(numbers(size))

    def forward(self, x):
        return x * self.foo.sum()


class Stateful(torch.nn.Module):
    """Parameters, buffers and submodules, however they are set, and a plain tensor."""

    def __init__(self):
        super().__init__()
        self.add_module("submodule_a", Inner(4))
        self.submodule_b = Inner(5)
        self.register_parameter("parameter_a", torch.nn.Parameter(numbers(2, 3)))
        self.parameter_b = torch.nn.Parameter(numbers(3) * 2, requires_grad=False)
        self.register_buffer("buffer", numbers(3) / 4)
        self.t = numbers(3) * 8

    def forward(self, x):
        x = self.submodule_b(self.submodule_a(x))
        return (x + self.parameter_a) * self.parameter_b + self.buffer + self.t


class Meta(torch.nn.Module):
    """Parameters and buffers, some of them without data."""

    def __init__(self):
        super().__init__()
        self.meta_parameter = torch.nn.Parameter(numbers(2, 3).to("meta"))
        self.parameter = torch.nn.Parameter(numbers(4))
        self.register_buffer("meta_buffer", torch.ones(5, device="meta"))
        self.register_buffer("buffer", numbers(2))

    def forward(self):
        return self.parameter.sum() + self.buffer


class Text(torch.nn.Module):
    """Holds a string, and tells how long it is."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self) -> int:
        return len(self.text)
