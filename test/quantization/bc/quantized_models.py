"""The quantized modules under test, and what is told of them (torch 1.0, Python 3.7).

Importing this needs no quantization: what a release lacks is None here.
"""

import contextlib
import inspect

import torch

from common_utils import import_first

# Names that moved: torch.quantization and torch.nn.quantized became parts of
# torch.ao between 1.10 and 1.13.
tq = import_first(
    "torch.ao.quantization", "torch.quantization", having="default_qconfig"
)
quantize_jit = import_first(
    "torch.ao.quantization.quantize_jit", "torch.quantization.quantize_jit"
)
quantize_fx = import_first(
    "torch.ao.quantization.quantize_fx", "torch.quantization.quantize_fx"
)
nnq = import_first("torch.ao.nn.quantized", "torch.nn.quantized")
nnqd = import_first("torch.ao.nn.quantized.dynamic", "torch.nn.quantized.dynamic")
package_models = import_first(
    "torch.testing._internal.quantization_torch_package_models"
)
nniq = import_first("torch.ao.nn.intrinsic.quantized", "torch.nn.intrinsic.quantized")


def remove_prefix(text, prefix):
    """``text`` without ``prefix``, if it begins with it."""
    return text[len(prefix) :] if text.startswith(prefix) else text


def save(value, path, new_zipfile_serialization=False):
    """``torch.save`` in the container asked for; before 1.4 there was but one."""
    options = {}
    if "_use_new_zipfile_serialization" in inspect.signature(torch.save).parameters:
        options["_use_new_zipfile_serialization"] = new_zipfile_serialization
    torch.save(value, path, **options)


def trace(module, value):
    """A trace; its own check copies its input, which 1.3 cannot if it is quantized."""
    return torch.jit.trace(module, value, check_trace=False)


def make_input(size, quantized):
    """A seeded input; quantized, it stays far below what int16 sums saturate at."""
    value = torch.rand(*size) * 8
    if quantized:
        return torch.quantize_per_tensor(value, 0.5, 2, torch.quint8)
    return value


def with_parameters(qmodule, weight_shape, quantized=True):
    """``qmodule`` with seeded weight, bias, and where it has them scale, zero point.

    A new quantized module's weight is uninitialised memory.
    """
    weight = torch.rand(*weight_shape) * 2 - 1
    if quantized:
        weight = torch.quantize_per_tensor(weight, 1 / 64, 0, torch.qint8)
    bias = torch.rand(weight_shape[0]) if qmodule.bias() is not None else None
    qmodule.set_weight_bias(weight, bias)
    if hasattr(qmodule, "scale"):
        qmodule.scale = 0.25
        qmodule.zero_point = 100
    return qmodule


def conv2d_model(bias):
    """A float model of one Conv2d."""
    return torch.nn.Sequential(torch.nn.Conv2d(3, 3, kernel_size=3, bias=bias)).eval()


class LSTMModule(torch.nn.Module):
    """One LSTM, from 3 features to 7."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(input_size=3, hidden_size=7, num_layers=1)

    def forward(self, x):
        return self.lstm(x)


class LinearReLU(torch.nn.Module):
    """A float Linear and ReLU."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(5, 5)
        self.relu = torch.nn.ReLU()

    def forward(self, x):
        return self.relu(self.linear(x))


def quantize_with_fx(module, value):
    """``module`` prepared with FX, calibrated with ``value``, and converted.

    1.13 added QConfigMapping and example_inputs.
    """
    if hasattr(tq, "QConfigMapping"):
        qconfig = tq.QConfigMapping().set_global(tq.default_qconfig)
    else:
        qconfig = {"": tq.default_qconfig}
    options = {}
    if "example_inputs" in inspect.signature(quantize_fx.prepare_fx).parameters:
        options["example_inputs"] = (value,)
    prepared = quantize_fx.prepare_fx(module, qconfig, **options)
    prepared(value)
    return quantize_fx.convert_fx(prepared)


def observed_ranges(model):
    """What each observer saw and each fake quantization uses, by module.

    Plain numbers: shapes and integer types of these changed from release to release
    without a change of meaning, and so did the plural of min_val and max_val.
    """
    ranges = {}
    for name, module in sorted(model.named_modules()):
        for attribute in ("min_val", "max_val", "scale", "zero_point"):
            value = getattr(module, attribute, getattr(module, attribute + "s", None))
            if isinstance(value, torch.Tensor):
                key = remove_prefix(f"{name}.{attribute}", ".")
                ranges[key] = value.reshape(-1).tolist()
    return ranges


@contextlib.contextmanager
def poisoned_memory():
    """Fill uninitialised memory with NaN, where torch (2.2 and later) can.

    A loader that allocates and does not fill must not pass or fail by chance.
    """
    if not hasattr(torch.utils, "deterministic"):
        yield
        return
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def plain_state(state_dict):
    """A state_dict as plain data: an ordinary dict, packed parameters left out.

    Packed parameters are objects of TorchScript classes; the output shows them.
    """
    return {
        key: value
        for key, value in state_dict.items()
        if not isinstance(value, getattr(torch._C, "ScriptObject", ()))
    }
