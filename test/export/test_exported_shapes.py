# Owner(s): ["oncall: export"]

"""Programs of torch.export for tensors of more than one shape."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import export_shape_models as models  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from export_compat import Call, Size, exported, hint  # noqa: E402
from export_test_case import ExportTestCase, export_golden  # noqa: E402


class TestExportedShapes(ExportTestCase):
    """Dynamic dimensions, and sizes that are computed or in the data."""

    def check_sizes(self, module, sizes, *calls, **options):
        """Check a program with these dynamic sizes, exported with the first call."""

        def make():
            return exported(module(), calls[0], sizes)

        self.check_program(make, *calls, **options)

    @export_golden()
    def test_range(self):
        """A dimension with a lower and an upper bound, outside of which is refused."""
        self.check_sizes(
            models.Doubled,
            {"x": {0: Size("n", 3, 6)}},
            Call(numbers(4, 2)),
            Call(numbers(3, 2)),
            Call(numbers(6, 2)),
            refused=[Call(numbers(2, 2)), Call(numbers(7, 2)), Call(numbers(4, 3))],
        )

    @export_golden()
    def test_shared_dimension(self):
        """A dimension that two arguments have in common, and one without bounds."""
        n = Size("n", 2, 10)
        self.check_sizes(
            models.Summed,
            {"x": {0: n, 1: Size("m")}, "y": {0: n}},
            Call(numbers(3, 2), numbers(3)),
            Call(numbers(5, 40), numbers(5)),
            refused=[
                Call(numbers(3, 2), numbers(4)),
                Call(numbers(11, 2), numbers(11)),
            ],
        )

    @export_golden()
    def test_wrong_rank(self):
        """A tensor with more dimensions, or with fewer, is refused."""
        self.check_sizes(
            models.Doubled,
            {"x": {1: Size("n")}},
            Call(numbers(2, 4)),
            refused=[Call(numbers(2, 4, 1)), Call(numbers(2))],
        )

    @export_golden(since="2.4.0")
    def test_derived_dimension(self):
        """A dimension that is the double of another, and one more."""
        n = Size("n", 2, 10)
        self.check_sizes(
            models.Derived,
            {"x": {0: n}, "y": {0: n.times(2).plus(1)}},
            Call(numbers(3), numbers(7)),
            Call(numbers(5), numbers(11)),
            refused=[
                Call(numbers(3), numbers(6)),
                Call(numbers(3), numbers(9)),
                Call(numbers(11), numbers(23)),
            ],
        )

    @export_golden(since="2.6.0")
    def test_found_dimensions(self):
        """Dimensions of which the export finds out whether they may differ."""
        auto = hint("AUTO")
        self.check_sizes(
            models.Summed,
            {"x": {0: auto, 1: auto}, "y": {0: auto}},
            Call(numbers(3, 2), numbers(3)),
            Call(numbers(5, 4), numbers(5)),
            refused=[Call(numbers(3, 2), numbers(4))],
        )

    @export_golden()
    def test_computed_sizes(self):
        """Sizes that are computed of sizes, and numbers as results."""
        self.check_sizes(
            models.Computed,
            {"x": {0: Size("n", 2, 8), 1: Size("m", 2, 8)}},
            Call(numbers(4, 3)),
            Call(numbers(7, 5)),
        )

    @export_golden(since="2.6.0")
    def test_computed_numbers(self):
        """Numbers of floating point, computed of a size or taken from the data."""
        self.check_sizes(
            models.FloatComputed,
            {"x": {0: Size("n", 2, 8)}, "y": {}},
            Call(numbers(4), torch.tensor(0.5)),
            Call(numbers(7), torch.tensor(2.0)),
        )

    @export_golden(since="2.3.0")
    def test_dimensions_in_containers(self):
        """Dynamic dimensions of tensors in containers and of arguments by name."""
        n, x = Size("n", 2, 8), numbers(4)
        self.check_sizes(
            models.TableOfShapes,
            {"table": {"x": {0: n}, "y": [{0: n}]}, "scale": {0: n}},
            Call({"x": x, "y": [x + 1]}, scale=x * 2),
            Call({"x": numbers(3), "y": [numbers(3)]}, scale=numbers(3)),
            refused=[Call({"x": x, "y": [x]}, scale=numbers(3))],
        )

    @export_golden(since="2.8.0")
    def test_dynamic_number(self):
        """A number as an argument that may differ."""
        self.check_sizes(
            models.ScaledByInt,
            {"x": {}, "n": hint("DYNAMIC")},
            Call(numbers(3), 4),
            Call(numbers(3), 7),
        )

    def check_data(self, module, *calls, **options):
        """Check a program without dynamic dimensions, but with sizes in the data."""
        self.check_program(lambda: exported(module(), calls[0]), *calls, **options)

    @export_golden(since="2.2.0")
    def test_item(self):
        """A size that is taken from the data, and has bounds."""
        x = numbers(4)
        self.check_data(
            models.Item,
            Call(x, torch.tensor(3)),
            Call(x * 2, torch.tensor(5)),
            Call(x, torch.tensor(0)),
            refused=[Call(x, torch.tensor(7)), Call(x, torch.tensor(-1))],
        )

    @export_golden(since="2.2.0")
    def test_nonzero(self):
        """Results whose size depends on the data."""
        self.check_data(models.NonZero, Call(numbers(6)), Call(numbers(6) * 0 + 1))


if __name__ == "__main__":
    run_tests()
