"""Classes of many kinds to pickle objects of."""

import enum
from dataclasses import dataclass, field
from typing import Any, Dict, NamedTuple


class Color(enum.Enum):
    """An enumeration."""

    RED = 1
    BLUE = 2


class Point(NamedTuple):
    """A tuple with names."""

    x: Any
    y: Any


@dataclass
class Settings:
    """A dataclass."""

    name: str
    options: Dict[str, Any] = field(default_factory=dict)


class Slots:
    """An object without a dict, which says how it is pickled."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __getstate__(self):
        return {"kept": self.value}

    def __setstate__(self, state):
        self.value = state["kept"]


class Outer:
    """Has a class within."""

    class Inner:
        """Found by its qualified name."""

        def __init__(self, value):
            self.value = value

    @staticmethod
    def twice(x):
        """A function that is found through the class."""
        return x * 2
