"""Modules of torch.nn, their states and their results as plain data.

Runs on Python 3.7 with torch 1.0.
"""

from typing import Any, Dict, List, Optional

import torch

from common_objects import Description
from nn_rows import is_uninitialized

# By path of the submodule, the names of the attributes that are compared.
Names = Dict[str, List[str]]
# Told by keys of their own.
_OWN = {"training", "_parameters", "_buffers", "_modules"}
# Pickled as a call of a function that exists for old files only and gives None: no
# module has used it since 1.5.
_UNUSED = {"_backend"}
# Weak references, which each release makes anew and none saves.
_UNSAVED = {"_flat_weight_refs"}
# What is told of objects with weak references, or with what later releases add.
_FIELDS = {"RemovableHandle": (), "_WrappedHook": ("hook", "with_module")}


def attribute_names(module: torch.nn.Module) -> Names:
    """The names of the Python attributes of a module and of those in it."""
    return {
        path: sorted(set(vars(part)) - _OWN - _UNUSED - _UNSAVED)
        for path, part in module.named_modules()
    }


def describe_structure(module: torch.nn.Module, names: Optional[Names] = None) -> Any:
    """Classes, modes, attributes, parameters and buffers; sharing is told.

    Only attributes of these ``names`` are told, by default all.
    """
    return ModuleDescription().of_module(module, "", names or attribute_names(module))


def describe_state(state: Dict[str, torch.Tensor]) -> Any:
    """The keys and tensors of a state, in their order."""
    return ModuleDescription().of(state)


def describe_metadata(state: Dict[str, torch.Tensor]) -> Any:
    """The versions of the modules that a state came from."""
    return ModuleDescription().of(dict(getattr(state, "_metadata", {"": "lost"})))


class ModuleDescription(Description):
    """Knows modules, and objects that modules hold; elements are plain numbers.

    As numbers they need no array each, of 250 bytes, in the file of what is expected.
    """

    def __init__(self) -> None:
        super().__init__()
        self._modules: Dict[int, int] = {}

    def of_module(self, module: torch.nn.Module, path: str, names: Names) -> Any:
        """The description of a module; one that comes twice is told once."""
        if id(module) in self._modules:
            return {"same module": self._modules[id(module)]}
        self._modules[id(module)] = len(self._modules)
        attributes = {
            name: self._attribute(getattr(module, name, "lost"))
            for name in names.get(path, [])
        }
        prefix = f"{path}." if path else ""
        return {
            "class": type(module).__name__,
            "training": module.training,
            "parameters": self._pairs(module._parameters),
            "buffers": self._pairs(module._buffers),
            "attributes": attributes,
            "modules": [
                [name, self._part(part, prefix + name, names)]
                for name, part in module._modules.items()
            ],
        }

    def of_other(self, value: Any) -> Any:
        """The description of a hook or of another object that a module holds."""
        if isinstance(value, torch.nn.Module):
            return {"module": self._modules.get(id(value), type(value).__name__)}
        kind = type(value).__name__
        is_object = hasattr(value, "__dict__") and not hasattr(value, "__qualname__")
        if kind not in _FIELDS and not is_object:
            return super().of_other(value)
        has = [
            [name, self.of(getattr(value, name, "lost"))]
            for name in _FIELDS.get(kind, sorted(vars(value)))
        ]
        return {"object": kind, "has": has}

    def of_tensor(self, tensor: torch.Tensor) -> Dict[str, Any]:
        """The description of a tensor, its elements as a list."""
        if is_uninitialized(tensor):
            return {
                "class": type(tensor).__name__,
                "dtype": str(tensor.dtype),
                "device": str(tensor.device),
                "requires_grad": tensor.requires_grad,
            }
        told = super().of_tensor(tensor)
        told["dtype"] = str(tensor.dtype)
        told["shape"] = list(tensor.shape)
        told["elements"] = tensor.detach().tolist()
        return told

    def _pairs(self, items: Dict[str, Any]) -> List:
        return [[name, self.of(item)] for name, item in items.items()]

    def _part(self, module: Optional[torch.nn.Module], path: str, names: Names) -> Any:
        return None if module is None else self.of_module(module, path, names)

    def _attribute(self, value: Any) -> Any:
        if type(value).__name__ == "OrderedDict":
            # Of hooks: their keys count the hooks of a process.
            return [self.of(entry) for entry in value.values()]
        return self.of(value)


def describe_result(result: Any, exact: bool) -> Any:
    """The form of a result, and the elements of its tensors in a row.

    One array a dtype, or plain numbers where they are ``exact``, for the sake of the
    size of the files.
    """
    elements: Dict[torch.dtype, List[torch.Tensor]] = {}
    form = _form(result, elements)
    rows = [torch.cat(some) for some in elements.values()]
    return {"form": form, "elements": [x.tolist() for x in rows] if exact else rows}


def _form(value: Any, elements: Dict) -> Any:
    if isinstance(value, torch.Tensor):
        flat = value.detach().contiguous().reshape(-1)
        elements.setdefault(value.dtype, []).append(flat)
        return [str(value.dtype), list(value.shape)]
    if isinstance(value, (list, tuple)):
        # Named tuples have been renamed, which is no matter of files.
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_form(item, elements) for item in value]}
    return value


def describe_gradients(
    module: torch.nn.Module, result: Any, inputs: Dict[str, torch.Tensor], exact: bool
) -> Any:
    """The gradients of the sum of a result by parameters and by ``inputs``."""
    total = _sum(result)
    if isinstance(total, torch.Tensor):
        total.backward()
    leaves = {**dict(module.named_parameters()), **inputs}
    gradients = [
        [name, "none" if x.grad is None else x.grad] for name, x in leaves.items()
    ]
    return describe_result(gradients, exact)


def _sum(value: Any) -> Any:
    """A sum of all floating elements, each with a weight of its own."""
    if isinstance(value, torch.Tensor):
        if not value.requires_grad:
            return 0
        weights = torch.arange(value.numel(), dtype=value.dtype) % 4 + 1
        return (value.reshape(-1) * weights).sum()
    if isinstance(value, (list, tuple)):
        return sum(_sum(item) for item in value)
    return 0
