"""Values for models, and copies of values (Python 3.7, torch 1.0).

Numbers are small integers and fractions of powers of two: their sums and products are
exact in whatever order a kernel makes them, so that results are the same on any CPU.
"""

from typing import Any, Callable

import torch


def numbers(*shape: int) -> torch.Tensor:
    """A float tensor of small integers: 0, 1, 2 and so on, less 3."""
    count = 1
    for size in shape:
        count *= size
    return torch.arange(count).float().reshape(shape) - 3


def with_numbers(module: torch.nn.Module) -> torch.nn.Module:
    """The module, with small fractions as parameters."""
    with torch.no_grad():
        for parameter in module.parameters():
            values = torch.arange(parameter.numel()) % 5 - 2
            parameter.copy_(values.reshape(parameter.shape).float() / 4)
    return module


def copied(value: Any) -> Any:
    """A copy that shares no container and no tensor with the value."""
    return converted(
        value, lambda x: x.detach().clone().requires_grad_(x.requires_grad)
    )


def converted(value: Any, convert: Callable[[torch.Tensor], Any]) -> Any:
    """The value with each tensor in its lists, tuples and dicts replaced."""
    if isinstance(value, torch.Tensor):
        return convert(value)
    if isinstance(value, dict):
        return {key: converted(entry, convert) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        items = [converted(item, convert) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def plain(value: Any) -> Any:
    """A result as data that tells the types of containers, too."""
    if value is None or isinstance(value, (torch.Tensor, str, int, float)):
        return value
    if isinstance(value, dict):
        # torch.fx has dicts and lists of its own, which cannot be changed.
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        kind = type(value).__name__.replace("immutable_", "")
        return {kind: [plain(item) for item in value]}
    return repr(value)
