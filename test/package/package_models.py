"""Modules that goldens of torch.package hold."""

import torch

from common_compat import import_first
from common_values import numbers, with_numbers
from package_bc_sources import layers


def stack():
    """A module whose classes come from several files."""
    return with_numbers(layers.Stack())


def quantized_linear():
    """A quantized linear layer with numbers that need no rounding."""
    modules = import_first("torch.ao.nn.quantized", "torch.nn.quantized")
    linear = modules.Linear(4, 3)
    weight = torch.quantize_per_tensor(numbers(3, 4) / 4, 0.25, 0, torch.qint8)
    linear.set_weight_bias(weight, numbers(3))
    linear.scale, linear.zero_point = 0.5, 3
    return linear
