"""Fused float modules, and those of training for quantization (torch 1.3)."""

import torch

from common_expected import Tolerance
from common_releases import parse_release
from quant_case import Case
from quant_homes import nni, nniqat, nnqa, nnqat, nnqatd, tq
from quant_values import activations, filled
from quantized_engines import FLOAT_KERNELS

# Before it a qconfig, and what holds one, cannot be pickled.
PICKLED = "1.10.0"
DIVIDED = Tolerance(
    atol=1e-6,
    rtol=1e-6,
    reason="float32 divided by the root of a variance, multiplied and summed in an "
    "order that depends on the CPU",
)
LEVELLED = Tolerance(
    atol=2e-5,
    rtol=0.0,
    reason="the weights of a channel become so small that its values are all alike: "
    "batch normalization takes the last bits of a float32, which depend on the CPU, "
    "times the root of 1/eps, 316",
)


def weights(**options):
    """A fake quantization of weights whose numbers are exact for ``observable``."""
    settings = dict(
        observer=tq.MovingAverageMinMaxObserver,
        quant_min=-128,
        quant_max=127,
        dtype=torch.qint8,
        qscheme=torch.per_tensor_symmetric,
        reduce_range=False,
    )
    settings.update(options)
    return tq.FakeQuantize.with_args(**settings)


def qat_config():
    """The qconfig of the modules here."""
    return tq.QConfig(activation=tq.default_fake_quant, weight=weights())


def dynamic_config():
    """The qconfig that a dynamic Linear demands, whose observers forget."""
    forgetful = weights(averaging_constant=1)
    return tq.QConfig(activation=forgetful, weight=forgetful)


def embedding_config():
    """The qconfig that embeddings demand."""
    weight = weights(
        observer=tq.MovingAveragePerChannelMinMaxObserver,
        quant_min=0,
        quant_max=255,
        dtype=torch.quint8,
        qscheme=torch.per_channel_affine_float_qparams,
        ch_axis=0,
    )
    return tq.QConfig(activation=tq.default_placeholder_observer, weight=weight)


def trained(package, name, arguments, inputs, config=qat_config, **options):
    """Makes a module that has seen weights and, with statistics, inputs."""

    def make(n):
        module = getattr(package, name)(*arguments, qconfig=config(), **options)
        module = filled(module, n).train()
        module(*inputs())
        return module

    return make


def fused(name, *parts):
    """Makes a sequence that stands for one fused module."""

    def make(n):
        modules = [getattr(torch.nn, part)(*arguments) for part, *arguments in parts]
        return filled(getattr(nni, name)(*modules), n).eval()

    return make


def image(*shape):
    """Inputs of one float tensor of this shape."""
    return lambda: (activations(*shape),)


def indices():
    """Inputs of an embedding."""
    return (torch.tensor([2, 0]),)


def bags():
    """Inputs of an embedding that sums its rows."""
    return (torch.tensor([[2, 0]]),)


def added(name, *after):
    """Makes a convolution fused with the sum of two tensors."""

    def make(n):
        convolution = torch.nn.Conv2d(2, 2, 1)
        return filled(getattr(nni, name)(convolution, torch.add, *after), n).eval()

    return make


CONV1, CONV2, CONV3 = (("Conv%dd" % d, 2, 3, 2) for d in (1, 2, 3))
BN1, BN2, BN3 = (("BatchNorm%dd" % d, 3) for d in (1, 2, 3))
RELU, LINEAR = ("ReLU",), ("Linear", 3, 2)
IMAGES = {1: image(1, 2, 4), 2: image(1, 2, 3, 3), 3: image(1, 2, 2, 2, 3)}

FUSED = [
    Case("LinearReLU", fused("LinearReLU", LINEAR, RELU), image(2, 3), "1.3.0",
         covers=("intrinsic.LinearReLU",)),
    Case("ConvReLU2d", fused("ConvReLU2d", CONV2, RELU), IMAGES[2], "1.3.0",
         module=None, covers=("intrinsic.ConvReLU2d",)),
    Case("ConvReLU1d", fused("ConvReLU1d", CONV1, RELU), IMAGES[1], "1.6.0",
         module=None, covers=("intrinsic.ConvReLU1d",)),
    Case("ConvReLU3d", fused("ConvReLU3d", CONV3, RELU), IMAGES[3], "1.4.0",
         module=None, covers=("intrinsic.ConvReLU3d",)),
    Case("ConvBn1d", fused("ConvBn1d", CONV1, BN1), IMAGES[1], "1.6.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.ConvBn1d",)),
    Case("ConvBn2d", fused("ConvBn2d", CONV2, BN2), IMAGES[2], "1.3.0",
         tolerance=DIVIDED, covers=("intrinsic.ConvBn2d",)),
    Case("ConvBn3d", fused("ConvBn3d", CONV3, BN3), IMAGES[3], "1.6.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.ConvBn3d",)),
    Case("ConvBnReLU1d", fused("ConvBnReLU1d", CONV1, BN1, RELU), IMAGES[1], "1.6.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.ConvBnReLU1d",)),
    Case("ConvBnReLU2d", fused("ConvBnReLU2d", CONV2, BN2, RELU), IMAGES[2], "1.3.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.ConvBnReLU2d",)),
    Case("ConvBnReLU3d", fused("ConvBnReLU3d", CONV3, BN3, RELU), IMAGES[3], "1.6.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.ConvBnReLU3d",)),
    Case("BNReLU2d", fused("BNReLU2d", ("BatchNorm2d", 2), RELU), IMAGES[2], "1.6.0",
         tolerance=DIVIDED, covers=("intrinsic.BNReLU2d",)),
    Case("BNReLU3d", fused("BNReLU3d", ("BatchNorm3d", 2), RELU), IMAGES[3], "1.6.0",
         tolerance=DIVIDED, module=None, covers=("intrinsic.BNReLU3d",)),
    Case("LinearBn1d", fused("LinearBn1d", LINEAR, ("BatchNorm1d", 2)), image(2, 3),
         "1.12.0", tolerance=DIVIDED, covers=("intrinsic.LinearBn1d",)),
    Case("LinearLeakyReLU", fused("LinearLeakyReLU", LINEAR, ("LeakyReLU", 0.25)),
         image(2, 3), "2.0.0", module=None, covers=("intrinsic.LinearLeakyReLU",)),
    Case("LinearTanh", fused("LinearTanh", LINEAR, ("Tanh",)), image(2, 3), "2.0.0",
         tolerance=FLOAT_KERNELS, module=None, covers=("intrinsic.LinearTanh",)),
    Case("ConvAdd2d", added("ConvAdd2d"),
         lambda: (activations(1, 2, 2, 2), activations(1, 2, 2, 2)), "2.0.0",
         covers=("intrinsic.ConvAdd2d",)),
    Case("ConvAddReLU2d", added("ConvAddReLU2d", torch.nn.ReLU()),
         lambda: (activations(1, 2, 2, 2), activations(1, 2, 2, 2)), "2.0.0",
         module=None, covers=("intrinsic.ConvAddReLU2d",)),
]  # fmt: skip


def qat(package, name, since, dimensions=None, tolerance=None, module="", **options):
    """A case of quantization-aware training: a Linear, or convolution so and so."""
    inputs = IMAGES[dimensions] if dimensions else image(2, 3)
    if module == "" and parse_release(since) < parse_release(PICKLED):
        module = PICKLED
    arguments = (2, 3, 2) if dimensions else (3, 2)
    home = "intrinsic.qat" if package is nniqat else "qat"
    if package is nnqatd:
        home = "qat.dynamic"
    prefix = {"qat": "", "qat.dynamic": "Dynamic", "intrinsic.qat": "Intrinsic"}[home]
    return Case(prefix + name, trained(package, name, arguments, inputs, **options),
                inputs, since, module=module, tolerance=tolerance,
                covers=(f"{home}.{name}",))  # fmt: skip


TRAINED = [
    qat(nnqat, "Linear", "1.3.0"),
    qat(nnqatd, "Linear", "1.12.0", config=dynamic_config, module=None),
    qat(nnqat, "Conv1d", "1.12.0", 1, module=None),
    qat(nnqat, "Conv2d", "1.3.0", 2),
    qat(nnqat, "Conv3d", "1.9.0", 3, module=None),
    Case("Embedding",
         trained(nnqat, "Embedding", (3, 4), indices, embedding_config),
         indices, "1.11.0", covers=("qat.Embedding",)),
    Case("EmbeddingBag",
         trained(nnqat, "EmbeddingBag", (3, 4), bags, embedding_config, mode="sum"),
         bags, "1.11.0", module=None,
         covers=("qat.EmbeddingBag",)),
    qat(nniqat, "LinearReLU", "1.3.0", module=None),
    qat(nniqat, "LinearBn1d", "1.12.0", tolerance=DIVIDED, module=None),
    qat(nniqat, "ConvReLU1d", "1.12.0", 1, module=None),
    qat(nniqat, "ConvReLU2d", "1.3.0", 2, module=None),
    qat(nniqat, "ConvReLU3d", "1.9.0", 3, module=None),
    qat(nniqat, "ConvBn1d", "1.8.0", 1, DIVIDED, module=None),
    qat(nniqat, "ConvBn2d", "1.3.0", 2, LEVELLED),
    qat(nniqat, "ConvBn3d", "1.9.0", 3, DIVIDED, module=None),
    qat(nniqat, "ConvBnReLU1d", "1.8.0", 1, DIVIDED, module=None),
    qat(nniqat, "ConvBnReLU2d", "1.3.0", 2, DIVIDED, module=None),
    qat(nniqat, "ConvBnReLU3d", "1.9.0", 3, DIVIDED, module=None),
]  # fmt: skip

QUANTIZABLE = [
    Case("LSTM", lambda n: filled(nnqa.LSTM(2, 2), n), image(2, 1, 2), "1.8.0",
         tolerance=FLOAT_KERNELS, module=None, covers=("quantizable.LSTM",)),
    Case("LSTMCell", lambda n: filled(nnqa.LSTMCell(2, 2), n), image(1, 2), "1.8.0",
         tolerance=FLOAT_KERNELS, module=None, covers=("quantizable.LSTMCell",)),
    Case("MultiheadAttention",
         lambda n: filled(nnqa.MultiheadAttention(2, 1), n).eval(),
         lambda: (activations(2, 1, 2),) * 3, "1.9.0", tolerance=FLOAT_KERNELS,
         module=None, covers=("quantizable.MultiheadAttention",)),
]  # fmt: skip
