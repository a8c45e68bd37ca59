"""Objects as plain data in which nothing of a tensor is left out.

What ``described`` gives is kept and compared by common_expected.py.  It tells of each
tensor its class, dtype, shape, strides, device, whether it requires a gradient, which
tensors of the object share a storage or are one, and each element; of containers their
kind, keys and order.  Runs on Python 3.7 with torch 1.0.
"""

import collections.abc
import types
from typing import Any, Dict, List, Tuple

import torch

_PLAIN = (str, bool, int, float, type(None))
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    type,
)
# Of torch's own constants the text is the same in each release.
_NAMED = tuple(
    getattr(torch, name)
    for name in ("dtype", "device", "layout", "memory_format", "qscheme")
    if hasattr(torch, name)
)

# How many of their elements an opaque or a nested tensor has, only its parts tell.
_COMPRESSED_ROWS = ("shape", "crow_indices", "col_indices", "values")
_COMPRESSED_COLUMNS = ("shape", "ccol_indices", "row_indices", "values")
# By layout, the methods and attributes that together are the tensor.
_PARTS = {
    "sparse_coo": ("shape", "sparse_dim", "is_coalesced", "_indices", "_values"),
    "sparse_csr": _COMPRESSED_ROWS,
    "sparse_bsr": _COMPRESSED_ROWS,
    "sparse_csc": _COMPRESSED_COLUMNS,
    "sparse_bsc": _COMPRESSED_COLUMNS,
    "nested": (
        "values",
        "_nested_tensor_size",
        "_nested_tensor_strides",
        "_nested_tensor_storage_offsets",
    ),
    "jagged": ("ndim", "values", "offsets", "lengths", "_ragged_idx"),
}


def described(value: Any) -> Any:
    """``value`` as data that ``save_expected`` can keep.

    Raises TypeError, with its name, for a class of which it does not know what matters.
    """
    return Description().of(value)


class Description:
    """Describes the parts of one object; a subclass may know more classes.

    Storages and tensors are numbered as they are met, so that parts which share one
    have the same number.
    """

    def __init__(self) -> None:
        self._storages: Dict[int, int] = {}
        self._tensors: Dict[int, int] = {}
        # What is numbered by its address must not be freed meanwhile.
        self._held: List[Any] = []

    def of(self, value: Any) -> Any:
        """The description of one part."""
        if isinstance(value, torch.Tensor):
            return self.of_tensor(value)
        if isinstance(value, torch.Size):
            return {"Size": list(value)}
        if isinstance(value, (list, tuple)):
            return {type(value).__name__: [self.of(item) for item in value]}
        if isinstance(value, collections.abc.Mapping):
            items = [[self.of(key), self.of(entry)] for key, entry in value.items()]
            return {type(value).__name__: items}
        if isinstance(value, (set, frozenset)):
            return {type(value).__name__: sorted(map(repr, value))}
        return self.of_other(value)

    def of_other(self, value: Any) -> Any:
        """The description of what is neither tensor nor container."""
        if isinstance(value, (bytes, complex)):
            return {type(value).__name__: repr(value)}
        if type(value) in _PLAIN:
            return value
        if isinstance(value, _NAMED):
            return {type(value).__name__: str(value)}
        if isinstance(value, _FUNCTIONS):
            # Without its module: torch moves things, and old names lead there.
            return {"named": value.__qualname__}
        raise TypeError(f"no description for {type(value).__name__}")

    def of_tensor(self, tensor: torch.Tensor) -> Dict[str, Any]:
        """The description of a tensor, whatever its layout."""
        common = {
            "class": type(tensor).__name__,
            "number": self._number(self._tensors, id(tensor), tensor),
            "requires_grad": tensor.requires_grad,
            "device": str(tensor.device),
        }
        parts = _PARTS.get(_layout(tensor))
        if parts:
            return {**common, "layout": _layout(tensor), **self._parts(tensor, parts)}
        if tensor.device.type == "meta":
            # These have no elements.
            kind = {"dtype": str(tensor.dtype), "shape": list(tensor.shape)}
            return {**common, "strides": list(tensor.stride()), **kind}
        return {
            **common,
            "strides": list(tensor.stride()),
            "storage": self._storage(tensor),
            "elements": tensor.detach(),
            **_lazy_operations(tensor),
        }

    def _parts(self, tensor: torch.Tensor, parts: Tuple[str, ...]) -> Dict[str, Any]:
        """A tensor that consists of others."""
        found: Dict[str, Any] = {"dtype": str(tensor.dtype)}
        tensor = tensor.detach()
        for name in parts:
            part = getattr(tensor, name)
            found[name] = self.of(part() if callable(part) else part)
        if found.get("is_coalesced") is False and tensor._nnz() < 2:
            # It is, by definition; releases before 2.1 do not say so.
            found["is_coalesced"] = True
        return found

    def _storage(self, tensor: torch.Tensor) -> Any:
        """Which storage holds the elements, and from which element on."""
        # Since 2.0 without a type.
        get = getattr(tensor, "untyped_storage", tensor.storage)
        storage = get()
        address = storage.data_ptr()
        if not address or not storage.size():
            # Of no elements the address means nothing.
            return None
        return [self._number(self._storages, address, tensor), tensor.storage_offset()]

    def _number(self, numbers: Dict[int, int], address: int, held: Any) -> int:
        self._held.append(held)
        return numbers.setdefault(address, len(numbers))


def _layout(tensor: torch.Tensor) -> str:
    """The layout's name; ``nested`` is that of nested tensors which are strided."""
    layout = str(tensor.layout).partition(".")[2]
    if layout == "strided" and getattr(tensor, "is_nested", False):
        return "nested"
    return layout


def _lazy_operations(tensor: torch.Tensor) -> Dict[str, bool]:
    """Which operations the tensor's elements are still to be read through."""
    checks = ("is_conj", "is_neg")
    return {name: True for name in checks if getattr(tensor, name, _never)()}


def _never() -> bool:
    return False
