"""Expected values, kept outside the formats under test (torch 1.0, Python 3.7).

A value (tensors, numbers, strings and containers of them) is described by a tree
of plain data, with the elements of each tensor in a numpy array; the tree, as
JSON, and the arrays go into one ``.npz``.  Comparing is comparing descriptions:
kind, dtype, shape, quantization parameters and every bit of every element,
unless the caller gives a Tolerance, which carries its reason.
"""

import functools
import json
import os
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import torch

_TREE = "tree"
_PLAIN = (str, bool, int, float, type(None))
# numpy lacks this one; float32 holds each of its values exactly.
_WIDENED = ("torch.bfloat16",)
# What else is not here is kept as bytes.
_OF_NUMPY = frozenset(
    f"torch.{name}"
    for name in (
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32",
        "int64", "float16", "float32", "float64", "complex64", "complex128",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Tolerance:
    """How far elements may be off, and why that is no fault.

    ``abs(found - expected) <= atol + rtol * abs(expected)``; for a quantized
    tensor the unit is one step of its integer representation.
    """

    atol: float
    rtol: float
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a tolerance needs its reason: op, dtype, engine or CPU")


def save_expected(path: str, value: Any) -> None:
    """Write ``value`` to ``path`` (``.npz``)."""
    arrays: Dict[str, np.ndarray] = {}
    tree = _describe(value, arrays)
    # As bytes: numpy keeps four for each character of a string.
    arrays[_TREE] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def load_expected(path: str, part: str) -> torch.Tensor:
    """The tensor that stands under the key ``part`` of what was written to ``path``.

    An input that is taken from here does not depend on the format under test.
    """
    tree, arrays = _load(path)
    tree = dict(tree["dict"])[part]
    # A copy: the caller may change what it gets.
    elements = torch.from_numpy(arrays[tree["elements"]].copy())
    quantization = tree.get("quantization")
    if quantization is None:
        return elements.to(_dtype(tree["dtype"]))
    return torch._make_per_tensor_quantized_tensor(
        elements, quantization["scale"], quantization["zero_point"]
    )


def load_plain(path: str, part: str) -> Any:
    """The plain data (no tensor, no set) under the key ``part`` of what was written."""
    return _undescribed(dict(_load(path)[0]["dict"])[part])


def _undescribed(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_undescribed(item) for item in tree]
    if _is_dict(tree):
        return {key: _undescribed(value) for key, value in tree["dict"]}
    return tree


def _dtype(name: str) -> torch.dtype:
    return getattr(torch, name.partition(".")[2])


def _load(path: str) -> Tuple[Any, Dict[str, np.ndarray]]:
    status = os.stat(path)
    return _load_version(path, (status.st_mtime_ns, status.st_size))


# The cells of one golden follow each other, and each of them asks for it.
@functools.lru_cache(maxsize=32)
def _load_version(path: str, _version: Tuple) -> Tuple[Any, Dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return json.loads(arrays[_TREE].tobytes().decode()), arrays


def find_differences(
    path: str,
    value: Any,
    tolerance: Optional[Tolerance] = None,
    part: Optional[str] = None,
) -> List[str]:
    """How ``value`` differs from what ``save_expected`` wrote to ``path``.

    With ``part``, from what stands under that key of the dict that was written.
    One line a difference, naming the place in the value; empty if it agrees.
    """
    expected, expected_arrays = _load(path)
    if part is not None:
        expected = dict(expected["dict"])[part]
    arrays: Dict[str, np.ndarray] = {}
    # Through JSON, as the stored tree went: tuples and lists become one.
    found = json.loads(json.dumps(_describe(value, arrays)))
    return list(
        _differences(
            part or "value", expected, expected_arrays, found, arrays, tolerance
        )
    )


def _describe(value: Any, arrays: Dict[str, np.ndarray]) -> Any:
    """The tree of ``value``; puts the elements of its tensors into ``arrays``."""
    if isinstance(value, torch.Tensor):
        return _describe_tensor(value, arrays)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple, torch.Size)):
        return [_describe(item, arrays) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(_describe(item, arrays) for item in value)}
    if isinstance(value, dict):
        # A list of pairs: order is part of the value, keys need not be strings.
        return {"dict": [[_describe(k, arrays), _describe(v, arrays)]
                         for k, v in value.items()]}  # fmt: skip
    if isinstance(value, torch.dtype):
        return {"dtype": str(value)}
    raise TypeError(
        f"no description for {type(value).__name__}; add one to common_expected.py"
    )


def _describe_tensor(tensor: torch.Tensor, arrays: Dict[str, np.ndarray]) -> dict:
    tensor = tensor.detach()
    tree = {"dtype": str(tensor.dtype), "shape": list(tensor.shape)}
    if getattr(tensor, "is_quantized", False):
        tree["quantization"] = _describe_quantization(tensor, arrays)
        tensor = tensor.int_repr()
    tree["elements"] = _add_array(_to_array(tensor), arrays)
    return tree


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    """The elements, each bit of them, in the tensor's shape where numpy has its dtype.

    Of a dtype that numpy lacks these are bytes, in an array of one dimension.
    """
    for resolve in ("resolve_conj", "resolve_neg"):
        tensor = getattr(tensor, resolve, lambda tensor=tensor: tensor)()
    tensor = tensor.cpu().contiguous()
    if str(tensor.dtype) in _WIDENED:
        return tensor.float().numpy()
    if str(tensor.dtype) not in _OF_NUMPY:
        return tensor.reshape(-1).view(torch.uint8).numpy()
    if tensor.dtype == torch.int8:
        # Of this one torch 1.0 makes no array.
        return tensor.short().numpy().astype(np.int8)
    return tensor.numpy()


def _describe_quantization(tensor: torch.Tensor, arrays: Dict[str, np.ndarray]) -> dict:
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return {"scale": tensor.q_scale(), "zero_point": tensor.q_zero_point()}
    return {
        "axis": tensor.q_per_channel_axis(),
        "scales": _describe_tensor(tensor.q_per_channel_scales(), arrays),
        "zero_points": _describe_tensor(tensor.q_per_channel_zero_points(), arrays),
    }


def _add_array(array: np.ndarray, arrays: Dict[str, np.ndarray]) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = np.array(array)
    return name


def _differences(
    place: str,
    expected: Any,
    expected_arrays: Dict[str, np.ndarray],
    found: Any,
    arrays: Dict[str, np.ndarray],
    tolerance: Optional[Tolerance],
) -> Iterator[str]:
    """Lines naming where two descriptions differ."""
    if _is_tensor(expected) and _is_tensor(found):
        for key in ("dtype", "shape"):
            if expected[key] != found[key]:
                yield f"{place}: {key} {found[key]}, expected {expected[key]}"
                return
        pairs: List[Tuple[str, Any, Any]] = [
            (f"{place}.{key}", (expected.get("quantization") or {}).get(key),
             (found.get("quantization") or {}).get(key))
            for key in sorted({*(expected.get("quantization") or {}),
                               *(found.get("quantization") or {})})
        ]  # fmt: skip
        for inner, left, right in pairs:
            # Quantization parameters are stored, not computed: always exact.
            yield from _differences(inner, left, expected_arrays, right, arrays, None)
        yield from _element_differences(
            place, expected_arrays[expected["elements"]], arrays[found["elements"]],
            tolerance,
        )  # fmt: skip
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place}: {len(found)} items, expected {len(expected)}"
            return
        for index, (left, right) in enumerate(zip(expected, found)):
            yield from _differences(
                f"{place}[{index}]", left, expected_arrays, right, arrays, tolerance
            )
    elif _is_dict(expected) and _is_dict(found):
        keys, found_keys = ([k for k, _ in tree["dict"]] for tree in (expected, found))
        if keys != found_keys:
            yield f"{place}: keys {found_keys}, expected {keys}"
            return
        for (key, left), (_, right) in zip(expected["dict"], found["dict"]):
            yield from _differences(
                f"{place}[{key!r}]", left, expected_arrays, right, arrays, tolerance
            )
    elif repr(expected) != repr(found):
        # repr tells 1 from 1.0 and from True, and a NaN equals itself.
        yield f"{place}: {found!r}, expected {expected!r}"


def _element_differences(
    place: str,
    expected: np.ndarray,
    found: np.ndarray,
    tolerance: Optional[Tolerance],
) -> Iterator[str]:
    if expected.dtype == found.dtype and expected.tobytes() == found.tobytes():
        return
    if tolerance is None:
        wrong = np.array(
            [a.tobytes() != b.tobytes() for a, b in zip(expected.flat, found.flat)]
        ).reshape(expected.shape)
    else:
        wide, found_wide = (
            a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
            for a in (expected, found)
        )
        wrong = ~np.isclose(
            found_wide, wide, tolerance.rtol, tolerance.atol, equal_nan=True
        )
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        yield (
            f"{place}: {int(wrong.sum())} of {wrong.size} elements differ, first at "
            # As Python's own numbers: numpy prints its kinds in two ways.
            f"{list(first)}: {found[first].item()!r}, "
            f"expected {expected[first].item()!r}"
        )


def _is_tensor(tree: Any) -> bool:
    return isinstance(tree, dict) and "elements" in tree


def _is_dict(tree: Any) -> bool:
    return isinstance(tree, dict) and "dict" in tree
