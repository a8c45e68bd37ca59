"""Rows of the activations of torch.nn (Python 3.7, torch 1.0)."""

import torch

from common_values import numbers
from nn_rows import ROUNDED, Case, Row

X = (numbers(2, 4) / 2,)
ROWS_OF_TWO = (numbers(1, 2, 2, 2) / 2,)
QUERY = (numbers(2, 1, 2) / 4, numbers(3, 1, 2) / 4, numbers(3, 1, 2) / 8 + 1)


def in_place(module, x):
    """The result and what became of the argument."""
    return module(x), x


def attend(module, query, key, value):
    """Results and weights of an attention, its arguments all different or one."""
    # 1.1 has one size for all.
    if getattr(module, "kdim", module.embed_dim) == module.embed_dim:
        return module(query, key, value), module(query, query, query)
    wider = [torch.cat([x, x[..., :1]], -1) for x in (key, value)]
    return module(query, *wider)


def activation(name, *cases, **options):
    """A row whose numbers are rounded, with no state."""
    options = {"inputs": X, "tolerance": ROUNDED, "state": False, **options}
    return Row(name, (Case(), *cases), **options)


def exact(name, *cases, **options):
    """A row whose numbers are exact, with no state."""
    return activation(name, *cases, tolerance=None, **options)


def in_place_rows():
    """Activations that may work in place, with the arguments of a second case."""
    names = {"ReLU": {}, "ReLU6": {}, "Hardtanh": dict(min_val=-0.5, max_val=1.5)}
    for name, options in names.items():
        cases = (
            Case(options=options),
            Case("inplace", (), dict(options, inplace=True)),
        )
        yield Row(name, cases, inputs=X, run=in_place, state=False)
    rounded = {
        "CELU": dict(alpha=0.5),
        "ELU": dict(alpha=0.5),
        "LeakyReLU": dict(negative_slope=0.25),
        "SELU": {},
    }
    for name, options in rounded.items():
        cases = (Case(), Case("inplace", (), dict(options, inplace=True)))
        yield Row(name, cases, inputs=X, run=in_place, tolerance=ROUNDED, state=False)
    later = {"Hardsigmoid": "1.5.0", "Hardswish": "1.6.0", "SiLU": "1.7.0"}
    later["Mish"] = "1.9.0"
    for name, since in later.items():
        # The first two got their argument inplace in 1.7.
        added = "1.7.0" if name.startswith("Hard") else since
        cases = (Case(), Case("inplace", (), dict(inplace=True), since=added))
        options = dict(inputs=X, run=in_place, tolerance=ROUNDED, state=False)
        yield Row(name, cases, since=since, **options)


ACTIVATIONS = (
    *in_place_rows(),
    activation("GELU", Case("tanh", (), dict(approximate="tanh"), since="1.12.0"),
               since="1.4.0"),
    activation("GLU", Case("first", (0,))),
    exact("Hardshrink", Case("one", (1.0,))),
    exact("Softshrink", Case("one", (1.0,))),
    activation("LogSigmoid"),
    Row("LogSoftmax", (Case(), Case("named", (), dict(dim=-1))),
        inputs=X, tolerance=ROUNDED, state=False),
    Row("Softmax", (Case(), Case("named", (), dict(dim=-1))),
        inputs=X, tolerance=ROUNDED, state=False),
    Row("Softmin", (Case(), Case("named", (), dict(dim=-1))),
        inputs=X, tolerance=ROUNDED, state=False),
    activation("Softmax2d", inputs=ROWS_OF_TWO),
    activation("Sigmoid"),
    activation("Softplus", Case("steep", (2, 1))),
    activation("Softsign"),
    activation("Tanh"),
    activation("Tanhshrink"),
    Row("Threshold", (Case(args=(0.5, 9)), Case("inplace", (0.5, 9, True))),
        inputs=X, run=in_place, state=False),
    # Equal bounds: what is drawn between others is for the generator to say.
    activation("RReLU", Case("bounds", (0.25, 0.5)),
               Case("inplace", (0.25, 0.5, True)), run=in_place,
               train=lambda module, x: bool((module(-x.abs()) <= 0).all()),
               modes=True),
    activation("PReLU", Case("channels", (4,)), Case("steep", (), dict(init=0.5)),
               Case("double", prepare=torch.nn.Module.double,
                    inputs=(X[0].double(),)),
               state=True, gradients=True, tolerance=None),
    Row("MultiheadAttention",
        (Case(args=(2, 1)),
         Case("heads", (4, 2), dict(bias=False),
              # No two alike: those that are equal were taken for one until 1.9.
              inputs=tuple(numbers(1, 1, 4) / n for n in (2, 4, 8))),
         Case("extra", (2, 1), dict(add_bias_kv=True, add_zero_attn=True)),
         Case("sizes", (2, 1), dict(kdim=3, vdim=3), since="1.2.0"),
         Case("batch_first", (2, 1), dict(batch_first=True), since="1.9.0",
              inputs=tuple(x.transpose(0, 1) for x in QUERY))),
        since="1.1.0", inputs=QUERY, run=attend, tolerance=ROUNDED, gradients=True),
)  # fmt: skip
