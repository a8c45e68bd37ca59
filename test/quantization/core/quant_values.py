"""Weights, activations and parameters for quantized modules (Python 3.7, torch 1.0).

They are chosen so that quantizing them and the sums of a kernel need no rounding: what
an integer kernel computes is then the same with every engine.  Each function takes
``n``: 0 makes what is saved, 1 makes other values for what is to load it.
"""

import torch

# Of weights whose largest element is LARGEST an observer makes the scale 1 / 64.
LARGEST = 255 / 128
INPUT_SCALE = 0.5
INPUT_ZERO_POINT = 2


def constant(name):
    """The constant of torch that is called so, None where this torch has it not."""
    return getattr(torch, name, None)


def fractions(*shape, n=0):
    """Multiples of 1/4 from -3/4 to 3/4."""
    count = 1
    for size in shape:
        count *= size
    return ((torch.arange(count) * 3 + n) % 7 - 3).float().reshape(shape) / 4


def observable(*shape, n=0):
    """``fractions``, with one element that makes an observer choose a round scale.

    It is 1 / 64 for 0 and 1 / 32 for 1.
    """
    values = fractions(*shape, n=n)
    values.view(-1)[0] = LARGEST * (n + 1)
    return values


def bias_numbers(size, n=0):
    """A bias of multiples of 1/4 that are not those of ``fractions``."""
    return torch.arange(size).float() / 4 - 0.5 + n


def activations(*shape):
    """Multiples of 1/2 from -1/2 to 7/2."""
    count = 1
    for size in shape:
        count *= size
    return ((torch.arange(count) * 5) % 9 - 1).float().reshape(shape) / 2


def quantized_activations(*shape):
    """``activations`` as quint8."""
    return torch.quantize_per_tensor(
        activations(*shape), INPUT_SCALE, INPUT_ZERO_POINT, torch.quint8
    )


def dynamic_activations(*shape):
    """Integers from -63 to 64, ends included, with a kernel's 7 bits exact."""
    values = activations(*shape) * 2
    values.view(-1)[0] = -63
    values.view(-1)[-1] = 64
    return values


def row_activations(*shape):
    """Rows of multiples of 1/64 from -63/64 to 1, so that 7 bits hold each row."""
    values = activations(*shape) / 8
    values[..., 0] = -63 / 64
    values[..., -1] = 1
    return values


def quantized_weight(*shape, n=0, axis=None, whole=False):
    """``fractions`` as qint8; with ``axis`` each channel has its own scale.

    If ``whole`` they are -1, 0 and 1, and few but 0.
    """
    values = fractions(*shape, n=n)
    values = (values * 4 / 3).trunc() if whole else values
    if axis is None:
        return torch.quantize_per_tensor(values, 1 / (64 >> n), 0, torch.qint8)
    channels = shape[axis]
    scales = torch.tensor([1 / (64 >> (i + n) % 3) for i in range(channels)])
    zero_points = torch.zeros(channels, dtype=torch.long)
    return torch.quantize_per_channel(
        values, scales.double(), zero_points, axis, torch.qint8
    )


def with_weight(module, *shape, n=0, axis=None, whole=False):
    """A quantized module with a packed weight of this shape, bias, and output scale.

    If ``whole`` weight and bias are integers.
    """
    bias = None
    if module.bias() is not None:
        bias = bias_numbers(module.bias().numel(), n) * (4 if whole else 1)
    weight = quantized_weight(*shape, n=n, axis=axis, whole=whole)
    module.set_weight_bias(weight, bias)
    return with_output_scale(module, n)


def with_output_scale(module, n):
    """The module with its scale and zero point, be they numbers or buffers."""
    for name, value in (("scale", (n + 1) / 8), ("zero_point", 100 - n)):
        old = getattr(module, name, None)
        if isinstance(old, torch.Tensor):
            old.fill_(value)
        elif old is not None:
            setattr(module, name, value)
    return module


def filled(module, n):
    """A module with each of its parameters and statistics set."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if isinstance(tensor, torch.Tensor):
                # Until 1.6 the factors of a fused normalization are called gamma.
                name = name.replace("bn.weight", "gamma")
                _fill(name.rpartition(".")[2], tensor, n)
    return module


def _fill(name, tensor, n):
    if name.endswith(("_scale", "_zero_point", "_axis")):
        return
    if name == "num_batches_tracked":
        tensor.fill_(n + 2)
    elif name in ("running_var", "gamma"):
        # Never 0, by which training divides.
        tensor.copy_(fractions(*tensor.shape, n=n) ** 2 + 1)
    elif name in ("running_mean", "in_proj_weight") or name[:6] == "weight":
        tensor.copy_(observable(*tensor.shape, n=n))
    elif name in ("beta", "in_proj_bias") or name[:4] == "bias":
        tensor.copy_(bias_numbers(tensor.numel(), n))
