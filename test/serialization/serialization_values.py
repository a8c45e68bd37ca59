"""Tables of what is no tensor: constants of torch, containers, numbers, texts."""

import array
import collections
import datetime
import decimal
import fractions
import pathlib
import uuid

import torch

import serialization_classes as classes
from common_values import numbers
from serialization_cases import (
    SAFE_BYTES,
    SAFE_COMPLEX,
    SAFE_COUNTERS,
    SAFE_DEVICES,
    SAFE_FLOATS,
    SAFE_OLD_SIZES,
    SAFE_QUANTIZED,
    SAFE_SETS,
    Case,
)

# The opcode of floating-point numbers, all that 1.13 says.
_NO_FLOATS = ("Unsupported operand 71",)

CONSTANTS = {
    "size": Case(
        "A Size.", lambda: [torch.Size([2, 0, 3]), torch.Size([])], since="1.2.0"
    ),
    "old_size": Case(
        "A Size as it was pickled at first.",
        lambda: [torch.Size([2, 0, 3]), torch.Size([])],
        until="1.1.0",
        safe=SAFE_OLD_SIZES,
        refused=("torch.Size",),
    ),
    "dtypes": Case(
        "Dtypes.",
        lambda: {"x": torch.float32, "y": torch.int64, "z": torch.uint8},
        safe=SAFE_QUANTIZED,
        refused=("torch.uint8", "torch.float32", "torch.int64"),
    ),
    "devices": Case(
        "Devices, of which this machine need not have any.",
        lambda: [torch.device("cpu"), torch.device("cuda", 3), torch.device("cuda")],
        safe=SAFE_DEVICES,
        refused=("torch.device",),
    ),
    "layouts": Case(
        "Layouts.",
        lambda: [torch.strided, torch.sparse_coo],
        since="1.4.0",
    ),
    "qschemes": Case(
        "Schemes of quantization.",
        lambda: [torch.per_tensor_affine, torch.per_channel_symmetric],
        since="1.3.0",
        safe=SAFE_QUANTIZED,
        refused=("torch.per_tensor_affine",),
    ),
    "functions_of_torch": Case(
        "Functions of torch, by their names.",
        lambda: [torch.add, torch.nn.functional.relu, torch.nn.ReLU],
        safe=None,
        refused=("torch",),
    ),
}


def _ordered():
    return collections.OrderedDict([("z", numbers(2)), ("a", 1), ("m", {"x": None})])


def _defaultdict():
    value = collections.defaultdict(list)
    value["x"].append(numbers(2))
    return value


def _recursive_list():
    value = [1, {}]
    value[1]["self"] = value
    value.append(value)
    return value


def _recursive_object():
    value = classes.Plain(name="outer", tensor=numbers(2))
    value.inner = classes.Plain(outer=value, tensor=value.tensor)
    return value


def _same_twice():
    x, items = numbers(2), [1]
    return {"a": items, "b": items, "c": [1], "x": x, "y": (x, x), "z": x.clone()}


def _integers():
    return [0, -1, 255, 256, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**64, -(10**40)]


def _floats():
    return [0.0, -0.0, 0.1, 1e308, 5e-324, float("inf"), -float("inf"), float("nan")]


def _texts():
    return ["", "plain", "line\nand\ttab", "\u00e9\u4e2d\U0001f600", "x" * 300, "\0"]


def _keys():
    pairs = [(1, "int"), ("1", "text"), ((1, "x"), "tuple"), (None, "None")]
    return dict(pairs + [(2.5, "float"), (False, "bool")])


def _checkpoint():
    weight = torch.nn.Parameter(numbers(2, 2))
    momentum = {"momentum_buffer": numbers(2, 2) / 4}
    group = {"lr": 0.25, "betas": (0.5, 0.75), "nesterov": False, "params": [0]}
    return {
        "epoch": 3,
        "model": collections.OrderedDict(weight=weight.detach(), bias=numbers(2)),
        "optimizer": {"state": {0: momentum}, "param_groups": [group]},
        "best": None,
        "history": [1.5, 0.25],
    }


CONTAINERS = {
    "checkpoint": Case(
        "What a training saves: dicts, tensors, numbers.",
        _checkpoint,
        safe=SAFE_FLOATS,
        refused=_NO_FLOATS,
    ),
    "nested": Case(
        "Lists, tuples and dicts in each other.",
        lambda: [[], (), {}, [[1], (2, [3])], {"a": {"b": ({"c": (None,)},)}}],
    ),
    "ordered_dict": Case("An OrderedDict.", _ordered),
    "default_dict": Case(
        "A defaultdict, with its default.",
        _defaultdict,
        safe=None,
        refused=("collections.defaultdict",),
    ),
    "counter": Case(
        "A Counter.",
        lambda: collections.Counter("abca"),
        safe=SAFE_COUNTERS,
        refused=("collections.Counter",),
    ),
    "deque": Case(
        "A deque, with its limit.",
        lambda: [collections.deque([1, 2], 3), collections.deque()],
        safe=None,
        refused=("collections.deque",),
    ),
    "named_tuple": Case(
        "A named tuple of ours.",
        lambda: classes.Point(1, numbers(2)),
        safe=None,
        refused=("serialization_classes.Point",),
    ),
    "sets": Case(
        "Sets.",
        lambda: [{1, 2, "x"}, set()],
        safe=SAFE_SETS,
        refused=("set",),
    ),
    "frozen_set": Case(
        "A frozenset.", lambda: frozenset([1, 2]), safe=None, refused=("frozenset",)
    ),
    "keys": Case(
        "Keys of several types, in their order.",
        _keys,
        safe=SAFE_FLOATS,
        refused=_NO_FLOATS,
    ),
    "same_twice": Case(
        "Lists and tensors that are one stay one.",
        _same_twice,
        change=lambda value: (value["a"].append(2), value["x"].add_(1)),
    ),
    "recursive_list": Case("A list that is in itself.", _recursive_list),
    "recursive_object": Case(
        "Objects that have each other.",
        _recursive_object,
        safe=None,
        refused=("serialization_classes.Plain",),
    ),
    "list_subclass": Case(
        "A list and a dict of classes of ours.",
        lambda: [classes.ManyItems([1]), classes.ManyEntries(a=1)],
        safe=None,
        refused=("serialization_classes.ManyItems",),
    ),
}

SCALARS = {
    "integers": Case("Integers of all sizes.", _integers),
    "floats": Case(
        "Floating-point numbers, the special ones too.",
        _floats,
        safe=SAFE_FLOATS,
        refused=_NO_FLOATS,
    ),
    "singletons": Case("None and truth.", lambda: [None, True, False, 1, 0]),
    "bare": Case("A number that is in no container.", lambda: 3),
    "texts": Case("Texts of all kinds.", _texts),
    "bytes": Case(
        "Bytes.",
        lambda: [b"\0\xff", b"text"],
        safe=SAFE_BYTES,
        refused=("_codecs.encode",),
    ),
    "empty_bytes": Case("No bytes.", lambda: b"", safe=None, refused=("bytes",)),
    "bytearray": Case(
        "Bytes that can be changed.",
        lambda: bytearray(b"\0\xff"),
        safe=SAFE_BYTES,
        refused=("bytearray",),
    ),
    "complex": Case(
        "Complex numbers.",
        lambda: [1 - 2j, complex(-0.0, float("inf"))],
        safe=SAFE_COMPLEX,
        refused=("complex",),
    ),
    "ranges": Case(
        "Ranges and slices.",
        lambda: [range(1, 9, 3), slice(None, -1)],
        safe=None,
        refused=("range",),
    ),
    "fractions": Case(
        "Fractions and decimals.",
        lambda: [fractions.Fraction(1, 3), decimal.Decimal("0.10")],
        safe=None,
        refused=("fractions.Fraction",),
    ),
    "times": Case(
        "Dates and times.",
        lambda: [
            datetime.date(2020, 2, 29),
            datetime.datetime(2020, 2, 29, 12, 30, 1, 5, datetime.timezone.utc),
            datetime.timedelta(days=-1, seconds=5),
        ],
        safe=None,
        refused=("datetime.date",),
    ),
    "paths": Case(
        "Paths, and other small things.",
        lambda: [pathlib.PurePosixPath("a/b"), uuid.UUID(int=5), array.array("i", [1])],
        safe=None,
        refused=("PurePosixPath",),
    ),
    "functions": Case(
        "Functions and classes by their names, ours and Python's.",
        lambda: [classes.function_of_suite, classes.Plain, len, dict],
        safe=None,
        refused=("serialization_classes.function_of_suite",),
    ),
}
