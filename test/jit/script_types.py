"""The modules of test_torch_script.py: classes and other types of values.

The tests say from which release on a module can be compiled.  Runs on Python 3.7 with
torch 1.0.
"""

import enum
import math
from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import torch
from torch import Tensor

from common_values import numbers


class Optionals(torch.nn.Module):
    """Arguments and results that may be None, refined by is None, and defaults."""

    def forward(self, x: Optional[Tensor], n: Optional[int] = None):
        result = torch.jit.annotate(Optional[Tensor], None)
        if x is not None:
            result = x * 2 if n is None else x + n
        if x is None or n is None:
            return result, None
        return result, n


class Defaults(torch.nn.Module):
    """Defaults of each type for arguments."""

    def forward(
        self,
        x: Tensor,
        n: int = 2,
        ratio: float = 0.5,
        flag: bool = True,
        text: str = "a\n\"'",
        sizes: List[int] = (1, 2),
        maybe: Optional[float] = None,
    ):
        if flag and maybe is None:
            x = x * n + ratio
        return x, text, sizes


class ListDefaults(torch.nn.Module):
    """Lists of strings and of floats as defaults."""

    def forward(self, n: int, names: List[str] = ("a", "b"), fs: List[float] = (0.5,)):
        return names[n], fs


class Unions(torch.nn.Module):
    """Arguments and values of one of several types, told by isinstance."""

    def forward(self, x: Union[int, str, List[int]]) -> Union[int, str]:
        y: Union[int, str] = "many"
        if isinstance(x, int):
            y = x + 1
        elif isinstance(x, str):
            y = x + "!"
        elif len(x) < 3:
            y = x[0]
        return y


class ReturnedUnions(torch.nn.Module):
    """Values of one of several types, returned early."""

    def forward(self, x: Union[int, str, List[int]]) -> Union[int, str]:
        if isinstance(x, int):
            return x + 1
        elif isinstance(x, str):
            return x + "!"
        return x[0]


class AnyType(torch.nn.Module):
    """Values of any type, told by isinstance."""

    def forward(self, value: Any, values: List[Any]):
        result = 0
        if isinstance(value, int):
            result = value + 1
        elif isinstance(value, (str, float)):
            result = -1
        elif isinstance(value, Tensor):
            result = value.numel()
        for one in values:
            if isinstance(one, str):
                result += len(one)
        return result, value, values


class Refinement(torch.nn.Module):
    """Optional attributes and lists, refined by assert and torch.jit.isinstance."""

    maybe: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.maybe = torch.tensor([1.0, 2.0])

    def forward(self, x: Optional[List[int]]) -> Tensor:
        maybe = self.maybe
        assert maybe is not None  # noqa: S101 - TorchScript
        if torch.jit.isinstance(x, List[int]):
            maybe = maybe + x[0]
        return maybe


class Counter(object):
    """A class of TorchScript with state, a method and operators of its own."""

    def __init__(self, start: int):
        self.count = start
        self.seen = torch.jit.annotate(List[int], [])

    def add(self, n: int) -> int:
        self.count = self.count + n
        self.seen.append(n)
        return self.count

    def __lt__(self, other: int) -> bool:
        return self.count < other


class Classes(torch.nn.Module):
    """Objects of a TorchScript class, passed to methods and changed."""

    def forward(self, n: int):
        counter = Counter(n)
        self.fill(counter)
        return counter.count, counter.seen, counter < 10

    def fill(self, counter: Counter) -> int:
        counter.add(2)
        return counter.add(3)


class Ordered(object):
    """A class with the operators that sorting, indexing and arithmetic use."""

    def __init__(self, x: int, name: str):
        self.x = x
        self.name = name

    def __lt__(self, other: "Ordered") -> bool:
        return self.x < other.x

    def __add__(self, other: "Ordered") -> "Ordered":
        return Ordered(self.x + other.x, self.name + other.name)

    def __getitem__(self, i: int) -> int:
        return self.x * i

    def __contains__(self, x: int) -> bool:
        return x == self.x

    def __len__(self) -> int:
        return self.x


class Operators(torch.nn.Module):
    """Objects sorted, added, indexed and asked by operators."""

    def forward(self, n: int):
        objects = [Ordered(n, "n"), Ordered(2, "two"), Ordered(5, "five")]
        objects.sort()
        both = objects[0] + objects[1]
        names = [one.name for one in objects]
        return names, both.x, both.name, both[3], 4 in objects[0], len(both)


class Celsius(object):
    """A class with a property, a static method and a setter."""

    def __init__(self, degrees: float):
        self.degrees = degrees

    @property
    def kelvin(self) -> float:
        return self.degrees + 273.5

    @kelvin.setter
    def kelvin(self, value: float):
        self.degrees = value - 273.5

    @staticmethod
    def doubled(degrees: float) -> float:
        return degrees * 2


class ClassProperties(torch.nn.Module):
    """Objects with properties, set and read, and static methods."""

    def forward(self, degrees: float):
        celsius = Celsius(degrees)
        before = celsius.kelvin
        celsius.kelvin = 274.0
        return before, celsius.degrees, Celsius.doubled(degrees)


class Holder(torch.nn.Module):
    """An object that the module keeps, and changes."""

    counter: Counter

    def __init__(self):
        super().__init__()
        self.counter = Counter(3)
        self.counter.add(1)

    def forward(self, n: int):
        return self.counter.add(n), self.counter.seen


class Context(object):
    """What a with statement enters and leaves."""

    def __init__(self, log: List[str]):
        self.log = log

    def __enter__(self) -> int:
        self.log.append("in")
        return len(self.log)

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self.log.append("out")


class Contexts(torch.nn.Module):
    """Contexts within each other, left in the end and by returning."""

    def forward(self, log: List[str], n: int):
        with Context(log) as first, Context(log) as second:
            if n > first + second:
                return log, -1
            log.append("body")
        return log, first * second


@dataclass
class Item:
    """A dataclass with a default, compared and passed."""

    name: str
    price: int = 2

    def total(self, n: int) -> int:
        return self.price * n


class Dataclasses(torch.nn.Module):
    """Objects of a dataclass."""

    def forward(self, name: str, n: int):
        item, other = Item(name), Item("b", n)
        return item.total(n) + other.price, item.name, item == Item("a", 2)


def with_dataclass():
    """A module that uses a dataclass, which has to be scripted first."""
    torch.jit.script(Item)
    return Dataclasses()


class Color(enum.Enum):
    """An enumeration of integers."""

    RED = 1
    GREEN = 2


class Word(enum.Enum):
    """An enumeration of strings."""

    YES = "yes"
    NO = "n\u00f6"


class Enums(torch.nn.Module):
    """Members of enumerations, compared, iterated, and asked for name and value."""

    def __init__(self):
        super().__init__()
        self.word = Word.NO

    def forward(self, n: int):
        color = Color.RED if n == 1 else Color.GREEN
        values = torch.jit.annotate(List[int], [])
        for other in Color:
            values.append(other.value)
        word = (self.word.value, self.word == Word.YES)
        return color.name, color.value, color == Color.RED, values, word


class Point(NamedTuple):
    """A tuple with names."""

    place: Tensor
    weight: int


class Line(NamedTuple):
    """One that holds others, and has defaults."""

    start: Point
    name: str = "line"
    length: Optional[int] = None


class NamedTuples(torch.nn.Module):
    """NamedTuples as arguments, in the inside and as result."""

    def forward(self, x: Tensor, points: List[Point]) -> Point:
        total = Point(x, 0)
        for point in points:
            place, weight = point
            total = Point(total.place + place, total.weight + point.weight)
        return total


class NestedNamedTuples(torch.nn.Module):
    """NamedTuples that hold others, and have defaults."""

    def forward(self, point: Point, line: Optional[Line] = None) -> Dict[str, Line]:
        if line is None:
            line = Line(point)
        return {"given": line, "made": Line(Point(point.place * 2, 3), length=4)}


class Attributes(torch.nn.Module):
    """Attributes of each type, some of them empty."""

    maybe: Optional[int]
    nothing: Optional[Tensor]
    empty: List[str]
    nested: Dict[str, List[Tuple[int, Tensor]]]

    def __init__(self):
        super().__init__()
        self.maybe, self.nothing, self.empty = 3, None, []
        self.nested = {"a": [(1, numbers(2))], "b": []}
        self.flag, self.text, self.big = True, "a\0\u00e4", 2**40
        self.floats, self.pair = [0.1, math.inf, 1e-300], (1, "b")
        self.tensors = [numbers(2), torch.tensor([1, 2])]
        self.table = {1: "one", 2: "two"}
        self.plain = torch.tensor([True, False])

    def forward(self):
        numbers = (self.maybe, self.flag, self.big, self.floats)
        texts = (self.text, self.empty, self.table, self.pair)
        return numbers, texts, self.nested, self.tensors, self.nothing, self.plain


class OrderedAttributes(torch.nn.Module):
    """Dicts whose keys are not in sorted order, as attributes and as argument."""

    def __init__(self):
        super().__init__()
        self.numbers, self.names = {2: "two", 1: "one"}, {"b": 1, "a": 2}

    def forward(self, table: Dict[str, int]):
        values = [0]
        for value in table.values():
            values.append(value)
        return self.numbers, self.names, values


class Types(torch.nn.Module):
    """dtypes, devices and layouts as values, and conversions between dtypes."""

    def forward(self, x: Tensor):
        y = torch.ones([2], dtype=torch.int64, device=x.device)
        z = x.to(torch.float64) + y
        kinds = (z.dtype == torch.float64, str(x.device))
        converted = [x.to(torch.int32).float(), x.half().float(), x.byte().float()]
        return z, kinds, x.type_as(y), converted, z.to(dtype=torch.bool)


class TypeValues(torch.nn.Module):
    """dtypes and devices as arguments, attributes and results."""

    def __init__(self):
        super().__init__()
        self.dtype = torch.float64

    def forward(self, x: Tensor, dtype: torch.dtype, device: torch.device):
        y = torch.zeros([2], dtype=dtype, device=device)
        return y, x.to(self.dtype), x.dtype, [dtype], device == x.device
