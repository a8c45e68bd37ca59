"""Rows of normed and parametrized weights (Python 3.7, torch 1.0).

weight_norm and spectral_norm of torch.nn.utils have hooks that compute the weight;
those of torch.nn.utils.parametrizations, modules in its place.
"""

import torch
from torch.nn import Conv1d, ConvTranspose1d, Embedding, Linear, Module

from common_compat import import_first
from common_values import numbers
from nn_rows import ROUNDED, ROUNDED_OFTEN, Case, Row

parametrize = import_first("torch.nn.utils.parametrize")
parametrizations = import_first("torch.nn.utils.parametrizations")
X, LINE = (numbers(2, 4) / 2,), (numbers(1, 2, 4) / 2,)


class Symmetric(Module):
    """A parametrization of ours: the weight's upper half on both sides."""

    def forward(self, weight):
        return weight.triu() + weight.triu(1).transpose(0, 1)

    def right_inverse(self, weight):
        """What to keep of a weight."""
        return weight.triu()


class Scaled(Module):
    """A parametrization of ours with a parameter and a buffer, of two tensors."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([2.0]))
        self.register_buffer("shift", torch.tensor([0.5]))

    def forward(self, first, second):
        return (first + second) * self.scale + self.shift

    def right_inverse(self, weight):
        """The two tensors to keep of a weight."""
        return weight / 4, weight / 4


def normed(name, layer, *arguments):
    """What makes a layer with a norm of torch.nn.utils."""
    return lambda _: getattr(torch.nn.utils, name)(layer(), "weight", *arguments)


def unnormed(name, layer):
    """What makes a layer from which the norm has been removed."""
    remove = getattr(torch.nn.utils, f"remove_{name}")
    return lambda make: remove(normed(name, layer)(make))


def parametrized(name, layer, *arguments, **options):
    """What makes a layer with a parametrization of torch."""

    def make(_):
        return getattr(parametrizations, name)(layer(), "weight", *arguments, **options)

    return make


def registered(*parts):
    """What makes a layer with parametrizations of ours, one upon the other."""

    def make(_):
        module = Linear(4, 4)
        for part in parts:
            parametrize.register_parametrization(module, "weight", part())
        return module

    return make


def unregistered(_):
    """A layer whose parametrization was removed, and that is a plain one again."""
    module = registered(Symmetric)(_)
    return parametrize.remove_parametrizations(module, "weight")


def square():
    """A layer with as many inputs as outputs."""
    return Linear(4, 4)


def line():
    """A convolution."""
    return Conv1d(2, 4, 2)


def transposed():
    """A transposed convolution."""
    return ConvTranspose1d(2, 2, 2)


def embed(make):
    """An embedding with a norm, which indices look up."""
    return torch.nn.utils.weight_norm(Embedding(4, 2), "weight")


# In its modes there are power iterations: one more before each result in training.
OLD = dict(pickled=True, tolerance=ROUNDED_OFTEN, gradients=True)
NEW = dict(pickled=False, since="1.9.0", inputs=X, tolerance=ROUNDED_OFTEN)
REPARAMETRIZED = (
    Row("weight_norm",
        (Case(make=normed("weight_norm", square), inputs=X),
         Case("whole", make=normed("weight_norm", square, None), inputs=X),
         Case("columns", make=normed("weight_norm", line, 1), inputs=LINE),
         Case("embedding", make=embed, inputs=(torch.tensor([[3, 1]]),)),
         Case("removed", make=unnormed("weight_norm", square), inputs=X)), **OLD),
    Row("spectral_norm",
        (Case(make=normed("spectral_norm", square), inputs=X),
         Case("iterations", make=normed("spectral_norm", line, 3, 0.25), inputs=LINE),
         Case("transposed", make=normed("spectral_norm", transposed), inputs=LINE),
         Case("removed", make=unnormed("spectral_norm", square), inputs=X)),
        modes=True, **OLD),
    Row("parametrizations_spectral_norm",
        (Case(make=parametrized("spectral_norm", square)),
         Case("iterations", make=parametrized("spectral_norm", line, 3, 0.25),
              inputs=LINE)), **NEW),
    Row("parametrizations_orthogonal",
        (Case(make=parametrized("orthogonal", square)),
         Case("cayley", make=parametrized("orthogonal", square, "cayley")),
         Case("householder", make=parametrized("orthogonal", square, "householder")),
         Case("direct", make=parametrized("orthogonal", square,
                                          use_trivialization=False))),
        **dict(NEW, since="1.10.0")),
    Row("parametrizations_weight_norm",
        (Case(make=parametrized("weight_norm", square)),
         Case("columns", make=parametrized("weight_norm", line, 1), inputs=LINE)),
        **dict(NEW, since="2.1.0", tolerance=ROUNDED)),
    Row("register_parametrization",
        (Case(make=registered(Symmetric)),
         Case("two", make=registered(Symmetric, Symmetric)),
         Case("tensors", make=registered(Scaled), since="1.10.0")),
        **dict(NEW, tolerance=None)),
    Row("remove_parametrizations", (Case(make=unregistered),),
        since="1.9.0", inputs=X, gradients=True),
)  # fmt: skip
