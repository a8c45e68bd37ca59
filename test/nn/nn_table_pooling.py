"""Rows of pooling, padding and resampling (Python 3.7, torch 1.0)."""

import torch

from common_expected import Tolerance
from common_values import numbers
from nn_rows import ROUNDED, Case, Row

LINE, IMAGE, VOLUME = numbers(1, 2, 5), numbers(1, 2, 4, 4), numbers(1, 1, 3, 4, 4)
SAMPLED = Tolerance(
    1e-5, 1e-6, "weighted sums of numbers up to 30, that cancel; weights are rounded"
)
BY_DIMENSION = {1: LINE, 2: IMAGE, 3: VOLUME}


def stateless(name, *cases, **options):
    """A row with no state."""
    return Row(name, cases, state=False, **options)


def pools(dimension):
    """The pools of one number of dimensions."""
    suffix, x = f"{dimension}d", BY_DIMENSION[dimension]
    ceil = dict(kernel_size=2, stride=2, ceil_mode=True, padding=1)
    average = [
        Case(args=(2,)),
        Case("ceil", (), dict(ceil, count_include_pad=False)),
    ]
    if dimension > 1:
        average.append(
            Case("divisor", (2,), dict(divisor_override=2), since="1.2.0")
        )  # fmt: skip
    yield stateless(f"AvgPool{suffix}", *average, inputs=(x,), tolerance=ROUNDED)
    dilated = dict(kernel_size=2, stride=1, dilation=2, return_indices=True)
    yield stateless(f"MaxPool{suffix}", Case(args=(2,)), Case("ceil", (), ceil),
                    Case("indices", (), dilated), inputs=(x,))  # fmt: skip
    yield stateless(f"MaxUnpool{suffix}", Case(args=(2,)), Case("padded", (3, 1, 0)),
                    inputs=unpooled(dimension))  # fmt: skip
    sizes = Case("sizes", ((None,) * (dimension - 1) + (2,),))
    size = Case(args=(2,))
    yield stateless(f"AdaptiveAvgPool{suffix}", size, sizes, inputs=(x,),
                    tolerance=ROUNDED)  # fmt: skip
    yield stateless(f"AdaptiveMaxPool{suffix}", size, sizes,
                    Case("indices", (1,), dict(return_indices=True)),
                    inputs=(x,))  # fmt: skip
    # The third is there since 2.3.
    since = "2.3.0" if dimension == 3 else "1.0.0"
    yield stateless(f"LPPool{suffix}", Case(args=(2, 2)),
                    Case("ceil", (1.0, 2, 1, True)), inputs=(x,), since=since,
                    tolerance=ROUNDED)  # fmt: skip


def unpooled(dimension):
    """A line, area or volume of two, and where its elements go."""
    shape = (1, 1) + (2,) * dimension
    places = torch.arange(2**dimension).reshape(shape)
    return numbers(*shape), places


def paddings():
    """The padding modules, of which some came later."""
    since = {
        "ReflectionPad3d": "1.10.0",
        "ZeroPad1d": "2.1.0",
        "ZeroPad3d": "2.1.0",
    }
    for kind in ("Constant", "Reflection", "Replication", "Zero", "Circular"):
        for dimension, x in BY_DIMENSION.items():
            name = f"{kind}Pad{dimension}d"
            value = (0.5,) if kind == "Constant" else ()
            sides = Case("sides", (((1, 0) * dimension), *value))
            first = "2.1.0" if kind == "Circular" else since.get(name, "1.0.0")
            plain = Case(args=(1, *value))
            yield stateless(name, plain, sides, since=first, inputs=(x,))


def upsamplings():
    """The modules that resample."""
    modes = {
        "linear": LINE,
        "bilinear": IMAGE,
        "bicubic": IMAGE,
        "trilinear": VOLUME,
    }
    cases = [
        Case(args=(), options=dict(scale_factor=2)),
        Case("size", (), dict(size=(3, 6))),
        Case("factors", (), dict(scale_factor=(2.0, 1.5)), since="1.2.0"),
    ]
    for mode, x in modes.items():
        since = "1.1.0" if mode == "bicubic" else None
        for aligned in (False, True):
            name = f"{mode}_aligned" if aligned else mode
            options = dict(scale_factor=2, mode=mode, align_corners=aligned)
            cases.append(Case(name, (), options, (x,), since, SAMPLED))
    # Releases differ in how far apart the samples of such a factor are.
    fraction = dict(scale_factor=1.3, mode="bilinear", align_corners=False)
    cases.append(Case("fraction", (), fraction, tolerance=SAMPLED))
    recomputed = dict(scale_factor=1.3, mode="bilinear", recompute_scale_factor=True)
    options = dict(since="1.11.0", tolerance=SAMPLED)
    cases.append(Case("recomputed", (), recomputed, **options))
    exact = dict(scale_factor=1.5, mode="nearest-exact")
    cases.append(Case("nearest_exact", (), exact, since="1.11.0"))
    yield stateless("Upsample", *cases, inputs=(IMAGE,))
    twice = Case(options=dict(scale_factor=2))
    sized = Case("size", (), dict(size=3))
    yield stateless("UpsamplingNearest2d", twice, sized, inputs=(IMAGE,))
    yield stateless("UpsamplingBilinear2d", twice, sized, inputs=(IMAGE,),
                    tolerance=ROUNDED)  # fmt: skip


def fractional(dimension, since):
    """A fractional pool, whose random numbers are given to it."""
    x = IMAGE if dimension == 2 else numbers(1, 1, 4, 4, 4)
    samples = torch.full((1, x.shape[1], dimension), 0.5)
    ratio = 0.75 if dimension == 2 else (0.5,) * 3
    return stateless(
        f"FractionalMaxPool{dimension}d",
        Case(args=(2,), options=dict(output_size=2, _random_samples=samples)),
        Case("ratio", (2,), dict(output_ratio=ratio, _random_samples=samples)),
        Case("indices", (2,), dict(output_size=2, return_indices=True,
                                   _random_samples=samples)),
        inputs=(x,),
        since=since,
    )  # fmt: skip


POOLING = (
    *pools(1),
    *pools(2),
    *pools(3),
    fractional(2, "1.0.0"),
    fractional(3, "1.1.0"),
    *paddings(),
    *upsamplings(),
)
