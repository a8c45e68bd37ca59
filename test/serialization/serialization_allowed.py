"""Classes that a ``weights_only`` load is told to allow, and objects of them."""

import collections
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple

import torch

import serialization_classes as classes
from common_values import numbers

# The first reader with add_safe_globals that can make objects of what was allowed.
SINCE_SAFE_GLOBALS = "2.5.0"


@dataclass(frozen=True)
class Allowed:
    """An object, and what must be allowed for it to be loaded.

    ``since`` is the first writer; ``refused`` is what a refusal names, one of them.
    """

    doc: str
    make: Callable[[], Any]
    allow: Callable[[], List[Any]]
    refused: Tuple[str, ...]
    since: str = "1.0.0"
    expect: Optional[Callable[[], Any]] = None


@contextmanager
def is_allowed(what):
    """Allow classes and functions; what was allowed before is again after it."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals(what)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def _subclass():
    x = numbers(2).as_subclass(classes.PlainSubclass)
    x.unit = "metre"
    return x


def _default_dict():
    value = collections.defaultdict(list)
    value["x"].append(1)
    return value


def _with_state():
    value = classes.WithState.__new__(classes.WithState)
    value.__setstate__({"kept": torch.ones(2)})
    return value


_SUITE = "serialization_classes."
ALLOWED = {
    "object": Allowed(
        "An object with attributes.",
        lambda: classes.Plain(a=numbers(2), b=[1]),
        lambda: [classes.Plain],
        (_SUITE + "Plain",),
    ),
    "dataclass": Allowed(
        "A dataclass.",
        lambda: classes.Settings(0.5, [1], extra=numbers(2)),
        lambda: [classes.Settings],
        (_SUITE + "Settings",),
    ),
    "with_state": Allowed(
        "An object that says itself what is kept.",
        classes.WithState,
        lambda: [classes.WithState],
        (_SUITE + "WithState",),
        expect=_with_state,
    ),
    "reduced": Allowed(
        "An object that a function makes.",
        lambda: classes.Reduced(numbers(2)),
        lambda: [classes.remake],
        (_SUITE + "remake",),
        expect=lambda: classes.remake(numbers(2)),
    ),
    "enum": Allowed(
        "A member of an enumeration.",
        lambda: classes.Color.RED,
        lambda: [classes.Color],
        (_SUITE + "Color",),
    ),
    "named_tuple": Allowed(
        "A named tuple.",
        lambda: classes.Point(1, numbers(2)),
        lambda: [classes.Point],
        (_SUITE + "Point",),
    ),
    "default_dict": Allowed(
        "A defaultdict.",
        _default_dict,
        lambda: [collections.defaultdict, list],
        ("collections.defaultdict",),
    ),
    "frozen_set": Allowed(
        "A frozenset.",
        lambda: frozenset([1, 2]),
        lambda: [frozenset],
        ("frozenset",),
    ),
    "tensor_subclass": Allowed(
        "A tensor of a class of ours, with an attribute.",
        _subclass,
        lambda: [classes.PlainSubclass],
        (_SUITE + "PlainSubclass", "_rebuild_from_type"),
        since="1.10.0",
    ),
    "function": Allowed(
        "A function by its name.",
        lambda: classes.function_of_suite,
        lambda: [classes.function_of_suite],
        (_SUITE + "function_of_suite",),
    ),
}
