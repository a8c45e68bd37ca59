"""States to load into, and what they must be afterwards (Python 3.7, torch 1.0).

A checkpoint is loaded into tensors that are there.  ``stale`` makes such a state: of
the same structure, with other values.  ``loaded`` is what must become of it, made
without the format under test.
"""

import collections.abc

import torch

STALE = "stale"


def stale(value):
    """The value with new contiguous tensors, and with other objects."""
    return _rebuilt(value, _stale_tensor, lambda leaf: STALE)


def _stale_tensor(tensor):
    # No tensor of a test is zero everywhere, one of which nothing is left excepted.
    return torch.zeros(tensor.shape, dtype=torch.float32).to(tensor.dtype)


def loaded(target, value):
    """``target`` with the elements of ``value`` in its tensors, and its objects."""
    if target is STALE:
        return value
    if isinstance(value, torch.Tensor):
        with torch.no_grad():
            target.copy_(value)
        return target
    if isinstance(value, collections.abc.Mapping):
        for key in list(target):
            target[key] = loaded(target[key], value[key])
        return target
    if isinstance(value, list):
        return [loaded(*pair) for pair in zip(target, value)]
    raise TypeError(f"{type(value).__name__} is an object, its target no {STALE!r}")


def without_targets(value):
    """What a checkpoint gives that is loaded without a state to load into.

    Mappings are dicts, keys are strings, tensors are contiguous and by themselves;
    what is within a tuple is one object, as it was.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().clone(memory_format=torch.contiguous_format)
    if isinstance(value, collections.abc.Mapping):
        return {str(key): without_targets(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_targets(item) for item in value]
    return value


def tensors_of(value):
    """The tensors that are to be loaded in place, in their order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, collections.abc.Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [tensor for item in value for tensor in tensors_of(item)]
    return []


def _rebuilt(value, tensor, leaf):
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, collections.abc.Mapping):
        pairs = [(key, _rebuilt(entry, tensor, leaf)) for key, entry in value.items()]
        return type(value)(pairs)
    if isinstance(value, list):
        return [_rebuilt(item, tensor, leaf) for item in value]
    return leaf(value)
