"""What is compared of a GraphModule: code, nodes, names, state, numbers, gradients.

All as plain data that common_expected.py keeps.  Imported by any torch.
"""

import builtins
import math
import operator
import types

import torch

from common_compat import import_first
from common_values import copied, plain

fx = import_first("torch.fx")  # None before 1.8

# Where a function is looked for, so that it is told by the place that users know:
# what it says of itself differs among releases (torch._C._nn, torch._ops).
_NAMESPACES = (builtins, operator, math, torch, torch.nn.functional)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type)


def told(value, names):
    """An argument or a target as text; ``names`` has what each Node is called."""
    if isinstance(value, fx.Node):
        return names[value]
    if isinstance(value, dict):
        items = [f"{told(k, names)}: {told(v, names)}" for k, v in value.items()]
        return "{{{}}}".format(", ".join(items))
    if isinstance(value, (list, tuple)):
        items = ", ".join(told(item, names) for item in value)
        if hasattr(value, "_fields"):
            return f"{type(value).__name__}({items})"
        return f"[{items}]" if isinstance(value, list) else f"({items},)"
    if isinstance(value, slice):
        items = told((value.start, value.stop, value.step), names)
        return f"slice{items}"
    if isinstance(value, _FUNCTIONS):
        return _function_name(value)
    return repr(value) if _is_plain(value) else str(value)


def _is_plain(value):
    return isinstance(value, (str, int, float, complex, type(None), type(...)))


def _function_name(function):
    name = function.__name__
    for namespace in _NAMESPACES:
        if getattr(namespace, name, None) is function:
            return f"{namespace.__name__}.{name}"
    return f"{function.__module__}.{name}"


def describe_nodes(module):
    """Each node: what it does, of what, with which type if it is an argument.

    Nodes are numbered here, and their names told by ``describe_names``: a change of
    names shall not hide another.
    """
    names, nodes = {}, []
    for node in module.graph.nodes:
        names[node] = f"%{len(names)}"
    for node in module.graph.nodes:
        target = node.target if isinstance(node.target, str) else None
        parts = [node.op, target or told(node.target, names)]
        parts += [told(node.args, names), told(dict(node.kwargs), names)]
        if node.op in ("placeholder", "output"):
            # The pickle keeps the annotations of the signature, no others.
            parts.append(type_name(node.type))
        nodes.append(parts)
    return nodes


def type_name(annotation):
    """An annotation as text, the same for ``List`` of any Python."""
    if isinstance(annotation, type) and not getattr(annotation, "__args__", ()):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def describe_names(module):
    """The names of the nodes."""
    return [node.name for node in module.graph.nodes]


def describe_state(module):
    """Mode, parameters, buffers and submodules."""
    return {
        "training": {name: part.training for name, part in _parts(module)},
        "parameters": {
            name: {"value": parameter, "requires_grad": parameter.requires_grad}
            for name, parameter in sorted(module.named_parameters())
        },
        "buffers": dict(sorted(module.named_buffers())),
        "saved": sorted(module.state_dict()),
        "modules": {name: _kind(part) for name, part in _parts(module)},
    }


def _parts(module):
    return sorted(module.named_modules(), key=lambda item: item[0])


def _kind(module):
    # Each GraphModule has a class of its own, whose name torch.save does not keep.
    if isinstance(module, fx.GraphModule):
        return "GraphModule"
    return type(module).__name__


def describe_numbers(module, calls):
    """Of each call the results, and its arguments after it."""
    return [_run(module, call) for call in calls]


def _run(module, call):
    args, kwargs = _arguments(call)
    try:
        result = module(*args, **kwargs)
    except AssertionError as error:
        # What a model that asserts does with an argument that it refuses.
        result = f"AssertionError: {error}"
    return {"result": plain(result), "arguments": plain((args, kwargs))}


class Named(dict):
    """The arguments that a call gives by name; the last item of its tuple."""


def _arguments(call):
    """Positional and keyword arguments of a call, copied."""
    if call and isinstance(call[-1], Named):
        return copied(call[:-1]), copied(call[-1])
    return copied(call), {}


def describe_gradients(module, calls):
    """Of each call the gradients of parameters and arguments."""
    return [_gradients(module, call) for call in calls]


def _gradients(module, call):
    args, kwargs = _arguments(call)
    inputs = [x.requires_grad_() for x in args if torch.is_tensor(x)]
    module.zero_grad()
    result = module(*args, **kwargs)
    (result * result).sum().backward()
    parameters = dict(sorted(module.named_parameters()))
    return {
        "inputs": [x.grad for x in inputs],
        "parameters": {name: p.grad.clone() for name, p in parameters.items()},
    }
