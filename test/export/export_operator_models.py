"""Modules whose programs have operators with odd arguments or results (torch 1.0)."""

import torch
import torch.nn.functional as F
from torch import nn

from common_compat import import_first
from common_values import numbers, with_numbers

# Control flow has no public home in most releases.  An operator is known once its
# module is imported, which exporting does, and in 2.5 loading does not.
_map = import_first(
    "torch._higher_order_ops.map", "functorch.experimental.control_flow"
)
_while_loop = import_first("torch._higher_order_ops.while_loop", having="while_loop")
_scan = import_first("torch._higher_order_ops.scan", having="scan")
_out_dtype = import_first("torch._higher_order_ops.out_dtype", having="out_dtype")
_wrap = import_first("torch._higher_order_ops.wrap")


def _cond(*args):
    from functorch.experimental.control_flow import cond

    return getattr(torch, "cond", cond)(*args)


class Cond(nn.Module):
    """One of two branches, as the data say."""

    def __init__(self):
        super().__init__()
        self.register_buffer("shift", numbers(3))

    def forward(self, x):
        def larger(x):
            return x * 2 + self.shift

        def smaller(x):
            return x - 1

        return _cond(x.sum() > 0, larger, smaller, [x]) + 1


class NestedCond(nn.Module):
    """A branch within a branch, and two results."""

    def forward(self, x):
        def less(x):
            return x - 1, x * 2

        def more(x):
            return x + 1, x * 3

        def much_more(x):
            return _cond(x.sum() > 10, more, less, [x])

        return _cond(x.sum() > 0, much_more, more, [x])


class Map(nn.Module):
    """A function of each row."""

    def forward(self, xs, y):
        def each(x, y):
            return x * y + 1

        return _map.map(each, xs, y)


class While(nn.Module):
    """Goes on as long as the data say."""

    def forward(self, count, x):
        def goes_on(count, x):
            return count > 0

        def step(count, x):
            return count - 1, x * 2 + 1

        return _while_loop.while_loop(goes_on, step, (count, x))


class Scan(nn.Module):
    """Sums of the rows so far."""

    def forward(self, start, xs):
        def step(total, x):
            total = total + x
            return total, total * 2

        return _scan.scan(step, start, xs, dim=0)


class NoGrad(nn.Module):
    """A region without gradients."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(numbers(2))

    def forward(self, x):
        with torch.no_grad():
            constant = x * self.weight
        return constant + x * self.weight


class GradModes(NoGrad):
    """A region with gradients in one without."""

    def forward(self, x):
        with torch.no_grad():
            constant = x * self.weight
            with torch.enable_grad():
                inner = self.weight * 3
        return constant + inner + x * self.weight


class OutDtype(nn.Module):
    """A product of small integers as larger ones: one tensor, not a tuple."""

    def forward(self, x, y):
        return _out_dtype.out_dtype(torch.ops.aten.mm.default, torch.int32, x, y)


class Autocast(nn.Module):
    """A region in which products are of another dtype."""

    def __init__(self):
        super().__init__()
        self.linear = with_numbers(nn.Linear(2, 2))

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            result = self.linear(x)
        return result, x * 2


class Arguments(nn.Module):
    """Arguments that are dtypes, devices, layouts, formats of memory, and texts."""

    def forward(self, x):
        return (
            x.to(torch.float64),
            torch.zeros(2, dtype=torch.int16, device="cpu", layout=torch.strided),
            x.reshape(1, 1, 2, 3).contiguous(memory_format=torch.channels_last),
            torch.div(x, 2, rounding_mode="floor"),
            torch.empty_like(x, memory_format=torch.preserve_format).fill_(2),
            x.to("cpu", torch.bfloat16),
            F.pad(x, [1, 0, 0, 2], mode="constant", value=-1.5),
        )


class Indexed(nn.Module):
    """Indices of which some are left out, and results that are lists or tuples."""

    def forward(self, x, rows, mask):
        first, second = x.split([1, 2], 1)
        values, indices = x.max(1)
        return x[:, rows], x[mask], x[None, 1:, ::2], second, indices, x.unbind(0)[1]


class Views(nn.Module):
    """Changes of views in place."""

    def forward(self, x):
        y = x.clone()
        y[0].add_(1)
        y.t()[1] = 5
        return y


class ComplexScalar(nn.Module):
    """A complex number in the code."""

    def forward(self, x):
        return x * 2j + (1 - 0.5j)


class Attention(nn.Module):
    """Attention and a norm."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.project = with_numbers(nn.Linear(4, 12))

    def forward(self, x):
        query, key, value = self.project(self.norm(x)).chunk(3, -1)
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)


class Recurrent(nn.Module):
    """An LSTM."""

    def __init__(self):
        super().__init__()
        self.lstm = with_numbers(nn.LSTM(2, 2))

    def forward(self, x):
        return self.lstm(x)


def define_scale() -> None:
    """Make ``torch.ops.export_tests.scale``, an operator that is not torch's."""
    library = torch.library.Library("export_tests", "DEF")
    library.define("scale(Tensor x, float factor, *, int[] shifts=[]) -> Tensor")

    def scale(x, factor, shifts=()):
        return x * factor + sum(shifts)

    library.impl("scale", scale, "CompositeExplicitAutograd")
    # An operator lives as long as its library.
    define_scale.library = library


class CustomOperator(nn.Module):
    """Calls an operator that is not torch's."""

    def forward(self, x):
        scale = torch.ops.export_tests.scale
        return scale(x, 0.5), scale(x, 2.0, shifts=[1, 2])
