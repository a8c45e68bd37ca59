"""Scripted networks that were frozen, quantized, copied or converted (torch 1.0)."""

import copy
import inspect
import io

import torch
from torch import nn

from common_compat import import_first
from common_values import numbers, with_numbers

tq = import_first(
    "torch.ao.quantization", "torch.quantization", having="get_default_qconfig"
)
quantize_jit = import_first(
    "torch.ao.quantization.quantize_jit", "torch.quantization.quantize_jit"
)
quantize_fx = import_first(
    "torch.ao.quantization.quantize_fx", "torch.quantization.quantize_fx"
)
export = getattr(torch.jit, "export", lambda method: method)
# So small that normalisation divides by one exactly.
TINY = 1e-30
EXAMPLE = numbers(1, 1, 3, 3)


class Network(nn.Module):
    """Dropout, convolution, normalisation and a linear layer.

    Dropout of the input: in eval mode its gradient is wrong in releases 1.4 to 1.6.
    """

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 2)
        self.norm = nn.BatchNorm2d(2, eps=TINY)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(8, 2)

    def forward(self, x):
        return self.linear(self.features(x).reshape(-1, 8))

    def features(self, x):
        return torch.relu(self.norm(self.conv(self.dropout(x))))


class WithMethods(Network):
    """The same with an attribute that one more method of TorchScript changes."""

    def __init__(self):
        super().__init__()
        self.offset = 3

    def forward(self, x):
        return self.linear(self.features(x).reshape(-1, 8)) + self.offset

    @export
    def set_offset(self, offset: int):
        self.offset = offset


class ForQuantization(nn.Module):
    """What static quantization takes: convolution, ReLU, a sum and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(1, 2, 2), nn.ReLU()
        self.linear = nn.Linear(8, 2)

    def forward(self, x):
        return self.linear(self.relu(self.conv(x)).reshape(-1, 8))


def scripted_network():
    """The scripted network in eval mode."""
    return torch.jit.script(with_numbers(Network()).eval())


def frozen():
    """Without attributes: parameters are constants of the code."""
    return torch.jit.freeze(scripted_network())


def frozen_preserving():
    """With one more method kept, and so the attribute that it changes."""
    network = torch.jit.script(with_numbers(WithMethods()).eval())
    return torch.jit.freeze(network, preserved_attrs=["set_offset"])


def frozen_as_is():
    """Frozen, and nothing folded."""
    return torch.jit.freeze(scripted_network(), optimize_numerics=False)


def frozen_then_optimized():
    """The same with folding as a step of its own."""
    module = frozen_as_is()
    torch.jit.run_frozen_optimizations(module)
    return module


def fused():
    """Convolution and normalisation made one before scripting."""
    network = tq.fuse_modules(with_numbers(Network()).eval(), [["conv", "norm"]])
    return torch.jit.script(network)


def statically_quantized():
    """Layers in 8 bits, by eager mode."""
    model = tq.QuantWrapper(with_numbers(ForQuantization())).eval()
    model.qconfig = tq.get_default_qconfig("fbgemm")
    prepared = tq.prepare(model)
    prepared(EXAMPLE)
    return tq.convert(prepared)


def traced_quantized():
    """The same traced."""
    return torch.jit.trace(statically_quantized(), (EXAMPLE,))


def dynamically_quantized():
    """A linear layer and an LSTM with weights of 8 bits."""
    return tq.quantize_dynamic(with_numbers(Dynamic()).eval())


class Dynamic(nn.Module):
    """What dynamic quantization takes."""

    def __init__(self):
        super().__init__()
        self.linear, self.lstm = nn.Linear(4, 3), nn.LSTM(3, 2)

    def forward(self, x):
        result, _ = self.lstm(self.linear(x))
        return result


def quantized_graph():
    """Layers in 8 bits, by graph mode on TorchScript."""
    scripted = torch.jit.script(with_numbers(ForQuantization()).eval())
    qconfigs = {"": tq.get_default_qconfig("fbgemm")}
    return quantize_jit.quantize_jit(scripted, qconfigs, _observe, [EXAMPLE])


def dynamically_quantized_graph():
    """Weights of 8 bits, by graph mode on TorchScript."""
    scripted = torch.jit.script(with_numbers(nn.Sequential(nn.Linear(4, 2))).eval())
    qconfigs = {"": tq.default_dynamic_qconfig}
    return quantize_jit.quantize_dynamic_jit(scripted, qconfigs)


def _observe(model, example):
    model(example)


def quantized_by_fx():
    """Layers in 8 bits, by graph mode on torch.fx."""
    network = with_numbers(ForQuantization()).eval()
    qconfigs = {"": tq.get_default_qconfig("fbgemm")}
    # An argument that torch asks for since 1.13.
    asked = "example_inputs" in inspect.signature(quantize_fx.prepare_fx).parameters
    examples = {"example_inputs": (EXAMPLE,)} if asked else {}
    prepared = quantize_fx.prepare_fx(network, qconfigs, **examples)
    prepared(EXAMPLE)
    return quantize_fx.convert_fx(prepared)


def small_network():
    """A scripted network that is the same in training and in eval mode."""
    layers = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)
    return torch.jit.script(with_numbers(nn.Sequential(*layers)))


def copied():
    """A copy of a scripted network; the original was changed afterwards."""
    original = small_network()
    for parameter in original.parameters():
        # A copy of one that has a gradient is no leaf until it was saved.
        parameter.requires_grad_(False)
    copy_of = copy.deepcopy(original)
    for parameter in original.parameters():
        parameter.zero_()
    return copy_of


def from_a_buffer():
    """A scripted network that was saved and loaded once before."""
    buffer = io.BytesIO()
    torch.jit.save(small_network(), buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


def in_double_precision():
    """A scripted network whose parameters were converted afterwards."""
    return small_network().to(torch.float64)


def in_half_precision():
    """Halves of a scripted network's parameters."""
    return torch.jit.script(with_numbers(Scaling())).half()


class Scaling(nn.Module):
    """What a CPU does in half precision in every release."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4))
        self.register_buffer("steps", torch.tensor(7))
        self.register_buffer("offset", torch.tensor([0.5, 1024.5]))

    def forward(self, x):
        return x * self.weight.float(), self.offset.float() + self.steps


def in_both_modes():
    """A scripted network in training mode of which one part is in eval mode."""
    network = torch.jit.script(with_numbers(Modes()))
    network.train()
    network.norm.eval()
    return network


class Modes(nn.Module):
    """What depends on the mode that a module is in."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2, eps=TINY)

    def forward(self, x):
        y = self.norm(x)
        if self.training:
            y = y - 1
        return y


def extra_files(contents):
    """The contents by name, as torch.jit takes them."""
    # Until release 1.6 in a class of their own.
    files = getattr(torch._C, "ExtraFilesMap", dict)()
    for name, content in contents.items():
        files[name] = content
    return files


def as_text(content):
    """The content of an extra file, a character for each of its bytes."""
    content = content if isinstance(content, bytes) else content.encode()
    return content.decode("latin-1")


def in_memory(path):
    """The file's content as a file."""
    with open(path, "rb") as file:
        return io.BytesIO(file.read())
