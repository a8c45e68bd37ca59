"""Reference modules, whose weights are float and rounded (Python 3.7, torch 1.13)."""

import torch

from common_compat import reader_has
from quant_case import Case
from quant_homes import nnqr
from quant_values import activations, filled, fractions
from quantized_engines import FLOAT_KERNELS

SINCE = "1.13.0"


def weight_numbers(n):
    """How weights are rounded: to quarters, or to halves."""
    return {
        "qscheme": torch.per_tensor_affine,
        "dtype": torch.qint8,
        "scale": 0.25 * (n + 1),
        "zero_point": n,
    }


def channel_numbers(n):
    """How weights are rounded, by row."""
    return {
        "qscheme": torch.per_channel_affine,
        "dtype": torch.qint8,
        "scale": torch.tensor([0.25, 0.125]) * (n + 1),
        "zero_point": torch.tensor([n, 1]),
        "axis": 0,
    }


def embedding_numbers(n):
    """How the rows of an embedding are rounded."""
    return {
        "qscheme": torch.per_channel_affine_float_qparams,
        "dtype": torch.quint8,
        "scale": torch.tensor([0.25, 0.5, 1.0]) * (n + 1),
        "zero_point": torch.tensor([1.0, 2.0, 3.0 + n]),
        "axis": 0,
    }


def reference(name, *arguments, numbers=weight_numbers, **options):
    """Makes a module with one weight."""

    def make(n):
        kind = getattr(nnqr, name)
        return filled(kind(*arguments, weight_qparams=numbers(n), **options), n)

    return make


def recurrent(name, *arguments, layers=None):
    """Makes a module with more weights than one."""

    def make(n):
        suffix = "" if layers is None else "_l0"
        # 1.13 has not the key.
        numbers = {"is_decomposed": False} if reader_has("2.0.0") else {}
        names = [f"weight_{kind}{suffix}" for kind in ("ih", "hh")]
        if layers is not None:
            names += [f"bias_{kind}{suffix}" for kind in ("ih", "hh")]
        numbers.update({key: weight_numbers(n) for key in names})
        kind = getattr(nnqr, name)
        return filled(kind(*arguments, weight_qparams_dict=numbers), n)

    return make


def image(*shape):
    """Inputs of one float tensor of this shape."""
    return lambda: (activations(*shape),)


def case(name, make, inputs, since=SINCE, tolerance=None, module=""):
    """A case that bears the name of its class."""
    covers = (f"quantized.reference.{name}",)
    return Case(name, make, inputs, since, module=module, tolerance=tolerance,
                covers=covers)  # fmt: skip


CASES = [
    case("Linear", reference("Linear", 3, 2), image(2, 3)),
    Case("LinearPerChannel", reference("Linear", 3, 2, numbers=channel_numbers),
         image(2, 3), SINCE, module=None),
    case("Conv1d", reference("Conv1d", 2, 3, 2), image(1, 2, 4), module=None),
    case("Conv2d", reference("Conv2d", 2, 3, 2), image(1, 2, 3, 3)),
    case("Conv3d", reference("Conv3d", 2, 3, 2), image(1, 2, 2, 2, 3), module=None),
    case("ConvTranspose1d", reference("ConvTranspose1d", 2, 3, 2), image(1, 2, 3),
         module=None),
    case("ConvTranspose2d", reference("ConvTranspose2d", 2, 3, 2), image(1, 2, 3, 3),
         module=None),
    case("ConvTranspose3d", reference("ConvTranspose3d", 2, 3, 2), image(1, 2, 2, 2, 2),
         module=None),
    case("Embedding", reference("Embedding", 3, 4, numbers=embedding_numbers),
         lambda: (torch.tensor([2, 0, 1]),)),
    case("EmbeddingBag",
         reference("EmbeddingBag", 3, 4, mode="sum", numbers=embedding_numbers),
         lambda: (torch.tensor([[2, 0]]),), module=None),
    case("RNNCell", recurrent("RNNCell", 3, 2), lambda: (fractions(2, 3),),
         tolerance=FLOAT_KERNELS, module=None),
    case("LSTMCell", recurrent("LSTMCell", 3, 2), lambda: (fractions(2, 3),),
         tolerance=FLOAT_KERNELS),
    case("GRUCell", recurrent("GRUCell", 3, 2), lambda: (fractions(2, 3),),
         tolerance=FLOAT_KERNELS, module=None),
    case("LSTM", recurrent("LSTM", 3, 2, layers=1), lambda: (fractions(2, 1, 3),),
         tolerance=FLOAT_KERNELS, module=None),
    case("GRU", recurrent("GRU", 3, 2, layers=1), lambda: (fractions(2, 1, 3),),
         "2.0.0", tolerance=FLOAT_KERNELS, module=None),
]  # fmt: skip
