"""The modules of test_torch_script.py: lists, dicts, strings and numbers.

The tests say from which release on a module can be compiled.  Runs on Python 3.7 with
torch 1.0.
"""

import math
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor


class Sequences(torch.nn.Module):
    """enumerate, zip, unpacking, and the methods of lists."""

    def forward(self, xs: List[Tensor], names: List[str]):
        total = 0
        for i, (x, name) in enumerate(zip(xs, names)):
            total += i * len(name) + int(x.sum())
        first, second = xs
        names = names + ["last"]
        names.append("more")
        names.reverse()
        lengths = [3, 1, 2]
        lengths.insert(0, 7)
        lengths.sort()
        lengths.extend([9, 9])
        popped = lengths.pop(1)
        lengths.remove(9)
        where = (lengths.index(3), lengths.count(9), 7 in lengths)
        return lengths, names, total, first - second, where, popped, lengths.copy()


class Comprehensions(torch.nn.Module):
    """Lists made by comprehension."""

    def forward(self, xs: List[Tensor], names: List[str]):
        doubled = [x * 2 for x in xs]
        lengths = [len(name) for name in names]
        return doubled, lengths


class MoreComprehensions(torch.nn.Module):
    """Lists from a range and from pairs, nested; and dicts."""

    def forward(self, xs: List[int], names: List[str]):
        table = {name: len(name) for name in names}
        pairs = [x * i for i, x in enumerate(xs)]
        grid = [[i * j for j in range(3)] for i in range(2)]
        return table, pairs, grid


class Mappings(torch.nn.Module):
    """Dicts by string and integer: made, read, changed and iterated."""

    def forward(self, table: Dict[str, Tensor], counts: Dict[int, int]):
        table["sum"] = table["b"] + table["a"]
        total = 0
        for key in counts.keys():
            total += key * counts[key]
        counts.pop(1)
        counts.update({5: 6})
        sums = torch.jit.annotate(List[int], [])
        for value in table.values():
            sums.append(int(value.sum()))
        return table, counts, total, "a" in table, counts.get(9, -1), len(table), sums


class MoreMappings(torch.nn.Module):
    """Dicts by float and truth value, their items, and what makes dicts of others."""

    def forward(self, xs: Dict[float, str], flags: Dict[bool, int]):
        pairs = [(key * 2, text) for key, text in xs.items()]
        copied = dict(flags)
        copied.setdefault(False, 7)
        last = flags.popitem()
        flags.clear()
        for key in xs:
            if key > 1:
                xs[key] += "!"
        return pairs, copied, flags, last, xs, dict([("a", 1), ("b", 2)])


class Nested(torch.nn.Module):
    """Containers in containers, and empty ones."""

    def forward(
        self, table: Dict[str, List[Tuple[int, Tensor]]], grid: List[List[int]]
    ):
        for pairs in table.values():
            for n, x in pairs:
                grid[0].append(n * int(x.sum()))
        grid.append(torch.jit.annotate(List[int], []))
        empty = torch.jit.annotate(Dict[str, Dict[str, int]], {})
        deep = [[[1.0], [2.0, 3.0]], [[0.5]]]
        maybe = torch.jit.annotate(List[Optional[Tensor]], [None, table["a"][0][1]])
        return table, grid, empty, deep, maybe, {"pair": (1, [2.5])}, [("a", grid[0])]


class Tuples(torch.nn.Module):
    """Tuples unpacked, indexed, sliced and nested."""

    def forward(self, pair: Tuple[int, str], x: Tensor):
        n, text = pair
        more = (x, pair, (n,))
        first, (second, _), third = more
        return more[1][1], pair[:1], pair[-1], first * second, third, ()


class Strings(torch.nn.Module):
    """Strings joined, sliced, compared and formatted."""

    def forward(self, text: str, n: int):
        texts = [
            "{}: {}".format(text, n),
            text[1:-1],
            text.upper(),
            "same" if text == "a word" else "other",
            str(n) + text,
        ]
        return texts, len(text), text != "a word"


class MoreStrings(torch.nn.Module):
    """What strings are made of, made into, and searched for."""

    def forward(self, text: str):
        texts = ["-".join(text.split(" ")), text.replace("a", "b"), text.strip("a")]
        found = (text.find("w"), text.count("a"), "word" in text, text < "b")
        letters = [letter for letter in text]
        return texts, found, text.startswith("a"), text.isdigit(), letters


class Escapes(torch.nn.Module):
    """Characters that are escaped in constants, and what is passed."""

    def forward(self, text: str) -> List[str]:
        return [text + "\n\t", "\"'\\ \\n {} %s", "\x7f\x01", text]


class CarriageReturns(torch.nn.Module):
    """A carriage return in a constant."""

    def forward(self, text: str) -> str:
        return text + "\r"


class Letters(torch.nn.Module):
    """Letters beyond ASCII in constants and in defaults."""

    def forward(self, text: str = "\u00e4\u00df") -> List[str]:
        return [text + "\u00e4", "\u65e5\u672c \U0001f525"]


class FormattedStrings(torch.nn.Module):
    """Strings with expressions in them, and with percent signs."""

    def forward(self, text: str, n: int, f: float) -> List[str]:
        return [f"{text} is {n}", "%s is %d or %f" % (text, n, f), f"{n + 1}"]


class Printed(torch.nn.Module):
    """Values of all types as str and format show them."""

    def forward(self, x: float, n: int) -> List[str]:
        texts = [str(x), str(n), str(n > 2), "{} {}".format(x * 2, [n, n])]
        return texts + [
            str([1.5, x]),
            str((n, "a")),
            str(torch.jit.annotate(List[int], [])),
        ]


class Conversions(torch.nn.Module):
    """Numbers, strings, lists and tensors made of each other."""

    def forward(self, n: int, f: float, x: Tensor):
        parsed = (int("12"), float("2.5"), int(f), float(n), bool(n), ord("a"), chr(98))
        taken = (x.sum().item(), int(x[0]), float(x[1]), bool(x[2] > 0))
        made = (torch.tensor([[1, 2], [3, n]]), torch.tensor([f, 1.0]), torch.tensor(n))
        return parsed, taken, made, [hex(n), bin(n), oct(n)]


class Numbers(torch.nn.Module):
    """Arithmetic of integers and floats, both mixed, and rounding."""

    def forward(self, n: int, f: float):
        quotients = (n // 2, n % 3, -n // 2, n / 2, f // 2, f % 2, -n % 3)
        powers = (n * f, n - f, 2.0**n, f**2)
        rounded = (math.floor(f), math.ceil(f), int(f))
        return quotients, powers, rounded, n == f, n < f, abs(-n)


class Rounded(torch.nn.Module):
    """Floats rounded to whole numbers."""

    def forward(self, f: float):
        return round(f), round(f + 0.25), round(-f)


class FloatChecks(torch.nn.Module):
    """Whether a float is infinite or no number."""

    def forward(self, f: float):
        return math.isinf(f), math.isnan(f), bool(math.isnan(f))


class Bits(torch.nn.Module):
    """Operators on the bits of integers, truth values and tensors."""

    def forward(self, n: int, x: Tensor, flag: bool):
        ints = (n & 6, n | 1, n ^ 3, n << 2, n >> 1)
        return ints, x & 3, x | 8, x ^ 1, ~x, flag & True, flag ^ True


class Limits(torch.nn.Module):
    """Integers that overflow, infinities, and floats as they are written."""

    def forward(self, big: int, f: float):
        wrapped = (big + 1, -big - 2, big * 2)
        return wrapped, (0.1, 1e100, 1e-320, 1.0, 123456789.125), (math.inf, -math.inf)


class NegativeZero(torch.nn.Module):
    """A zero with a sign."""

    def forward(self, f: float):
        return -0.0, f + -0.0


class WholeFloats(torch.nn.Module):
    """Constants that are whole numbers and yet floats, and large integers."""

    def forward(self, f: float):
        return 1e15, 1e16, f + 1e16 - f, 9007199254740993


class Mathematics(torch.nn.Module):
    """Functions of math where they are exact, and its constants."""

    def forward(self, n: int, f: float):
        roots = (math.sqrt(16.0), math.pow(2.0, 3.0), math.exp(0.0), math.log(1.0))
        parts = (math.fmod(f, 2.0), math.copysign(2.0, -f), math.modf(f), math.frexp(f))
        whole = (math.gcd(n, 4), math.factorial(n), math.ldexp(0.5, n), math.pi)
        return roots, parts, whole, math.fabs(-f)


class Builtins(torch.nn.Module):
    """min, max, abs, sorted, len and range."""

    def forward(self, xs: List[int], fs: List[float], n: int):
        least = (min(xs), max(xs), min(n, 2), max(fs), min(fs[0], fs[1]))
        ranges = ([i for i in range(n, 0, -2)], len(xs), abs(fs[0]), abs(-n))
        return least, (sorted(xs), sorted(fs)), ranges


class Reductions(torch.nn.Module):
    """sum, any, all, divmod, and what makes lists of other things."""

    def forward(self, xs: List[int], fs: List[float], n: int):
        whole = (sum(xs), sum(fs), any([n > 1, False]), all([n > 1, True]))
        return whole, divmod(-n, 2), list(range(2)), list("ab"), (1, 2) + (n,)


class ComplexNumbers(torch.nn.Module):
    """Complex numbers, and tensors of them."""

    def forward(self, x: Tensor, c: complex):
        y = x * (1 + 2j)
        return (
            y,
            c * 2,
            c == 2 - 1j,
            torch.view_as_real(y),
            torch.complex(x, x),
            [1j, c],
        )
