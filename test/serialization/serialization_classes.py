"""Classes whose objects are in the files; their names must stay."""

import collections
import enum
from dataclasses import dataclass, field
from typing import Any, List

import torch

Point = collections.namedtuple("Point", ["x", "y"])


class Color(enum.Enum):
    """An enumeration."""

    RED = 1
    BLUE = "blue"


class Number(enum.IntEnum):
    """An enumeration of numbers."""

    TWO = 2


@dataclass
class Settings:
    """A dataclass, as checkpoints have them."""

    rate: float = 0.25
    steps: List[int] = field(default_factory=list)
    extra: Any = None


class Plain:
    """An object with attributes, and nothing else."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


class WithState:
    """An object that says itself what is kept of it."""

    def __init__(self):
        self.kept, self.lost = torch.ones(2), "lost"

    def __getstate__(self):
        return {"kept": self.kept}

    def __setstate__(self, state):
        vars(self).update(state, restored=True)


class Reduced:
    """An object that is made again by a call."""

    def __init__(self, value):
        self.value, self.made_by = value, "the class"

    def __reduce__(self):
        return remake, (self.value,)


def remake(value):
    """A ``Reduced``, told apart from one that its class made."""
    made = Reduced(value)
    made.made_by = "the function"
    return made


class ManyItems(list):
    """A list with an attribute."""


class ManyEntries(dict):
    """A dict with an attribute."""


class PlainSubclass(torch.Tensor):
    """A tensor of a class of its own."""


class StatefulSubclass(torch.Tensor):
    """A tensor whose class says itself what is kept of its attributes."""

    def __setstate__(self, state):
        if isinstance(state, dict):
            vars(self).update(state, restored=True)
        else:
            super().__setstate__(state)


class ReducedSubclass(torch.Tensor):
    """A tensor that is made again by a call."""

    def __reduce_ex__(self, protocol):
        return remake_tensor, (self.as_subclass(torch.Tensor), self.unit)


def remake_tensor(tensor, unit):
    """A ``ReducedSubclass`` with its attribute."""
    made = tensor.as_subclass(ReducedSubclass)
    made.unit = unit
    return made


class OwnParameter(torch.nn.Parameter):
    """A parameter of a class of its own."""


def function_of_suite(x):
    """A function that is kept by its name."""
    return x + 1


# What code in a file did when it was loaded.
HARM = []
