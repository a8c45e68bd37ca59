"""Where releases differ in torch.export (Python 3.7, torch 1.0).

``torch.export`` came in 2.1.  What the tests say in one way is said to each release in
its own way here.
"""

import inspect
import logging
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch

from common_compat import import_first, reader_has
from common_values import copied

# The first release with torch.export.save and load.
SINCE = "2.1.0"

# None before 2.1; 2.0 has torch.export as a function's module without ``save``.
export = import_first("torch.export", having="save")
pytree = import_first("torch.utils._pytree")
if export:
    # The first export imports it, and it leaves a name in builtins: not within a test.
    import_first("triton")
_error = import_first("torch._export.error", having="InternalError")

# How a program refuses a call: releases differ in that, and it is not in the file.
REFUSALS = (AssertionError, LookupError, RuntimeError, TypeError, ValueError) + (
    (_error.InternalError,) if _error else ()
)


class Call:
    """The arguments of one call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def copy(self) -> "Call":
        """The same arguments, as tensors of their own."""
        return Call(*copied(self.args), **copied(self.kwargs))


@dataclass(frozen=True)
class Size:
    """A dimension that may differ from call to call, or ``scale * it + shift``."""

    name: str
    min: Optional[int] = None
    max: Optional[int] = None
    scale: int = 1
    shift: int = 0

    def plus(self, number: int) -> "Size":
        """The dimension that is larger by a number."""
        return replace(self, shift=self.shift + number)

    def times(self, number: int) -> "Size":
        """The dimension that is a multiple of this one."""
        return replace(self, scale=self.scale * number, shift=self.shift * number)


def hint(name: str) -> Any:
    """``Dim.AUTO`` or ``Dim.DYNAMIC``, which came in 2.6; None before."""
    return getattr(export.Dim, name) if reader_has("2.6.0") else None


def exported(
    module: torch.nn.Module, example: Call, sizes: Any = None, **options: Any
) -> Any:
    """What ``torch.export.export`` makes of the module.

    ``sizes`` are the dynamic dimensions, by argument name and index, as ``Size``
    or what else this release takes there.
    """
    example = example.copy()
    if sizes is not None:
        options.update(_dynamic(module, example, sizes))
    return export.export(module, example.args, example.kwargs or None, **options)


def _dynamic(module: torch.nn.Module, example: Call, sizes: Dict) -> Dict[str, Any]:
    if reader_has("2.2.0"):
        return {"dynamic_shapes": _with_dims(sizes, {})}
    names = inspect.signature(module.forward).parameters
    arguments = {**dict(zip(names, example.args)), **example.kwargs}
    constraints, first = [], {}
    for name, dimensions in sizes.items():
        for index, size in dimensions.items():
            dim = export.dynamic_dim(arguments[name], index)
            if size in first:
                constraints.append(dim == first[size])
                continue
            first[size] = dim
            constraints.append(dim >= (size.min or 2))
            constraints += [dim <= size.max] if size.max else []
    return {"constraints": constraints}


def _with_dims(sizes: Any, dims: Dict[Size, Any]) -> Any:
    """``sizes`` with each Size as ``torch.export.Dim``, which came in 2.2.

    ``dims`` has those that were made: a dimension that occurs twice must be one.
    """
    if isinstance(sizes, Size):
        root = replace(sizes, scale=1, shift=0)
        if root not in dims:
            dims[root] = export.Dim(root.name, min=root.min, max=root.max)
        dim = dims[root]
        dim = dim if sizes.scale == 1 else sizes.scale * dim
        return dim if sizes.shift == 0 else dim + sizes.shift
    if isinstance(sizes, dict):
        return {key: _with_dims(entry, dims) for key, entry in sizes.items()}
    if isinstance(sizes, (list, tuple)):
        return type(sizes)(_with_dims(entry, dims) for entry in sizes)
    return sizes


def without_traces(program: Any) -> Any:
    """The program, without the lines of source that each node came from.

    They would make a golden depend on the folder that wrote it, and larger.
    """
    for module in program.graph_module.modules():
        for node in getattr(module, "graph", torch.fx.Graph()).nodes:
            node.meta.pop("stack_trace", None)
    return program


def save_program(program: Any, into: Any, **options: Any) -> None:
    """``torch.export.save``, without the traces of nodes."""
    export.save(without_traces(program), into, **options)


def load_program(source: Any, **options: Any) -> Any:
    """``torch.export.load``; what it logs instead of raising is an error's cause."""
    with _logged_errors() as logged:
        try:
            return export.load(source, **options)
        except Exception as error:
            if logged and error.__cause__ is None:
                raise error from logged[-1]
            raise


@contextmanager
def _logged_errors() -> Iterator[List[BaseException]]:
    """Keep torch.export from logging; the errors that it would have logged.

    Since 2.8 it logs a traceback for each file of an older format, and then loads it.
    """
    log, logged = logging.getLogger("torch.export"), []

    def hold(record: logging.LogRecord) -> bool:
        if record.exc_info:
            logged.append(record.exc_info[1])
        return False

    log.addFilter(hold)
    try:
        yield logged
    finally:
        log.removeFilter(hold)


class Runner:
    """Runs a program, and tells of the state that runs change."""

    def __init__(self, program: Any) -> None:
        self.program = program
        # In 2.1 the program itself is called.
        self.module = program.module() if reader_has("2.2.0") else program

    def run(self, call: Call) -> Any:
        """The results of one call."""
        return self.module(*call.args, **call.kwargs)

    def state(self) -> Dict[str, Any]:
        """Parameters and buffers, those that are not saved included, by name."""
        if not reader_has("2.2.0"):
            return dict(self.program.state_dict)
        named = OrderedDict(self.module.named_parameters(remove_duplicate=False))
        named.update(self.module.named_buffers(remove_duplicate=False))
        return dict(sorted(named.items()))


def range_bounds(range_constraint: Any) -> Tuple[Any, Any]:
    """Lower and upper bound, a number or the text of an infinite one."""
    # In 2.1 a class of its own.
    names = ("lower", "upper") if hasattr(range_constraint, "lower") else (
        "min_val", "max_val"
    )  # fmt: skip
    return tuple(_bound(getattr(range_constraint, name)) for name in names)


def _bound(value: Any) -> Any:
    # sympy has one infinity, torch since 2.4 another for integers.
    text = str(value)
    if "oo" in text or "inf" in text:
        return "-inf" if text.startswith("-") else "inf"
    return int(value)


def flattened_size(spec: Any) -> int:
    """How many leaves a tree specification has."""
    return spec.num_leaves


def register_dataclass(kind: type, name: str) -> None:
    """Let programs take and give instances of a dataclass, ``name`` in files."""
    if not reader_has("2.3.0"):
        return
    export.register_dataclass(kind, serialized_type_name=name)
    if not reader_has("2.7.0"):
        # The call of a program asks for this one, too.
        names = [field.name for field in fields(kind)]
        import_first("torch.fx._pytree").register_pytree_flatten_spec(
            kind, lambda value, spec: [getattr(value, name) for name in names]
        )


def register_namedtuple(kind: type, name: str) -> None:
    """Give a named tuple the name that it has in files."""
    if hasattr(pytree, "_register_namedtuple"):
        pytree._register_namedtuple(kind, serialized_type_name=name)


def registered_fields(value: Any) -> Optional[Dict[str, Any]]:
    """The fields of a dataclass, or None for what is none."""
    if not is_dataclass(value) or isinstance(value, type):
        return None
    return {field.name: getattr(value, field.name) for field in fields(value)}
