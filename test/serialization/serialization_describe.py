"""Loaded objects as plain data: what common_objects.py tells, and of Python's objects.

Told as well: which containers and objects are the same one, attributes of tensors,
storages without a tensor, arrays of numpy, and objects of ordinary classes.
"""

import array
import collections
import collections.abc
import datetime
import decimal
import enum
import fractions
import pathlib
import re
import types
import uuid

import numpy as np
import torch

from common_objects import Description

# Their text says all of them.
_TOLD_BY_REPR = (
    array.array,
    bytearray,
    datetime.date,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    pathlib.PurePath,
    range,
    slice,
    uuid.UUID,
)
# Tensors have these by themselves, no user set them.
_OWN_ATTRIBUTES = ("_backward_hooks",)
# What the storages of 1.0 do not tell but by their class.
_STORAGE_DTYPES = {
    "FloatStorage": "torch.float32",
    "DoubleStorage": "torch.float64",
    "LongStorage": "torch.int64",
    "ByteStorage": "torch.uint8",
}
# Which of these are the same one is part of what is loaded.
_SHARED = (list, set, bytearray, collections.abc.MutableMapping, collections.deque)


def is_of_suite(value):
    """Whether the value is an object of a class in this folder, no tensor and no enum.

    These alone are described by their attributes.
    """
    is_object = not isinstance(value, (torch.Tensor, enum.Enum, tuple, type))
    return is_object and type(value).__module__ == "serialization_classes"


def is_storage(value):
    """Whether the value is a storage, with or without a type."""
    name = type(value).__name__
    return name.endswith("Storage") and not isinstance(value, torch.Tensor)


class FileDescription(Description):
    """Describes all that the files of this folder hold."""

    def __init__(self):
        super().__init__()
        self._seen = {}

    def of(self, value):
        """The description of one part; of one that was met before, its number."""
        if isinstance(value, _SHARED) or is_of_suite(value):
            if id(value) in self._seen:
                return {"met as": self._seen[id(value)]}
            self._number(self._seen, id(value), value)
        if isinstance(value, collections.deque):
            return {"deque": [self.of(x) for x in value], "maxlen": value.maxlen}
        if isinstance(value, collections.defaultdict):
            return [super().of(value), self.of(value.default_factory)]
        if isinstance(value, enum.Enum):
            return {type(value).__name__: value.name}
        if isinstance(value, (np.ndarray, np.generic)):
            return self._of_array(value)
        if is_storage(value):
            return self._of_storage(value)
        return super().of(value)

    def of_other(self, value):
        """The description of what is neither tensor nor container."""
        if isinstance(value, _TOLD_BY_REPR):
            return {type(value).__name__: repr(value)}
        if isinstance(value, np.dtype):
            return {"dtype of numpy": str(value)}
        if isinstance(value, types.BuiltinFunctionType):
            # Without the class that torch has them in, which got another name.
            return {"named": value.__name__}
        if isinstance(value, torch.Generator):
            return {"Generator": [str(value.device), value.initial_seed()]}
        if is_of_suite(value):
            return {type(value).__name__: self.of(vars(value))}
        return super().of_other(value)

    def of_tensor(self, tensor):
        """The description of a tensor, with the attributes that users set."""
        if is_uninitialized(tensor):
            kind = {"class": type(tensor).__name__, "dtype": str(tensor.dtype)}
            return {**kind, "requires_grad": tensor.requires_grad}
        found = super().of_tensor(tensor)
        names = [name for name in tensor.__dict__ if name not in _OWN_ATTRIBUTES]
        if tensor._backward_hooks:
            found["hooks"] = len(tensor._backward_hooks)
        if names and found.get("layout") != "jagged":
            found["attributes"] = {n: self.of(getattr(tensor, n)) for n in names}
        return found

    def _of_array(self, value):
        found = np.asarray(value)
        # Not the name of a scalar's class: numpy gave some others.
        kind = {"array": isinstance(value, np.ndarray), "dtype": str(found.dtype)}
        kind["order"] = "C" if found.flags.c_contiguous else "F"
        return {**kind, "shape": list(found.shape), "items": found.tolist()}

    def _of_storage(self, storage):
        dtype = getattr(storage, "dtype", None)
        dtype = dtype or _STORAGE_DTYPES.get(type(storage).__name__, "untyped")
        return {
            "storage": self._number(self._storages, storage.data_ptr(), storage),
            "dtype": str(dtype),
            "items": [self.of(item) for item in storage.tolist()],
        }


def is_uninitialized(tensor):
    """Whether the tensor has no shape yet."""
    return re.match("Uninitialized", type(tensor).__name__) is not None


def described_file(value):
    """``value``, which a file holds, as data that ``save_expected`` can keep."""
    return FileDescription().of(value)
