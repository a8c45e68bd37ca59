"""What is told of imported objects, as data that is the same wherever they live."""

import re

import torch

from common_values import copied, plain

_MANGLED = re.compile(r"<torch_package_\d+>\.")


def demangled(text):
    """A text in which no name tells that it is from a package."""
    return _MANGLED.sub("", text)


def qualified_name(obj):
    """Module and name of a class or function."""
    return demangled(f"{obj.__module__}.{obj.__qualname__}")


def describe_module(module, *calls):
    """Class, state and results of a module; a call is a tuple of arguments."""
    return {
        "class": qualified_name(type(module)),
        "state": dict(module.state_dict()),
        "trained": [n for n, p in module.named_parameters() if p.requires_grad],
        "results": results(module, *calls),
    }


def describe_script(module, *calls):
    """What a scripted module is called, its state and results."""
    return {
        "name": module.original_name,
        "state": dict(module.state_dict()),
        "results": results(module, *calls),
    }


def describe_graph(module, *calls):
    """Nodes, state and results of a GraphModule."""
    return {
        "nodes": [[n.op, n.name, _target(n.target)] for n in module.graph.nodes],
        "state": dict(module.state_dict()),
        "results": results(module, *calls),
    }


def results(function, *calls):
    """What a function or module gives in each call."""
    with torch.no_grad():
        return [plain(function(*copied(arguments))) for arguments in calls]


def _target(target):
    # By its name alone: modules of functions differ between releases.
    return target if isinstance(target, str) else target.__name__
