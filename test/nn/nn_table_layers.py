"""Rows of linear, convolution, embedding and folding layers (Python 3.7, torch 1.0)."""

import torch

from common_values import numbers
from nn_rows import Case, Row, is_uninitialized

X = numbers(2, 4) / 2
# Positive, so that no product is a negative zero, which some kernels make positive.
LINE, IMAGE = numbers(1, 2, 5) + 4, numbers(1, 2, 4, 4) + 4
VOLUME = numbers(1, 2, 3, 3, 3) + 4
INDICES = torch.tensor([[0, 2], [3, 1]])
BAG = (torch.tensor([0, 2, 3, 1]), torch.tensor([0, 3]))


def frozen(module):
    """The module, whose first parameter takes no gradient."""
    next(module.parameters()).requires_grad_(False)
    return module


def channels_last(module):
    """The module with the channels of its parameters next to each other."""
    module.weight.data = module.weight.data.contiguous(
        memory_format=torch.channels_last
    )
    return module


def materialized(module, x):
    """What comes of a lazy module that meets an input, its numbers left out.

    With numbers of ours, also its result.
    """
    had_none = any(is_uninitialized(parameter) for parameter in module.parameters())
    # It changes its class here, if not before.
    module(x)
    for tensor in module.parameters() if had_none else ():
        tensor.data.fill_(0.5)
    shapes = [[name, list(p.shape)] for name, p in module.named_parameters()]
    return [type(module).__name__, shapes, module(x)]


def convolution(name, x):
    """A convolution, or its transpose, of one to three dimensions."""
    transposed = "Transpose" in name
    cases = [
        Case(args=(2, 2, 2)),
        Case("strided", (2, 2, 3), dict(stride=2, padding=1, dilation=2)),
        Case("groups", (2, 4, 1), dict(groups=2, bias=False)),
    ]
    if transposed:
        options = dict(stride=2, padding=1, output_padding=1)
        cases[1] = Case("strided", (2, 2, 3), options)
    else:
        same = dict(padding="same", dilation=2)
        cases.append(Case("same", (2, 2, 2), same, since="1.9.0"))
        for mode, since in PADDING_MODES.items():
            if mode == "reflect" and name == "Conv3d":
                since = "1.10.0"
            options = dict(padding=1, padding_mode=mode)
            cases.append(Case(mode, (2, 2, 3), options, since=since))
    if name == "Conv1d":
        double = torch.nn.Module.double
        cases.append(Case("double", (2, 2, 1), prepare=double, inputs=(x.double(),)))
    if name == "Conv2d":
        layout = dict(prepare=channels_last, since="1.5.0")
        cases.append(Case("channels_last", (2, 2, 2), **layout))
    return Row(name, tuple(cases), inputs=(x,), gradients=True)


# Releases from 1.1 to 1.4 pad circularly by half of what they are told.
PADDING_MODES = {"circular": "1.1.0", "reflect": "1.5.0", "replicate": "1.5.0"}


def lazy(name, x, since, args):
    """A lazy module that has met no input yet, and one that has."""

    def after_input(make):
        module = make(*args)
        module(x)
        return module

    cases = (
        Case(args=args),
        # Loading a saved state gives a lazy module its shapes.
        Case("initialized", args, make=after_input, fresh=lambda make: make(*args)),
    )
    return Row(name, cases, since=since, inputs=(x,), run=materialized)


LAYERS = (
    Row("Identity", (Case(), Case("arguments", (54,), dict(unused=0.1))),
        since="1.1.0", inputs=(X,), state=False),
    Row("Linear",
        (Case(args=(4, 2)),
         Case("unbiased", (4, 3), dict(bias=False)),
         Case("frozen", (4, 2), prepare=frozen),
         Case("evaluation", (4, 2), training=False),
         Case("double", (4, 2), prepare=torch.nn.Module.double,
              inputs=(X.double(),))),
        inputs=(X,), gradients=True),
    Row("Bilinear", (Case(args=(4, 4, 2)), Case("unbiased", (4, 4, 1, False))),
        inputs=(X, X + 1), gradients=True),
    convolution("Conv1d", LINE),
    convolution("Conv2d", IMAGE),
    convolution("Conv3d", VOLUME),
    convolution("ConvTranspose1d", LINE),
    convolution("ConvTranspose2d", IMAGE),
    convolution("ConvTranspose3d", VOLUME),
    lazy("LazyLinear", X, "1.8.0", (2,)),
    lazy("LazyConv1d", LINE, "1.8.0", (2, 2)),
    lazy("LazyConv2d", IMAGE, "1.8.0", (2, 2)),
    lazy("LazyConv3d", VOLUME, "1.8.0", (2, 2)),
    lazy("LazyConvTranspose1d", LINE, "1.8.0", (2, 2)),
    lazy("LazyConvTranspose2d", IMAGE, "1.8.0", (2, 2)),
    lazy("LazyConvTranspose3d", VOLUME, "1.8.0", (2, 2)),
    Row("Embedding",
        (Case(args=(4, 2)),
         Case("padding", (4, 2), dict(padding_idx=1)),
         Case("pretrained", make=lambda make: make.from_pretrained(numbers(4, 2)))),
        inputs=(INDICES,), gradients=True),
    Row("EmbeddingBag",
        (Case(args=(4, 2), options=dict(mode="mean")),
         Case("sum", (4, 2), dict(mode="sum", scale_grad_by_freq=True)),
         Case("max", (4, 2), dict(mode="max")),
         Case("last_offset", (4, 2), dict(mode="sum", include_last_offset=True),
              inputs=(BAG[0], torch.tensor([0, 1, 4])), since="1.5.0"),
         Case("padding", (4, 2), dict(mode="sum", padding_idx=3), since="1.9.0")),
        inputs=BAG, gradients=True),
    Row("Flatten", (Case(), Case("range", (0, -2))), since="1.2.0", inputs=(IMAGE,),
        state=False),
    Row("Unflatten", (Case(args=(1, (2, 2))), Case("size", (-1, torch.Size([4, 1])))),
        since="1.7.0", inputs=(X,), state=False),
    Row("Fold", (Case(args=((2, 3), (2, 2))),
                 Case("padded", (4, 2), dict(dilation=2, padding=1, stride=2),
                      inputs=(numbers(1, 4, 4),))),
        inputs=(numbers(1, 4, 2),), state=False),
    Row("Unfold", (Case(args=((2, 3),)),
                   Case("padded", (2,), dict(dilation=2, padding=1, stride=2))),
        inputs=(IMAGE,), state=False),
    Row("PixelShuffle", (Case(args=(2,)),), inputs=(numbers(1, 4, 2, 1),),
        state=False),
    Row("PixelUnshuffle", (Case(args=(2,)),), since="1.8.0", inputs=(IMAGE,),
        state=False),
    Row("ChannelShuffle", (Case(args=(2,)),), since="1.8.0",
        inputs=(numbers(1, 4, 2, 1),), state=False),
)  # fmt: skip
