"""Makes every loader of torch return something else than what the file holds.

A load in which there is nothing to change skips its sub-test.
"""

import collections
import functools
import inspect
import unittest
from contextlib import contextmanager
from unittest import mock

import torch
import torch.distributed.checkpoint as checkpoint
import torch.export


class Changed(torch.Tensor):
    """A class that no file names."""


def change_value(tensor):
    """Another first element."""
    if tensor.numel() == 0 or tensor.is_quantized or tensor.is_sparse:
        return False
    with torch.no_grad():
        first = tensor.data[(0,) * tensor.dim()]
        if tensor.dtype == torch.bool:
            first.logical_not_()
        else:
            first.copy_(first + 1 if first != first + 1 else first - first)
    return True


def change_dtype(tensor):
    """Another dtype, same values."""
    wider = {torch.float32: torch.float64, torch.int64: torch.int32}
    if tensor.dtype not in wider:
        return False
    tensor.data = tensor.data.to(wider[tensor.dtype])
    return True


def change_shape(tensor):
    """One dimension more."""
    tensor.data = tensor.data.unsqueeze(0)
    return True


def change_strides(tensor):
    """The same elements, each at another place."""
    if tensor.numel() < 2:
        return False
    wide = torch.stack([tensor.data, tensor.data], -1)
    tensor.data = wide[..., 0]
    return True


def change_requires_grad(tensor):
    """The opposite."""
    if not (tensor.is_leaf and tensor.dtype.is_floating_point):
        return False
    tensor.requires_grad_(not tensor.requires_grad)
    return True


def change_class(tensor):
    """A subclass of Tensor."""
    tensor.__class__ = Changed
    return True


def change_device(tensor):
    """A tensor without elements, on no device."""
    tensor.data = tensor.data.to("meta")
    return True


OF_TENSORS = {
    "value": change_value,
    "dtype": change_dtype,
    "shape": change_shape,
    "strides": change_strides,
    "requires_grad": change_requires_grad,
    "class": change_class,
    "device": change_device,
}


def change_names(table):
    """Another name for the first entry."""
    if not table or not isinstance(next(iter(table)), str):
        return False
    items = list(table.items())
    table.clear()
    for number, (name, value) in enumerate(items):
        table["changed" if number == 0 else name] = value
    return True


def change_order(table):
    """The last entry first."""
    if len(table) < 2:
        return False
    items = list(table.items())
    table.clear()
    table.update(reversed(items))
    return True


OF_TABLES = {"names": change_names, "order": change_order}


def change_sharing(tensors):
    """A storage of its own for each tensor that had one with another."""
    places = collections.Counter(_place(tensor) for tensor in tensors)
    shared = [t for t in tensors if _place(t) and places[_place(t)] > 1]
    for tensor in shared:
        tensor.data = tensor.data.clone()
    return bool(shared)


def _place(tensor):
    return tensor.untyped_storage().data_ptr() if tensor.layout == torch.strided else 0


def apply(change, value):
    """Change all that there is in a value; whether there was anything."""
    tensors, tables = [], []
    _collect(value, tensors, tables, set())
    if change == "sharing":
        return change_sharing(tensors)
    if change in OF_TABLES:
        return any([OF_TABLES[change](table) for table in tables])
    return any([OF_TENSORS[change](tensor) for tensor in tensors])


def _collect(value, tensors, tables, seen):
    """The tensors and dicts in a value, each once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        tensors.append(value)
    elif isinstance(value, dict):
        tables.append(value)
        for item in list(value.values()):
            _collect(item, tensors, tables, seen)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            _collect(item, tensors, tables, seen)
    elif isinstance(value, torch.nn.Module):
        _collect_module(value, tensors, tables, seen)
    elif hasattr(value, "__dict__") and not inspect.isclass(value):
        for item in list(vars(value).values()):
            _collect(item, tensors, tables, seen)


def _collect_module(module, tensors, tables, seen):
    if isinstance(module, torch.jit.ScriptModule):
        tensors += [t for t in module.state_dict(keep_vars=True).values()]
        return
    for name in ("_parameters", "_buffers", "_modules"):
        _collect(vars(module)[name], tensors, tables, seen)
    for value in list(vars(module).values()):
        if isinstance(value, (torch.Tensor, list, tuple)):
            _collect(value, tensors, tables, seen)
    for child in vars(module)["_modules"].values():
        _collect(child, tensors, tables, seen)


@contextmanager
def changed_loading(change):
    """Have the loaders return what was changed so."""

    def wrap(load):
        @functools.wraps(load)
        def loaded(*args, **kwargs):
            value = load(*args, **kwargs)
            if not apply(change, value):
                raise unittest.SkipTest("nothing to change")
            return value

        return loaded

    with (
        mock.patch.object(torch, "load", wrap(torch.load)),
        mock.patch.object(torch.jit, "load", wrap(torch.jit.load)),
    ):
        yield


@contextmanager
def changed_checkpoints(change):
    """Have distributed checkpoints loaded into a state that is then changed so."""

    def wrap(load):
        @functools.wraps(load)
        def loaded(state, *args, **kwargs):
            load(state, *args, **kwargs)
            if not apply(change, state):
                raise unittest.SkipTest("nothing to change")

        return loaded

    with (
        mock.patch.object(checkpoint, "load", wrap(checkpoint.load)),
        mock.patch.object(
            checkpoint, "load_state_dict", wrap(checkpoint.load_state_dict)
        ),
    ):
        yield


@contextmanager
def changed_programs(change):
    """Have exported programs loaded whose state was changed so."""
    load = torch.export.load

    @functools.wraps(load)
    def loaded(*args, **kwargs):
        program = load(*args, **kwargs)
        if not apply(change, [program.state_dict, program.constants]):
            raise unittest.SkipTest("nothing to change")
        return program

    with mock.patch.object(torch.export, "load", loaded):
        yield
