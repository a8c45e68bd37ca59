"""What is compared of an exported program, as data that common_expected.py keeps.

What each function gives has the same form under any release, and holds what the file
promises: nothing that a reader is free to choose.  Runs on Python 3.7 with torch 1.0.
"""

import operator
import re
from typing import Any, Dict, List

import torch

from common_objects import Description
from export_compat import (
    REFUSALS,
    Call,
    Runner,
    flattened_size,
    pytree,
    range_bounds,
    reader_has,
    registered_fields,
)


class ProgramDescription(Description):
    """Knows the dataclasses of the models, and keeps elements as text.

    A golden has many small tensors, and an array of its own for each would make it
    several times as large.  The text of a number is exact; where there is a NaN the
    bits are told.  What may have a tolerance is kept as arrays.
    """

    def __init__(self, exact: bool = True) -> None:
        super().__init__()
        self.exact = exact

    def of_other(self, value: Any) -> Any:
        fields = registered_fields(value)
        if fields is None:
            return super().of_other(value)
        return {type(value).__name__: [[k, self.of(v)] for k, v in fields.items()]}

    def of_tensor(self, tensor: torch.Tensor) -> Dict[str, Any]:
        told = super().of_tensor(tensor)
        told.update(dtype=str(tensor.dtype), shape=list(tensor.shape))
        elements = told["elements"]
        if str(tensor.dtype).startswith("torch.float8"):
            # numpy has none of them.
            elements = elements.view(torch.uint8)
        if self.exact and (elements != elements).any():
            bits = elements.contiguous().reshape(-1).view(torch.uint8)
            elements = bytes(bits.tolist()).hex()
        elif self.exact:
            elements = str(elements.tolist())
        told["elements"] = elements
        return told


def describe_program(value: Any, exact: bool = True) -> Any:
    """Results, arguments or state as plain data."""
    return ProgramDescription(exact).of(value)


def describe_signature(program: Any) -> Dict[str, Any]:
    """What the inputs and outputs of the graph are, and what they are called."""
    signature = program.graph_signature
    told = {
        "user_inputs": list(signature.user_inputs),
        "user_outputs": list(signature.user_outputs),
        "inputs_to_parameters": dict(signature.inputs_to_parameters),
        "inputs_to_buffers": dict(signature.inputs_to_buffers),
        "buffers_to_mutate": dict(signature.buffers_to_mutate),
    }
    if reader_has("2.2.0"):
        told["inputs"] = [_spec(spec) for spec in signature.input_specs]
        told["outputs"] = [_spec(spec) for spec in signature.output_specs]
    return told


def _spec(spec: Any) -> Dict[str, Any]:
    told = {"kind": spec.kind.name, "target": spec.target, "arg": _argument(spec.arg)}
    if spec.kind.name == "BUFFER":
        # Said of buffers only; in 2.2 all of them are saved.
        told["persistent"] = getattr(spec, "persistent", True)
    return told


def _argument(argument: Any) -> List[Any]:
    """An argument of a signature: its class, and its name or value."""
    kind = type(argument).__name__
    if hasattr(argument, "kind"):  # the one class of 2.1
        kind = argument.kind.name
    return [kind, getattr(argument, "name", None), getattr(argument, "value", None)]


def describe_calling(program: Any) -> Dict[str, Any]:
    """How the program is called, and how each module whose calls it kept."""
    told = {
        "in": _form(program.call_spec.in_spec),
        "out": _form(program.call_spec.out_spec),
        "modules": [
            [entry.fqn, entry.signature and _call_signature(entry.signature)]
            for entry in program.module_call_graph
        ],
        # In 2.1 the program has no dialect.
        "dialect": getattr(program, "dialect", None),
    }
    return told


def _call_signature(signature: Any) -> Dict[str, Any]:
    return {
        "inputs": [_argument(argument) for argument in signature.inputs],
        "outputs": [_argument(argument) for argument in signature.outputs],
        "in": _form(signature.in_spec),
        "out": _form(signature.out_spec),
    }


def _form(spec: Any) -> Any:
    """The containers that a tree specification stands for, its leaves numbered."""
    if spec is None:
        return None
    leaves = list(range(flattened_size(spec)))
    return describe_program(pytree.tree_unflatten(leaves, spec))


def describe_ranges(program: Any) -> Dict[str, Any]:
    """Which values the symbols may have that occur in the shapes of the graph.

    Loading leaves out the others.
    """
    words = set()
    for module in program.graph_module.modules():
        nodes = module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ()
        words.update(*(re.findall(r"\w+", str(_known(node))) for node in nodes))
    ranges = {str(symbol): found for symbol, found in program.range_constraints.items()}
    return {name: range_bounds(ranges[name]) for name in ranges if name in words}


def describe_state(program: Any) -> Dict[str, Any]:
    """Parameters and buffers, constants, and the example that was exported with."""
    # A dict or an OrderedDict, as the release likes.
    told = {"state": describe_program(dict(program.state_dict))}
    if reader_has("2.2.0"):
        told["constants"] = describe_program(dict(sorted(_constants(program).items())))
    if reader_has("2.4.0"):
        # Not in the file before.
        told["example"] = describe_program(program.example_inputs)
    return told


def _constants(program: Any) -> Dict[str, Any]:
    # In 2.2 there are only tensors.
    return getattr(program, "constants", None) or program.tensor_constants


def describe_graph(program: Any) -> List[Any]:
    """The nodes: operator, arguments, and what is known of the results."""
    return _graph(program.graph_module)


def _graph(module: Any) -> List[Any]:
    names = {}
    # Loading adds nodes for those of an operator's results that are not used.
    nodes = [
        node
        for node in module.graph.nodes
        if node.users or node.target is not operator.getitem
    ]
    for node in nodes:
        names[node] = f"%{len(names)}"
    return [_node(node, names, module) for node in nodes]


def _node(node: Any, names: Dict, module: Any) -> List[Any]:
    if node.op == "placeholder":
        return [node.op, node.name, _known(node)]
    if node.op == "get_attr":
        # A branch or a loop's body, or in 2.1 a tensor.
        value = getattr(module, node.target)
        told = describe_program(value) if torch.is_tensor(value) else _graph(value)
        return [node.op, told]
    if node.op == "output":
        return [node.op, _told(node.args, names)]
    return [node.op, _target(node.target), _arguments(node, names), _known(node)]


def _target(target: Any) -> str:
    if isinstance(target, torch._ops.OpOverload):
        return str(target)
    return getattr(target, "__name__", None) or str(target)


def _arguments(node: Any, names: Dict) -> Any:
    """Arguments by name, those that are left out or have their default value alike."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return [_told(node.args, names), _told(dict(node.kwargs), names)]
    given = {a.name: value for a, value in zip(schema.arguments, node.args)}
    given.update(node.kwargs)
    defaults = {a.name: a.default_value for a in schema.arguments}
    return {
        name: _told(given[name], names)
        for name in sorted(given)
        if repr(given[name]) != repr(defaults[name])
    }


def _told(value: Any, names: Dict) -> Any:
    if isinstance(value, torch.fx.Node):
        return names[value]
    if isinstance(value, dict):
        return {key: _told(entry, names) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(item, names) for item in value]
    return repr(value)


def _known(node: Any) -> Any:
    """What the program knows beforehand of a node's result."""
    return _meta(node.meta.get("val"))


def _meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return {
            "dtype": str(value.dtype),
            "shape": [str(size) for size in value.shape],
            "strides": [str(stride) for stride in value.stride()],
            "device": str(value.device),
        }
    if isinstance(value, (list, tuple)):
        return [_meta(item) for item in value]
    return repr(value)


def describe_tracking(program: Any) -> List[Any]:
    """Which values of the graph the program takes for ones with a gradient."""
    return [
        [node.name, node.meta["val"].requires_grad]
        for node in program.graph.nodes
        if isinstance(node.meta.get("val"), torch.Tensor)
    ]


def describe_runs(program: Any, calls: List[Call], exact: bool = True) -> List[Any]:
    """Of each call the results, its arguments after it, and the state after it.

    Arguments and state are told where the call changed them.
    """
    runner = Runner(program)
    return [_run(runner, call.copy(), exact) for call in calls]


def _run(runner: Runner, call: Call, exact: bool) -> Dict[str, Any]:
    def others():
        return {"args": call.args, "kwargs": call.kwargs, "state": runner.state()}

    before = {key: describe_program(value) for key, value in others().items()}
    results = runner.run(call)
    # Last the results: of one that shares memory the number is that of the other.
    told = describe_program({**others(), "results": results}, exact)["dict"]
    after = {key: describe_program(value) for key, value in others().items()}
    # The names of what is left out are told: it is as it was before the call.
    return {
        key: "unchanged" if key in before and before[key] == after[key] else entry
        for key, entry in told
    }


def describe_refusals(program: Any, calls: List[Call]) -> List[bool]:
    """Of each call whether the program refuses it."""
    return [_is_refused(Runner(program), call.copy()) for call in calls]


def _is_refused(runner: Runner, call: Call) -> bool:
    try:
        runner.run(call)
    except REFUSALS:
        return True
    return False


def describe_gradients(
    program: Any, calls: List[Call], exact: bool = True
) -> List[Any]:
    """Of each call the gradients of parameters and arguments."""
    runner = Runner(program)
    told = []
    for call in calls:
        call = call.copy()
        arguments = pytree.tree_flatten((call.args, call.kwargs))[0]
        inputs = [
            x.requires_grad_()
            for x in arguments
            if torch.is_tensor(x) and x.is_floating_point()
        ]
        results = pytree.tree_flatten(runner.run(call))[0]
        sum((x * x).sum() for x in results if x.requires_grad).backward()
        found = [[x.grad for x in inputs], _gradients(runner)]
        told.append(describe_program(found, exact))
    return told


def _gradients(runner: Runner) -> Dict[str, Any]:
    parameters = dict(sorted(runner.module.named_parameters()))
    found = {name: parameter.grad for name, parameter in parameters.items()}
    runner.module.zero_grad()
    return found
