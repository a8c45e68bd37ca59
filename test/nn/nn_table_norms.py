"""Rows of normalization and dropout (Python 3.7, torch 1.0)."""

import torch

from common_values import numbers
from nn_rows import ROUNDED, Case, Row

X = numbers(2, 4) / 2
LINE, IMAGE, VOLUME = numbers(2, 2, 3), numbers(2, 2, 2, 2), numbers(2, 2, 2, 2, 1)
BY_DIMENSION = {1: LINE, 2: IMAGE, 3: VOLUME}


def normalization(kind, dimension):
    """Batch or instance normalization."""
    is_batch = kind == "BatchNorm"
    x = BY_DIMENSION[dimension]
    cases = [
        Case(args=(2,)),
        Case("affine", (2,), dict(affine=not is_batch, eps=0.25)),
        Case("tracking", (2,), dict(track_running_stats=not is_batch)),
    ]
    if (kind, dimension) == ("BatchNorm", 1):
        # Instance normalization takes no such momentum before 2.2.
        cases += [
            Case("average", (2,), dict(momentum=None)),
            Case("evaluation", (2,), training=False),
            Case("double", (2,), prepare=torch.nn.Module.double, inputs=(x.double(),)),
        ]
    return Row(f"{kind}{dimension}d", tuple(cases), inputs=(x,), tolerance=ROUNDED,
               modes=True, gradients=True)  # fmt: skip


def lazy_normalization(kind, dimension, since):
    """A lazy normalization that has met no input yet, and one that has."""
    x = BY_DIMENSION[dimension]
    options = dict(affine=True, track_running_stats=True)

    def after_input(make):
        module = make(**options)
        module(x)
        return module

    cases = (
        Case(options=options),
        Case("initialized", (), options, make=after_input,
             fresh=lambda make: make(**options)),
    )  # fmt: skip
    return Row(f"Lazy{kind}{dimension}d", cases, since=since, inputs=(x,),
               tolerance=ROUNDED, modes=True)  # fmt: skip


def drawn(module, x):
    """The different elements of what many ones become in training.

    Which are drawn is for the generator to say, not for the file.
    """
    many = torch.ones(1, 256, *x.shape[2:])
    # Sorted by us: 1.0 does not.
    return torch.unique(module(many).reshape(-1)).sort()[0]


def dropout(name, x, since="1.0.0", tolerance=None):
    """A dropout: the identity, and in training one of two numbers."""
    cases = (
        Case(),
        Case("inplace", (0.75,), dict(inplace=True), training=False),
        Case("all", (1.0,)),
    )
    return Row(name, cases, since=since, inputs=(x,), train=drawn, modes=True,
               state=False, tolerance=tolerance)  # fmt: skip


NORMS = (
    *(normalization("BatchNorm", dimension) for dimension in BY_DIMENSION),
    *(normalization("InstanceNorm", dimension) for dimension in BY_DIMENSION),
    *(lazy_normalization("BatchNorm", n, "1.9.0") for n in BY_DIMENSION),
    *(lazy_normalization("InstanceNorm", n, "1.10.0") for n in BY_DIMENSION),
    # Run in no mode: until 1.12 it takes tensors on a GPU only.
    Row("SyncBatchNorm", (Case(args=(2,)), Case("affine", (2,), dict(affine=False))),
        since="1.1.0", run=None),
    Row("LayerNorm", (Case(args=(4,)),
                      Case("affine", (4,), dict(elementwise_affine=False, eps=0.25)),
                      Case("dimensions", ([2, 4],)),
                      Case("unbiased", (4,), dict(bias=False), since="2.1.0")),
        inputs=(X,), tolerance=ROUNDED, gradients=True),
    Row("GroupNorm", (Case(args=(1, 2)),
                      Case("affine", (2, 2), dict(affine=False, eps=0.25))),
        inputs=(IMAGE,), tolerance=ROUNDED, gradients=True),
    Row("RMSNorm", (Case(args=(4,)),
                    Case("affine", (4,), dict(elementwise_affine=False, eps=0.25)),
                    Case("dimensions", ([2, 4],))),
        since="2.4.0", inputs=(X,), tolerance=ROUNDED, gradients=True),
    Row("LocalResponseNorm", (Case(args=(2,)), Case("named", (2, 0.5, 0.5, 2.0))),
        inputs=(IMAGE,), tolerance=ROUNDED, state=False),
    Row("CrossMapLRN2d", (Case(args=(2,)), Case("named", (2, 0.5, 0.5, 2))),
        inputs=(IMAGE,), tolerance=ROUNDED, state=False),
    dropout("Dropout", IMAGE),
    dropout("Dropout1d", LINE, since="1.12.0"),
    dropout("Dropout2d", IMAGE),
    dropout("Dropout3d", VOLUME),
    dropout("AlphaDropout", IMAGE, tolerance=ROUNDED),
    dropout("FeatureAlphaDropout", IMAGE, tolerance=ROUNDED),
)  # fmt: skip
