"""Rows of containers, and of the base class of modules (Python 3.7, torch 1.0)."""

from collections import OrderedDict

import torch
from torch.nn import Linear, Module, Parameter, ReLU

from common_values import numbers
from nn_rows import Case, Row

X = (numbers(2, 2) / 2,)


def pairs():
    """Two layers by name."""
    return OrderedDict([("first", Linear(2, 2)), ("second", ReLU())])


def bare():
    """A module with all that one may register, and plain attributes."""
    module = Module()
    module.register_parameter("weight", Parameter(numbers(2, 2)))
    module.register_parameter("nothing", None)
    module.register_buffer("count", torch.tensor([1, 2]))
    module.register_buffer("no_buffer", None)
    module.add_module("inner", Linear(2, 1))
    module.add_module("no_module", None)
    module.note, module.sizes = "by hand", (1, [2, None], {"a": 0.5})
    module.constant = numbers(2)
    return module


def tied():
    """Layers with one weight, and one layer under two names."""
    module = bare()
    module.again = Linear(2, 2, bias=False)
    module.again.weight = module.weight
    module.twice = module.inner
    module.register_buffer("view", module.weight.data[1])
    return module


def with_non_persistent_buffer():
    """A buffer that is saved with the module, and not with its state."""
    module = bare()
    module.register_buffer("hidden", numbers(3), persistent=False)
    return module


def with_buffer_class():
    """A buffer that is assigned, as there is a class of buffers since 2.5."""
    module = bare()
    module.shown = torch.nn.Buffer(numbers(2))
    module.hidden = torch.nn.Buffer(numbers(3), persistent=False)
    return module


def unused(module):
    """The module, its last parameter frozen and without gradient."""
    list(module.parameters())[-1].requires_grad_(False)
    return module


def every(module, x):
    """The result of each module in a container."""
    return [part(x) for part in module.children()]


def listed(module):
    """The parameters in their order, by the container's own ways."""
    if hasattr(module, "keys"):
        return [[key, module[key]] for key in module.keys()], len(module)
    return list(module), len(module)


def parameters(*keys):
    """Parameters of different shapes, by key or in a list."""
    made = [Parameter(numbers(n + 1)) for n in range(3)]
    return OrderedDict(zip(keys, made)) if keys else made


CONTAINERS = (
    Row("Module",
        (Case(make=lambda make: bare()),
         Case("tied", make=lambda make: tied()),
         Case("empty"),
         Case("non_persistent", make=lambda make: with_non_persistent_buffer(),
              since="1.6.0"),
         Case("buffer_class", make=lambda make: with_buffer_class(), since="2.5.0")),
        run=None),
    Row("Container", (Case(make=lambda make: make(**pairs())),), run=every, inputs=X),
    Row("Sequential",
        (Case(make=lambda make: make(Linear(2, 2), ReLU(), Linear(2, 1))),
         Case("named", make=lambda make: make(pairs())),
         Case("nested", make=lambda make: make(make(Linear(2, 2)), make())),
         Case("modes", make=lambda make: make(Linear(2, 2), ReLU()),
              prepare=lambda module: module.eval(), training=False)),
        run=lambda module, x: module(x), inputs=X, gradients=True),
    Row("ModuleList",
        (Case(make=lambda make: make([Linear(2, 2), ReLU()])), Case("empty")),
        run=every, inputs=X),
    Row("ModuleDict",
        (Case(make=lambda make: make(pairs())), Case("empty")), run=every, inputs=X),
    Row("ParameterList",
        (Case(make=lambda make: make(parameters())), Case("empty"),
         Case("frozen", make=lambda make: make(parameters()), prepare=unused),
         # What is no parameter is kept as it is since 1.12.
         Case("others", make=lambda make: make([*parameters(), "text", 3]),
              since="1.12.0")),
        run=listed),
    Row("ParameterDict",
        (Case(make=lambda make: make(parameters("c", "a", "b"))), Case("empty"),
         Case("others", make=lambda make: make({**parameters("a"), "b": "text"}),
              since="1.12.0")),
        run=listed),
    # Without a GPU it calls the module that it has.
    Row("DataParallel", (Case(make=lambda make: make(Linear(2, 2))),), inputs=X),
)  # fmt: skip
