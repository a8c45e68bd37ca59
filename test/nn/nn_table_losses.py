"""Rows of the losses and distances of torch.nn (Python 3.7, torch 1.0)."""

import torch

from common_values import numbers
from nn_rows import ROUNDED, Case, Row

X, Y = numbers(2, 4) / 2, numbers(2, 4).flip(1) / 4
SIGNS = torch.tensor([1.0, -1.0])
CLASSES = torch.tensor([2, 0])
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.25])
PROBABILITIES = (numbers(2, 4) + 4) / 16
LOGARITHMS = -(numbers(2, 4) + 4) / 4
BITS = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]])


def loss(name, inputs, *cases, **options):
    """A row with two reductions, and others."""
    reductions = (Case(), Case("none", (), dict(reduction="none")))
    options = {"tolerance": ROUNDED, "state": False, **options}
    return Row(name, (*reductions, *cases), inputs=inputs, **options)


def weighted(**options):
    """A case with a weight of each class, which is a buffer."""
    return Case("weight", (), dict(weight=WEIGHT, reduction="sum", **options))


def far(x, y):
    """A distance of ours."""
    return (x - y).abs().max(1)[0]


LOSSES = (
    loss("BCELoss", (PROBABILITIES, BITS), weighted(), state=True),
    loss("BCEWithLogitsLoss", (X, BITS), weighted(pos_weight=WEIGHT + 1), state=True),
    Row("CosineEmbeddingLoss", (Case(), Case("margin", (0.25,), dict(reduction="sum"))),
        inputs=(X, Y, SIGNS), tolerance=ROUNDED, state=False),
    Row("CosineSimilarity", (Case(), Case("first", (0,), dict(eps=0.25))),
        inputs=(X, Y), tolerance=ROUNDED, state=False),
    loss("CrossEntropyLoss", (X, CLASSES), weighted(ignore_index=0),
         Case("smoothed", (), dict(label_smoothing=0.25), since="1.10.0"), state=True),
    Row("CTCLoss", (Case(), Case("blank", (1,), dict(reduction="sum")),
                    Case("zero_infinity", (), dict(zero_infinity=True), since="1.1.0")),
        inputs=(torch.log_softmax(numbers(3, 2, 3) / 4, 2),
                torch.tensor([[2], [2]]), torch.tensor([3, 3]), torch.tensor([1, 1])),
        tolerance=ROUNDED, state=False),
    loss("GaussianNLLLoss", (X, Y, PROBABILITIES),
         Case("full", (), dict(full=True, eps=0.25)), since="1.8.0"),
    loss("HingeEmbeddingLoss", (X, BITS * 2 - 1), Case("margin", (2.0,)),
         tolerance=None),
    loss("HuberLoss", (X, Y), Case("delta", (), dict(delta=0.5)), since="1.9.0",
         tolerance=None),
    loss("KLDivLoss", (LOGARITHMS, PROBABILITIES),
         Case("batchmean", (), dict(reduction="batchmean")),
         Case("logarithms", (), dict(log_target=True), since="1.6.0")),
    loss("L1Loss", (X, Y), tolerance=None),
    loss("MSELoss", (X, Y), tolerance=None),
    loss("MarginRankingLoss", (X[:, 0], Y[:, 0], SIGNS), Case("margin", (0.5,)),
         tolerance=None),
    loss("MultiLabelMarginLoss", (X, torch.tensor([[2, 0, -1, 1], [1, -1, 0, 0]]))),
    loss("MultiLabelSoftMarginLoss", (X, BITS), weighted(), state=True),
    loss("MultiMarginLoss", (X, CLASSES), weighted(p=2, margin=0.5), state=True),
    loss("NLLLoss", (LOGARITHMS, CLASSES), weighted(ignore_index=0), state=True),
    loss("NLLLoss2d", (LOGARITHMS.reshape(2, 4, 1, 1), CLASSES.reshape(2, 1, 1)),
         weighted(), state=True),
    Row("PairwiseDistance", (Case(), Case("p", (1.0, 0.5, True))), inputs=(X, Y),
        tolerance=ROUNDED, state=False),
    loss("PoissonNLLLoss", (X, BITS * 3),
         Case("full", (), dict(log_input=False, full=True, eps=0.25),
              inputs=(PROBABILITIES, BITS * 3))),
    loss("SmoothL1Loss", (X, Y), Case("beta", (), dict(beta=0.5), since="1.7.0"),
         tolerance=None),
    loss("SoftMarginLoss", (X, BITS * 2 - 1)),
    loss("TripletMarginLoss", (X, Y, X + 1),
         Case("swap", (), dict(margin=2.0, p=1, swap=True))),
    loss("TripletMarginWithDistanceLoss", (X, Y, X + 1),
         Case("distance", (), dict(distance_function=far, margin=0.5, swap=True)),
         since="1.7.0"),
    Row("AdaptiveLogSoftmaxWithLoss",
        (Case(args=(4, 5, [2])),
         Case("bias", (4, 6, [2, 4]), dict(div_value=2.0, head_bias=True))),
        inputs=(X, torch.tensor([1, 4])), tolerance=ROUNDED, gradients=True),
    Row("LinearCrossEntropyLoss",
        (Case(args=(4, 4)), Case("bias", (4, 4), dict(bias=True, reduction="none")),
         Case("weight", (4, 4), dict(weight=WEIGHT, label_smoothing=0.25))),
        since="2.13.0", inputs=(X, CLASSES), tolerance=ROUNDED, gradients=True),
)  # fmt: skip
