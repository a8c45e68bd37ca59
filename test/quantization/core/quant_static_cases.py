"""Modules that take and give quantized tensors (Python 3.7, torch 1.3)."""

import torch

from quant_case import Case
from quant_homes import nniq, nnq, nnsq, nnsqd
from quant_values import (
    activations,
    bias_numbers,
    dynamic_activations,
    filled,
    fractions,
    observable,
    quantized_activations,
    with_output_scale,
    with_weight,
)

# With each engine since it came.
ALL = {"fbgemm": "1.3.0", "qnnpack": "1.3.0", "x86": "1.13.0", "onednn": "1.12.0"}
X86 = {key: value for key, value in ALL.items() if key != "qnnpack"}
# qnnpack learned to have scales by channel.
CHANNELS = dict(ALL, qnnpack="1.6.0")
# oneDNN has no output padding.
PADDED = {key: value for key, value in ALL.items() if key != "onednn"}


def image(*shape):
    """Inputs of one quantized tensor of this shape."""
    return lambda: (quantized_activations(*shape),)


def conv(package, name, arguments, shape, options=None, axis=None, whole=False):
    """Makes a convolution of the class ``name`` with a weight of this shape."""

    def make(n):
        module = getattr(package, name)(*arguments, **(options or {}))
        return with_weight(module, *shape, n=n, axis=axis, whole=whole)

    return make


def output_scaled(name, *arguments):
    """Makes a module with these arguments, which its state_dict leaves out."""
    return lambda n: getattr(nnq, name)(*arguments)


def batch_norm(package, name):
    """Makes a normalization over batches, with statistics."""
    return lambda n: with_output_scale(filled(getattr(package, name)(2), n), n).eval()


def affine_norm(name, size, *arguments, channels=2):
    """Makes a normalization that is given weight and bias."""

    def make(n):
        weight = torch.nn.Parameter(fractions(channels, n=n))
        bias = torch.nn.Parameter(bias_numbers(channels, n))
        module = getattr(nnq, name)
        return module(
            size, *arguments, weight, bias, (n + 1) / 8, 60 - n, **OPTIONS.get(name, {})
        )

    return make


# Without it weight and bias of these are None.
OPTIONS = {f"InstanceNorm{d}d": {"affine": True} for d in (1, 2, 3)}


def embedding(name, dtype="quint8"):
    """Makes an embedding of 3 rows, each with a scale and a zero point of its own."""

    def make(n):
        kind = getattr(torch, dtype)
        module = getattr(nnq, name)(3, 4, dtype=kind)
        scales = torch.tensor([0.25, 0.5, 1.0]) * (n + 1)
        zero_points = torch.tensor([1.0, 2.0, 3.0 + n])
        weight = torch.quantize_per_channel(
            fractions(3, 4, n=n) * 4, scales, zero_points, 0, kind
        )
        module.set_weight(weight)
        return module

    return make


def bag_inputs():
    """Indices, where each bag begins, and the weights of their rows."""
    return (
        torch.tensor([2, 0, 1, 1]),
        torch.tensor([0, 3]),
        torch.tensor([1.0, 0.5, 2.0, 0.25]),
    )


def q_functional(n):
    """A QFunctional with an output scale."""
    return with_output_scale(nnq.QFunctional(), n)


def call_functional(module, x, y):
    """Results of its operations."""
    return [
        module.add(x, y),
        module.mul(x, y),
        module.cat([x, y], 0),
        module.add_relu(x, y),
        module.add_scalar(x, 0.5),
        module.mul_scalar(x, 0.5),
    ]


def p_relu(n):
    """A PReLU with two slopes."""
    module = nnq.PReLU(0.125, 60, 2)
    weight = torch.quantize_per_tensor(fractions(2, n=n).abs(), 1 / 64, 0, torch.quint8)
    module.set_weight(weight)
    return module


def pair(*shape):
    """Inputs of two quantized tensors of this shape."""
    return lambda: (quantized_activations(*shape), quantized_activations(*shape))


def sparse_linear(package):
    """Makes a Linear with a weight in blocks of 1 x 4."""

    def make(n):
        module = package.Linear(8, 2, 1, 4)
        weight = fractions(2, 8, n=n)
        weight[0, :4] = 0
        weight = torch.quantize_per_channel(
            weight,
            torch.tensor([1 / 64, 1 / 32]).double(),
            torch.zeros(2, dtype=torch.long),
            0,
            torch.qint8,
        )
        module.set_weight_bias(weight, bias_numbers(2, n), 1, 4)
        return with_output_scale(module, n)

    return make


CONVOLUTIONS = [
    Case("Conv1d", conv(nnq, "Conv1d", (2, 3, 2), (3, 2, 2)), image(1, 2, 4), "1.6.0",
         engines=ALL, covers=("quantized.Conv1d",)),
    Case("Conv1dReflect",
         conv(nnq, "Conv1d", (2, 3, 2, 1, 1), (3, 2, 2), {"padding_mode": "reflect"}),
         image(1, 2, 4), "1.8.0", engines=ALL, module=None),
    Case("Conv2dGrouped", conv(nnq, "Conv2d", (2, 4, 3, 2, 1, 1, 2), (4, 1, 3, 3)),
         image(1, 2, 4, 4), "1.3.0", engines=ALL, module=None),
    Case("Conv2dPerChannel", conv(nnq, "Conv2d", (2, 3, 2), (3, 2, 2, 2), axis=0),
         image(1, 2, 3, 3), "1.3.0", engines=CHANNELS, module=None),
    Case("ConvTranspose1d", conv(nnq, "ConvTranspose1d", (2, 3, 2, 2), (2, 3, 2)),
         image(1, 2, 3), "1.8.0", engines=ALL, module=None,
         covers=("quantized.ConvTranspose1d",)),
    Case("ConvTranspose2d",
         conv(nnq, "ConvTranspose2d", (2, 3, 2, 2, 0, 1), (2, 3, 2, 2)),
         image(1, 2, 3, 3), "1.8.0", engines=PADDED, module=None, scripted="1.8.0",
         covers=("quantized.ConvTranspose2d",)),
    Case("ConvTranspose3d", conv(nnq, "ConvTranspose3d", (2, 3, 2, 2), (2, 3, 2, 2, 2)),
         image(1, 2, 2, 2, 2), "1.11.0", engines=X86, module=None,
         covers=("quantized.ConvTranspose3d",)),
    Case("ConvReLU1d", conv(nniq, "ConvReLU1d", (2, 3, 2), (3, 2, 2)), image(1, 2, 4),
         "1.6.0", engines=ALL, module=None, covers=("intrinsic.quantized.ConvReLU1d",)),
    Case("ConvAdd2d", conv(nniq, "ConvAdd2d", (2, 2, 1), (2, 2, 1, 1)),
         pair(1, 2, 3, 3), "2.0.0", engines={"onednn": "2.0.0"}, module=None,
         covers=("intrinsic.quantized.ConvAdd2d",)),
    Case("ConvAddReLU2d", conv(nniq, "ConvAddReLU2d", (2, 2, 1), (2, 2, 1, 1)),
         pair(1, 2, 3, 3), "2.0.0", engines={"onednn": "2.0.0"}, module=None,
         covers=("intrinsic.quantized.ConvAddReLU2d",)),
]  # fmt: skip
LINEARS = [
    Case("LinearPerChannel", conv(nnq, "Linear", (3, 2), (2, 3), axis=0), image(2, 3),
         "1.3.0", engines=CHANNELS, module="1.6.0", traced="1.3.0"),
    Case("LinearNoBias", conv(nnq, "Linear", (3, 2, False), (2, 3)), image(2, 3),
         "1.3.0", engines=X86, module=None),  # qnnpack makes a bias of zeros
    Case("LinearLeakyReLU", conv(nniq, "LinearLeakyReLU", (3, 2, 0.25), (2, 3)),
         image(2, 3), "2.0.0", engines={"onednn": "2.0.0"},
         covers=("intrinsic.quantized.LinearLeakyReLU",)),
    Case("LinearTanh", conv(nniq, "LinearTanh", (3, 2), (2, 3)), image(2, 3), "2.0.0",
         engines={"onednn": "2.0.0"}, module=None,
         covers=("intrinsic.quantized.LinearTanh",)),
    Case("SparseLinear", sparse_linear(nnsq), image(2, 8), "1.9.0",
         engines={"fbgemm": "1.9.0"},
         covers=("sparse.quantized.Linear", "sparse.quantized.LinearPackedParams")),
    Case("SparseDynamicLinear", sparse_linear(nnsqd),
         lambda: (dynamic_activations(2, 8),), "1.9.0", engines={"qnnpack": "1.9.0"},
         covers=("sparse.quantized.dynamic.Linear",)),
]  # fmt: skip
EMBEDDINGS = [
    Case("Embedding", embedding("Embedding"), lambda: (torch.tensor([2, 0, 1]),),
         "1.7.0", engines=ALL, covers=("quantized.Embedding",)),
    Case("Embedding4bit", embedding("Embedding", "quint4x2"),
         lambda: (torch.tensor([2, 0, 1]),), "1.12.0", engines=ALL, module=None),
    Case("EmbeddingBag", embedding("EmbeddingBag"), bag_inputs, "1.7.0", engines=ALL,
         scripted="1.7.0", covers=("quantized.EmbeddingBag",)),
    Case("EmbeddingBag4bit", embedding("EmbeddingBag", "quint4x2"), bag_inputs, "1.8.0",
         engines=ALL, scripted="1.8.0", module=None),
]  # fmt: skip
NORMS = [
    Case("BatchNorm2d", batch_norm(nnq, "BatchNorm2d"), image(1, 2, 2, 2), "1.5.0",
         scripted="1.6.0", covers=("quantized.BatchNorm2d",)),
    Case("BatchNorm3d", batch_norm(nnq, "BatchNorm3d"), image(1, 2, 1, 2, 2), "1.5.0",
         module=None, covers=("quantized.BatchNorm3d",)),
    Case("BNReLU2d", batch_norm(nniq, "BNReLU2d"), image(1, 2, 2, 2), "1.6.0",
         module=None, covers=("intrinsic.quantized.BNReLU2d",)),
    Case("BNReLU3d", batch_norm(nniq, "BNReLU3d"), image(1, 2, 1, 2, 2), "1.6.0",
         module=None, covers=("intrinsic.quantized.BNReLU3d",)),
    Case("LayerNorm", affine_norm("LayerNorm", [4], channels=4), image(2, 4), "1.6.0",
         scripted="1.6.0", covers=("quantized.LayerNorm",)),
    Case("GroupNorm", affine_norm("GroupNorm", 1, 2), image(1, 2, 2, 2), "1.6.0",
         module=None, covers=("quantized.GroupNorm",)),
    Case("InstanceNorm1d", affine_norm("InstanceNorm1d", 2), image(1, 2, 4), "1.6.0",
         covers=("quantized.InstanceNorm1d",)),
    Case("InstanceNorm2d", affine_norm("InstanceNorm2d", 2), image(1, 2, 2, 2), "1.6.0",
         module=None, covers=("quantized.InstanceNorm2d",)),
    Case("InstanceNorm3d", affine_norm("InstanceNorm3d", 2), image(1, 2, 1, 2, 2),
         "1.6.0", module=None, covers=("quantized.InstanceNorm3d",)),
]  # fmt: skip
ACTIVATIONS = [
    Case("ReLU", lambda n: nnq.ReLU(), image(3, 4), "1.3.0", until="1.7.1",
         scripted="1.3.0", traced="1.3.0", covers=("quantized.ReLU",)),
    Case("ReLU6", lambda n: nnq.ReLU6(), image(3, 4), "1.3.0", scripted="1.3.0",
         covers=("quantized.ReLU6",)),
    Case("MaxPool2d", lambda n: nnq.MaxPool2d(2), image(1, 2, 4, 4), "1.3.0",
         covers=("quantized.MaxPool2d",)),
    Case("Hardswish", lambda n: nnq.Hardswish((n + 1) / 8, 60 - n), image(3, 4),
         "1.6.0", scripted="1.6.0", module=None, covers=("quantized.Hardswish",)),
    Case("ELU", output_scaled("ELU", 0.125, 60), image(3, 4), "1.6.0", scripted="1.6.0",
         module=None, covers=("quantized.ELU",)),
    Case("LeakyReLU", lambda n: nnq.LeakyReLU((n + 1) / 8, 60 - n, 0.25), image(3, 4),
         "1.8.0", scripted="1.8.0", covers=("quantized.LeakyReLU",)),
    Case("Sigmoid", output_scaled("Sigmoid", 0.125, 60), image(3, 4), "1.8.0",
         scripted="1.8.0", covers=("quantized.Sigmoid",)),
    Case("Softmax", output_scaled("Softmax", 1, 0.125, 60), image(3, 4), "1.12.0",
         scripted="1.12.0", module=None, covers=("quantized.Softmax",)),
    Case("PReLU", p_relu, image(1, 2, 4), "1.13.0", covers=("quantized.PReLU",)),
    Case("Dropout", lambda n: nnq.Dropout(0.25), image(3, 4), "1.11.0",
         covers=("quantized.Dropout",)),
    Case("Quantize", lambda n: nnq.Quantize((n + 1) / 2, 3 + n, torch.quint8),
         lambda: (activations(3, 4),), "1.3.0", covers=("quantized.Quantize",)),
    # Halves between two steps: whether the zero point is added before rounding shows.
    Case("QuantizeHalves", lambda n: nnq.Quantize(n + 1.0, 3 + n, torch.quint8),
         lambda: (activations(3, 4),), "1.3.0", module=None),
    Case("DeQuantize", lambda n: nnq.DeQuantize(), image(3, 4), "1.3.0",
         covers=("quantized.DeQuantize",)),
    Case("QFunctional", q_functional, pair(2, 3), "1.3.0", call=call_functional,
         covers=("quantized.QFunctional",)),
    Case("FloatFunctional", lambda n: nnq.FloatFunctional(),
         lambda: (activations(2, 3), observable(2, 3)), "1.3.0", call=call_functional,
         covers=("quantized.FloatFunctional",)),
    Case("FXFloatFunctional", lambda n: nnq.FXFloatFunctional(),
         lambda: (activations(2, 3), observable(2, 3)), "1.8.0", call=call_functional,
         module=None, covers=("quantized.FXFloatFunctional",)),
]  # fmt: skip
