"""Models prepared and converted, in eager mode and with FX (Python 3.7, torch 1.3)."""

import inspect
import warnings

import torch
from torch import nn

from common_expected import Tolerance
from quant_case import Case
from quant_homes import nnqa, quantize_fx, tq
from quant_static_cases import ALL
from quant_training_cases import weights
from quant_values import activations, filled
from quantized_engines import FLOAT_KERNELS

GATES = Tolerance(
    atol=4.0,
    rtol=0.0,
    reason="qnnpack and oneDNN round the quantized sums of a gate, its sigmoid and its "
    "tanh each by themselves: a step of 1/128 of a gate is up to four of the output",
)


class Layers(nn.Module):
    """A convolution with normalization, and a linear layer, between stubs."""

    def __init__(self):
        super().__init__()
        self.quant = tq.QuantStub()
        self.conv = nn.Conv2d(1, 2, 2)
        self.bn = nn.BatchNorm2d(2)
        self.relu = nn.ReLU()
        self.linear = nn.Linear(8, 2)
        self.dequant = tq.DeQuantStub()

    def forward(self, x):
        x = self.relu(self.bn(self.conv(self.quant(x))))
        return self.dequant(self.linear(x.reshape(-1, 8)))


class Shortcut(nn.Module):
    """A convolution with a shortcut, and a function between layers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        self.linear = nn.Linear(9, 2)

    def forward(self, x):
        x = nn.functional.relu(self.conv(x) + x)
        return self.linear(x.reshape(-1, 9))


class Linears(nn.Module):
    """Linear layers, the modules with packed weights that can be pickled."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(9, 2)
        self.second = nn.Linear(2, 2)

    def forward(self, x):
        return self.second(nn.functional.relu(self.first(x.reshape(-1, 9))))


def inputs():
    """One image, for whose range an observer of 8 bits chooses the scale 1 / 64."""
    image = activations(1, 1, 3, 3).clamp(max=3)
    image[..., -1, -1] = image.min() + 255 / 64
    return (image,)


def config(training=False):
    """A qconfig that asks for no observer whose choice is an optimization."""
    if training:
        activation = tq.FakeQuantize.with_args(
            observer=tq.MovingAverageMinMaxObserver,
            quant_min=0,
            quant_max=255,
            dtype=torch.quint8,
            qscheme=torch.per_tensor_affine,
            reduce_range=False,
        )
        return tq.QConfig(activation=activation, weight=weights())
    weight = tq.MinMaxObserver.with_args(
        dtype=torch.qint8, qscheme=torch.per_tensor_symmetric
    )
    return tq.QConfig(activation=tq.MinMaxObserver, weight=weight)


def calibrated(model, n):
    """The model after it has seen an image."""
    for image in inputs():
        model(image * (n + 1))
    return model


def eager(n, training=False, convert=False):
    """``Layers`` prepared, or also converted, with modules put in place of others."""
    parts = ["conv", "bn", "relu"]
    model = filled(Layers(), n)
    model = model.train() if training else model.eval()
    # In training since 1.11 by a function of its own.
    fuse = getattr(tq, "fuse_modules_qat", None) if training else None
    model = (fuse or tq.fuse_modules)(model, parts)
    model.qconfig = config(training)
    prepare = tq.prepare_qat if training else tq.prepare
    prepared = calibrated(prepare(model), n)
    return tq.convert(prepared.eval()) if convert else prepared.eval()


def graph(n, training=False, convert=False, kind=Shortcut):
    """A model prepared, or also converted, with FX."""
    model = filled(kind(), n)
    model = model.train() if training else model.eval()
    prepare = quantize_fx.prepare_qat_fx if training else quantize_fx.prepare_fx
    options = {}
    # Since 1.13 it wants a mapping and examples.
    if "example_inputs" in inspect.signature(prepare).parameters:
        options["example_inputs"] = inputs()
    rules = {"": config(training)}
    if hasattr(tq, "QConfigMapping"):
        rules = tq.QConfigMapping().set_global(config(training))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepared = calibrated(prepare(model, rules, **options), n)
        return quantize_fx.convert_fx(prepared.eval()) if convert else prepared.eval()


def recurrent(n):
    """An LSTM converted from torch.ao.nn.quantizable."""
    model = nn.Sequential(tq.QuantStub(), nnqa.LSTM(2, 2))
    model = filled(model, n).eval()
    model.qconfig = config()
    prepared = tq.prepare(model)
    prepared(lstm_inputs()[0] * (n + 1))
    return tq.convert(prepared)


def lstm_inputs():
    """A sequence of two."""
    return (activations(2, 1, 2),)


EAGER = [
    Case("EagerPrepared", eager, inputs, "1.3.0", module=None, tolerance=FLOAT_KERNELS),
    Case("EagerTraining", lambda n: eager(n, training=True), inputs, "1.3.0",
         module=None, tolerance=FLOAT_KERNELS),
    Case("EagerConverted", lambda n: eager(n, convert=True), inputs, "1.3.0",
         module=None, engines=ALL),
]  # fmt: skip
FX = [
    # A GraphModule that observes holds a local function, which no release pickles.
    Case("FxPrepared", graph, inputs, "1.8.0", module=None, tolerance=FLOAT_KERNELS),
    Case("FxTraining", lambda n: graph(n, training=True), inputs, "1.8.0", module=None,
         tolerance=FLOAT_KERNELS),
    Case("FxConverted", lambda n: graph(n, convert=True), inputs, "1.8.0", module=None,
         engines=ALL),
    Case("FxLinears", lambda n: graph(n, convert=True, kind=Linears), inputs, "1.8.0",
         engines=ALL),
]  # fmt: skip
RECURRENT = [
    Case("QuantizedLSTM", recurrent, lstm_inputs, "1.8.0", module=None, engines=ALL,
         tolerances={"qnnpack": GATES, "onednn": GATES}, covers=("quantized.LSTM",)),
]  # fmt: skip
