# Owner(s): ["oncall: export"]

"""Programs of torch.export: what they hold of modules."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import export_models as models  # noqa: E402
from common_expected import Tolerance  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from export_compat import Call, exported  # noqa: E402
from export_test_case import ExportTestCase, export_golden  # noqa: E402

_NORMALIZED = Tolerance(1e-6, 1e-6, "the norm divides by the root of a variance")


class TestExportedModules(ExportTestCase):
    """Parameters, buffers and constants."""

    def check_module(self, module, *calls, **options):
        """Check the program of a module, exported with the first of the calls."""
        self.check_program(lambda: exported(module(), calls[0]), *calls, **options)

    @export_golden()
    def test_linear(self):
        """A layer: parameters, results, gradients, and that it takes one shape."""
        x = numbers(2, 3)
        self.check_module(
            models.Linear,
            Call(x),
            Call(x * 2),
            refused=[Call(numbers(3, 3)), Call(x, x), Call()],
            gradients=True,
        )

    @export_golden()
    def test_convolution(self):
        """Convolution and pooling."""
        x = numbers(1, 2, 3, 3) % 5
        self.check_module(models.Convolution, Call(x), Call(x * 2), gradients=True)

    @export_golden()
    def test_batch_norm_in_training(self):
        """Calls change the averages and the count of a norm that is in training."""
        x = numbers(4, 2) % 3
        self.check_module(
            models.Normalized, Call(x), Call(x + 1), tolerance=_NORMALIZED
        )

    @export_golden()
    def test_nested_modules(self):
        """Modules in containers, one of which is used twice."""
        x = numbers(2, 2)
        self.check_module(models.Nested, Call(x), Call(x * 2), gradients=True)

    @export_golden()
    def test_tied_weights(self):
        """A parameter that two layers share is one."""
        x = torch.tensor([1, 3, 0])
        self.check_module(models.Tied, Call(x), Call(x % 2), gradients=True)

    @export_golden()
    def test_changed_buffers(self):
        """Buffers that calls change, saved ones and others."""
        self.check_module(models.Counter, Call(numbers(2)), Call(numbers(2) * 2))

    @export_golden()
    def test_constants(self):
        """Tensors that are neither parameters nor buffers, and literal ones."""
        self.check_module(models.Constants, Call(numbers(2)), Call(numbers(2) * 2))

    @export_golden()
    def test_frozen_parameters(self):
        """Parameters without a gradient, and parts of the state that are not used."""
        x = numbers(2)
        self.check_module(models.HalfFrozen, Call(x), Call(x * 2), gradients=True)

    @export_golden()
    def test_strides(self):
        """Parameters and buffers that are views, with strides and offsets."""
        x = numbers(2, 2)
        self.check_module(models.Strided, Call(x), Call(x * 2))

    @export_golden()
    def test_shared_storage(self):
        """Buffers in one memory: twice the whole of it, and two halves."""
        x = numbers(2)
        self.check_module(models.SharedStorage, Call(x), Call(x * 2))

    @export_golden(since="2.12.0")
    def test_views_of_other_dtype(self):
        """Two buffers that are one memory as numbers of two dtypes."""
        x = numbers(3)
        self.check_module(models.OtherDtype, Call(x), Call(x * 2))

    @export_golden()
    def test_buffer_of_parameter(self):
        """A buffer that is a part of a parameter, and has no gradient."""
        x = numbers(2)
        self.check_module(models.RowOfParameter, Call(x), Call(x * 2), gradients=True)

    def check_dtypes(self, *names):
        """Check buffers of these dtypes."""
        x = numbers(3)
        self.check_module(lambda: models.Typed(names), Call(x), Call(x * 2))

    @export_golden()
    def test_dtypes(self):
        """Buffers of each of the first dtypes."""
        floats = "float64", "float16", "bfloat16", "complex64", "complex128"
        self.check_dtypes(*floats, "uint8", "int8", "int16", "int32", "int64", "bool")

    @export_golden(since="2.7.0")
    def test_float8(self):
        """Buffers of numbers of eight bits, one of which the program uses."""
        self.check_dtypes("float8_e4m3fn", "float8_e5m2")

    @export_golden(since="2.12.0")
    def test_unsigned(self):
        """Buffers of the larger unsigned integers."""
        self.check_dtypes("uint16", "uint32", "uint64")

    @export_golden()
    def test_odd_shapes(self):
        """Tensors without elements, without dimensions, and with NaN and infinity."""
        self.check_module(models.OddShapes, Call(numbers(4)), Call(numbers(4) * 2))

    @export_golden()
    def test_scalars(self):
        """Numbers in the code."""
        self.check_module(models.Scalars, Call(numbers(6)), Call(numbers(6) * 2))

    def check_infinite_scalars(self):
        """Check numbers in the code that JSON has no word for."""
        x = numbers(6)
        self.check_module(models.InfiniteScalars, Call(x), Call(x * 2))

    @export_golden(until="2.6.0")
    def test_infinite_scalars(self):
        """Infinite numbers and NaN, as words that JSON does not have."""
        self.check_infinite_scalars()

    @export_golden(since="2.9.0")
    def test_later_infinite_scalars(self):
        """Infinite numbers and NaN: 2.7 and 2.8 could not save them."""
        self.check_infinite_scalars()


if __name__ == "__main__":
    run_tests()
