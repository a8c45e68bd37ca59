"""Tables of objects: of classes in this folder, and of numpy."""

import numpy as np
import torch

import serialization_classes as classes
from common_values import numbers
from serialization_cases import Case


def _restored():
    value = classes.WithState.__new__(classes.WithState)
    value.__setstate__({"kept": torch.ones(2)})
    return value


OBJECTS = {
    "enums": Case(
        "Members of enumerations.",
        lambda: [classes.Color.RED, classes.Number.TWO, classes.Color.BLUE],
        safe=None,
        refused=("serialization_classes.Color",),
    ),
    "dataclass": Case(
        "A dataclass.",
        lambda: classes.Settings(0.5, [1, 2], extra=numbers(2)),
        safe=None,
        refused=("serialization_classes.Settings",),
    ),
    "plain": Case(
        "An object with attributes.",
        lambda: classes.Plain(a=1, b=[numbers(2)], c=classes.Plain()),
        safe=None,
        refused=("serialization_classes.Plain",),
    ),
    "with_state": Case(
        "An object that says itself what is kept.",
        classes.WithState,
        expect=_restored,
        safe=None,
        refused=("serialization_classes.WithState",),
    ),
    "reduced": Case(
        "An object that says how it is made.",
        lambda: classes.Reduced(numbers(2)),
        expect=lambda: classes.remake(numbers(2)),
        safe=None,
        refused=("serialization_classes.remake",),
    ),
}


def _arrays():
    return {
        "c": np.arange(6, dtype=np.float32).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(4).reshape(2, 2)),
        "scalar": np.float64(0.1),
        "integer": np.int64(-7),
        "flag": np.bool_(True),
        "empty": np.zeros((0, 2), np.int8),
        "texts": np.array(["a", "bc"]),
        "objects": np.array(["a", "bc"], dtype=object),
        "dtype": np.dtype("float32"),
    }


def _random_state_of_numpy():
    kind, keys, position, has_gauss, gauss = np.random.RandomState(5).get_state()
    return {"state": (kind, keys[:3], position, has_gauss, gauss)}


NUMPY = {
    "arrays": Case(
        "Arrays and scalars of numpy.", _arrays, safe=None, refused=("numpy",)
    ),
    "random_state_of_numpy": Case(
        "What numpy tells of its random numbers.",
        _random_state_of_numpy,
        safe=None,
        refused=("numpy",),
    ),
}
