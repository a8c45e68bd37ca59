"""A module for each operator whose meaning changed, as files from before hold it.

``TestVersioned<Operator>V<n>``: n is the last operator version with the old meaning.
``example_inputs`` are the arguments of calls that tell the old meaning from the new.
Runs on Python 3.7 with torch 1.5, the last release before the first change.
"""

import torch

# Quotients that are not whole, of both signs.
_NUMBERS = ([7, -7, 8], [2, 2, -3])


def _integers():
    return [torch.tensor(numbers) for numbers in _NUMBERS]


def _floats():
    return [torch.tensor(numbers).float() for numbers in _NUMBERS]


class TestVersionedDivTensorExampleV7(torch.nn.Module):
    """Until version 3 the quotient of integers was an integer."""

    def forward(self, a, b):
        return a / b, torch.div(a, b), a.div(b)

    def example_inputs(self):
        return [_integers(), _floats()]


class TestVersionedDivScalarV3(torch.nn.Module):
    """The same by a number."""

    def forward(self, a, number: int):
        return a / number, torch.div(a, number)

    def example_inputs(self):
        return [(_integers()[0], 2), (_floats()[0], 2)]


class TestVersionedDivOutV3(torch.nn.Module):
    """The same into a tensor."""

    def forward(self, a, b, out):
        return torch.div(a, b, out=out)

    def example_inputs(self):
        return [
            (*_integers(), torch.zeros(3, dtype=torch.int64)),
            (*_floats(), torch.zeros(3)),
        ]


class TestVersionedDivTensorInplaceV3(torch.nn.Module):
    """The same in place."""

    def forward(self, a, b):
        a /= b
        return a

    def example_inputs(self):
        return [_integers(), _floats()]


class TestVersionedDivScalarInplaceV3(torch.nn.Module):
    """The same in place, by a number."""

    def forward(self, a, number: int):
        a /= number
        return a

    def example_inputs(self):
        return [(_integers()[0], 2), (_floats()[0], 2)]


class TestVersionedFullV4(torch.nn.Module):
    """Until version 4 a tensor full of an integer was of floats."""

    def forward(self, size: int):
        return torch.full((2, size), 4), torch.full((size,), 4, dtype=torch.int64)

    def example_inputs(self):
        return [(3,), (0,)]


class TestVersionedFullOutV4(torch.nn.Module):
    """The same into a tensor, whose dtype it takes."""

    def forward(self, out):
        return torch.full((2, 3), 4, out=out)

    def example_inputs(self):
        return [(torch.zeros(2, 3),)]


class TestVersionedLinspaceV7(torch.nn.Module):
    """Until version 7 steps could be left out, and were 100."""

    def forward(self, start: int, end: int):
        return torch.linspace(start, end), torch.linspace(start, end, steps=5)

    def example_inputs(self):
        return [(0, 99), (-49, 50)]


class TestVersionedLinspaceOutV7(torch.nn.Module):
    """The same into a tensor."""

    def forward(self, start: int, end: int, out):
        return torch.linspace(start, end, out=out)

    def example_inputs(self):
        return [(0, 99, torch.zeros(100))]


class TestVersionedLogspaceV8(torch.nn.Module):
    """Until version 8 steps could be left out, and were 100."""

    def forward(self, start: int, end: int):
        return torch.logspace(start, end), torch.logspace(start, end, steps=5)

    def example_inputs(self):
        return [(0, 2), (-1, 1)]


class TestVersionedLogspaceOutV8(torch.nn.Module):
    """The same into a tensor."""

    def forward(self, start: int, end: int, out):
        return torch.logspace(start, end, out=out)

    def example_inputs(self):
        return [(0, 2, torch.zeros(100))]


class TestVersionedGeluV9(torch.nn.Module):
    """Until version 9 there was no approximation to choose."""

    def forward(self, x):
        return torch._C._nn.gelu(x)

    def example_inputs(self):
        return [(torch.arange(-4.0, 5.0) / 2,)]


class TestVersionedGeluOutV9(torch.nn.Module):
    """The same into a tensor."""

    def forward(self, x, out):
        return torch._C._nn.gelu(x, out=out)

    def example_inputs(self):
        return [(torch.arange(-4.0, 5.0) / 2, torch.zeros(9))]


class TestVersionedRandomV10(torch.nn.Module):
    """Integers of a range, in place; not changed yet."""

    def forward(self, x):
        return x.random_(0, 10)

    def example_inputs(self):
        return [(torch.zeros(2, 8),)]


class TestVersionedRandomFuncV10(torch.nn.Module):
    """The same as a new tensor; not changed yet."""

    def forward(self, x):
        return x.random(0, 10)

    def example_inputs(self):
        return [(torch.zeros(2, 8),)]


class TestVersionedRandomOutV10(torch.nn.Module):
    """The same into a tensor; not changed yet."""

    def forward(self, x, out):
        return x.random(0, 10, out=out)

    def example_inputs(self):
        return [(torch.zeros(2, 8), torch.zeros(2, 8))]
