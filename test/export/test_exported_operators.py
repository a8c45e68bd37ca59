# Owner(s): ["oncall: export"]

"""Programs of torch.export: control flow, and operators of every kind."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import export_operator_models as models  # noqa: E402
from common_compat import reader_has  # noqa: E402
from common_expected import Tolerance  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from export_compat import SINCE, Call, exported  # noqa: E402
from export_test_case import ExportTestCase, export_golden  # noqa: E402

if reader_has(SINCE):
    models.define_scale()

_ROOTS = Tolerance(1e-6, 1e-5, "roots and exponentials, which CPUs round differently")


class TestExportedOperators(ExportTestCase):
    """Operators, their arguments and their results."""

    def check_operators(self, module, *calls, **options):
        """Check the program of a module, exported with the first of the calls."""
        self.check_program(lambda: exported(module(), calls[0]), *calls, **options)

    @export_golden(since="2.2.0")
    def test_cond(self):
        """Two branches, of which one needs a buffer."""
        x = numbers(3)
        self.check_operators(models.Cond, Call(x), Call(x + 5))

    @export_golden(since="2.2.0")
    def test_nested_cond(self):
        """A branch within a branch."""
        x = numbers(3)
        self.check_operators(models.NestedCond, Call(x), Call(x + 3), Call(x + 30))

    @export_golden(since="2.2.0")
    def test_map(self):
        """A function of each row."""
        x = numbers(3, 2)
        self.check_operators(models.Map, Call(x, x[0]), Call(x * 2, x[1]))

    @export_golden(since="2.4.0")
    def test_while_loop(self):
        """A loop."""
        x = numbers(2)
        self.check_operators(
            models.While, Call(torch.tensor(3), x), Call(torch.tensor(1), x)
        )

    @export_golden(since="2.6.0")
    def test_scan(self):
        """Sums so far, with what is carried on."""
        x = numbers(3, 2)
        self.check_operators(models.Scan, Call(x[0], x), Call(x[1], x * 2))

    @export_golden(since="2.4.0")
    def test_no_grad(self):
        """A region without gradients, and what the gradients are."""
        x = numbers(2)
        self.check_operators(models.NoGrad, Call(x), Call(x * 2), gradients=True)

    @export_golden(since="2.3.0")
    def test_out_dtype(self):
        """A higher order operator whose result is one tensor."""
        x = torch.tensor([[100, 2], [3, 4]], dtype=torch.int8)
        self.check_operators(models.OutDtype, Call(x, x), Call(x, x.t()))

    @export_golden(since="2.4.0")
    def test_grad_modes(self):
        """A region with gradients in one without."""
        x = numbers(2)
        self.check_operators(models.GradModes, Call(x), Call(x * 2), gradients=True)

    @export_golden(since="2.5.0")
    def test_autocast(self):
        """A region with products of another dtype."""
        x = numbers(2, 2)
        self.check_operators(models.Autocast, Call(x), Call(x * 2))

    @export_golden()
    def test_arguments(self):
        """Arguments that are dtypes, devices, layouts, formats of memory, texts."""
        x = numbers(2, 3)
        self.check_operators(models.Arguments, Call(x), Call(x * 2))

    @export_golden(since="2.2.0")
    def test_indices(self):
        """Indices of which some are left out, and lists and tuples of results."""
        x, rows = numbers(3, 3), torch.tensor([2, 0])
        mask = torch.tensor([True, False, True])
        self.check_operators(
            models.Indexed, Call(x, rows, mask), Call(x * 2, rows - 1, mask)
        )

    @export_golden()
    def test_views(self):
        """Changes of views in place, of an argument that is transposed."""
        x = numbers(2, 3).t()
        self.check_operators(models.Views, Call(x), Call(x * 2))

    @export_golden(since="2.9.0")
    def test_complex_scalar(self):
        """A complex number in the code."""
        x = numbers(3)
        self.check_operators(models.ComplexScalar, Call(x), Call(x * 2))

    @export_golden()
    def test_attention(self):
        """Attention and a norm."""
        x = numbers(1, 3, 4)
        self.check_operators(models.Attention, Call(x), Call(x * 2), tolerance=_ROOTS)

    @export_golden(since="2.2.0")
    def test_lstm(self):
        """An LSTM, with lists of tensors as arguments."""
        x = numbers(2, 1, 2)
        self.check_operators(models.Recurrent, Call(x), Call(x * 2), tolerance=_ROOTS)

    @export_golden()
    def test_custom_operator(self):
        """An operator that is not torch's."""
        x = numbers(3)
        self.check_operators(models.CustomOperator, Call(x), Call(x * 2))


if __name__ == "__main__":
    run_tests()
