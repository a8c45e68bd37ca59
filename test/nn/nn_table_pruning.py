"""Rows of the pruning methods of torch.nn.utils.prune (Python 3.7, torch 1.0)."""

import torch
from torch.nn import Linear

from common_compat import import_first
from common_values import numbers, with_numbers
from nn_rows import Case, Row

# Since 1.4.
prune = import_first("torch.nn.utils.prune")
X = (numbers(2, 4) / 2,)
MASK = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0]])


def layer():
    """What is pruned: no two of its weights have one size."""
    module = with_numbers(Linear(4, 2))
    module.weight.data = torch.tensor([[1.0, -2, 3, -4], [5, -6, 7, -8]]) / 4
    return module


def whole(make):
    """A layer with a mask that keeps all: for the state of any pruned one."""
    return prune.identity(layer(), "weight")


def pruned(name, *arguments, also=()):
    """What makes a layer and prunes its weight by a function of torch."""

    def make(make):
        module = getattr(prune, name)(layer(), "weight", *arguments)
        for function, parameter, *more in also:
            getattr(prune, function)(module, parameter, *more)
        return module

    return make


def removed(name, *arguments):
    """What makes a layer whose pruning has been made permanent."""

    def make(_):
        return prune.remove(
            getattr(prune, name)(layer(), "weight", *arguments), "weight"
        )

    return make


def both(make):
    """Weight and bias pruned."""
    module = prune.l1_unstructured(layer(), "weight", 2)
    return prune.custom_from_mask(module, "bias", torch.tensor([1.0, 0.0]))


def together(make):
    """Two layers that were pruned as one."""
    module = torch.nn.Sequential(layer(), torch.nn.ReLU(), with_numbers(Linear(2, 3)))
    parameters = [(module[0], "weight"), (module[2], "weight")]
    prune.global_unstructured(parameters, prune.L1Unstructured, amount=5)
    return module


def whole_together(make):
    """As ``together``, with masks that keep all."""
    module = together(make)
    for mask in module.buffers():
        mask.fill_(1)
    return module


def method(name, function, *arguments, cases=()):
    """A pruning method: its hook, and what is left once it is removed."""
    common = (
        Case(make=pruned(function, *arguments), fresh=whole),
        Case("removed", make=removed(function, *arguments)),
        *cases,
    )  # fmt: skip
    return Row(name, common, since="1.4.0", inputs=X, gradients=True)


FRACTION = pruned("l1_unstructured", 0.25)
# The hooks of several, of whatever methods, are in a container.
TWO = pruned("l1_unstructured", 2, also=[("ln_structured", "weight", 1, 2, 1)])
THREE = pruned("identity", also=[("random_unstructured", "weight", 3),
                                 ("custom_from_mask", "weight", MASK)])  # fmt: skip
PRUNING = (
    method("Identity", "identity"),
    method("RandomUnstructured", "random_unstructured", 3),
    method("L1Unstructured", "l1_unstructured", 3,
           cases=[Case("fraction", make=FRACTION, fresh=whole),
                  Case("both", make=both)]),
    method("RandomStructured", "random_structured", 1, 1),
    method("LnStructured", "ln_structured", 0.5, 2, 1,
           cases=[Case("infinite", fresh=whole,
                       make=pruned("ln_structured", 1, float("inf"), 0))]),
    method("CustomFromMask", "custom_from_mask", MASK),
    Row("PruningContainer", (Case(make=TWO, fresh=whole),
                             Case("three", make=THREE, fresh=whole)),
        since="1.4.0", inputs=X, gradients=True),
    Row("global_unstructured", (Case(make=together, fresh=whole_together),),
        since="1.4.0", inputs=X, gradients=True),
)  # fmt: skip
