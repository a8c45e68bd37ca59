# Owner(s): ["oncall: jit"]

"""Tensors by dtype and layout, in TorchScript that earlier releases saved."""

import os
import sys

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_tensors as tensors  # noqa: E402
from common_expected import Tolerance  # noqa: E402
from common_utils import raise_on_run_directly  # noqa: E402
from common_values import numbers  # noqa: E402
from script_test_case import (  # noqa: E402
    ROUNDS,
    ScriptTestCase,
    call,
    script_golden,
)

NAN_BITS = Tolerance(
    atol=0,
    rtol=0,
    reason="the NaN of these kinds becomes a signalling NaN of 32 bits, and whether "
    "that is quieted on its way to 64 bits is the compiler's",
)


class TestScriptTensors(ScriptTestCase):
    """Parameters, buffers and other tensors by dtype and by layout."""

    def check_tensors(self, make, *calls, tolerance=None):
        """Check the results of calls of forward, and each tensor uncopied."""

        def observe(module):
            results = [call(module, "forward", one) for one in calls]
            return tensors.readable([results, module.state_dict()])

        self.check_observed(make, observe, tolerance)

    @script_golden(since="1.1.0")
    def test_dtypes(self):
        """The dtypes of the first release, with their extremes."""
        names = "uint8", "int8", "int16", "int32", "int64", "float32", "float64"
        self.check_script(lambda: tensors.of_dtypes(*names), (numbers(2),))

    @script_golden(since="1.0.1")
    def test_half(self):
        """Numbers of 16 bits."""
        self.check_script(lambda: tensors.of_dtypes("float16"), (numbers(2),))

    @script_golden(since="1.0.1")
    def test_bool(self):
        """Booleans."""
        self.check_script(tensors.of_booleans, (numbers(2),))

    @script_golden()
    def test_bfloat16(self):
        """Numbers of 16 bits with the range of float32."""
        self.check_script(lambda: tensors.of_dtypes("bfloat16"), (numbers(2),))

    @script_golden(since="1.6.0")
    def test_complex(self):
        """Complex numbers."""
        self.check_script(tensors.of_complex_numbers, (numbers(2),))

    @script_golden(since="2.1.0")
    def test_float8(self):
        """Numbers of 8 bits, of two kinds."""
        names = "float8_e4m3fn", "float8_e5m2"
        self.check_tensors(lambda: tensors.of_dtypes(*names), (numbers(2),))

    @script_golden(since="2.2.0")
    def test_float8_without_negative_zero(self):
        """Numbers of 8 bits, of the two kinds that came later."""
        names = "float8_e4m3fnuz", "float8_e5m2fnuz"
        self.check_tensors(
            lambda: tensors.of_dtypes(*names), (numbers(2),), tolerance=NAN_BITS
        )

    @script_golden(since="2.3.0")
    def test_unsigned(self):
        """Integers without sign of more than 8 bits."""
        names = "uint16", "uint32", "uint64"
        self.check_script(lambda: tensors.of_dtypes(*names), (numbers(2),))

    @script_golden(since="1.3.0")
    def test_quantized(self):
        """Tensors quantized by one scale."""
        self.check_script(tensors.quantized, (numbers(2),))

    @script_golden(since="1.3.0")
    def test_quantized_per_channel(self):
        """Tensors quantized by a scale for each row or column."""
        self.check_tensors(tensors.quantized_per_channel, (numbers(2),))

    @script_golden()
    def test_inline(self):
        """Tensors that the code makes of numbers."""
        self.check_script(tensors.InlineTensors, (3,))

    @script_golden()
    def test_layouts(self):
        """Tensors that do not lie row by row keep their strides."""
        self.check_script(tensors.Layouts, (numbers(3, 6),))

    @script_golden()
    def test_shared(self):
        """Tensors in one storage: a change of one is seen in the others."""
        self.check_changes(tensors.Shared, *[(numbers(6),)] * ROUNDS)

    @script_golden(since="1.3.0")
    def test_attributes(self):
        """Tensors that are neither parameters nor buffers, alone and in containers."""
        self.check_results(tensors.Attributes, *[(numbers(2),)] * ROUNDS)

    @script_golden(since="1.10.0")
    def test_sparse(self):
        """A sparse tensor."""
        self.check_script(tensors.Sparse, (numbers(2, 3),))

    @script_golden()
    def test_gradients(self):
        """Parameters with and without gradient, of two precisions."""
        self.check_script(tensors.Frozen, (numbers(2),))

    @script_golden()
    def test_counters(self):
        """Counters and sums that each call changes."""
        self.check_changes(tensors.Momentum, *[(numbers(2),)] * ROUNDS)


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
