# Owner(s): ["oncall: mobile"]

"""Mobile models that earlier releases saved, run by the lite interpreter.

Each as bytecode (``.ptl``) and as a flatbuffer, under the lite interpreter and under
torch.jit.load, and backported to every version below its own.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import reader_has  # noqa: E402
from common_expected import Tolerance, save_expected  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from lite_interpreter import LAST_WITH_XNNPACK  # noqa: E402
from lite_test_case import (  # noqa: E402
    BYTECODE,
    FLATBUFFER,
    KIND,
    RAISES,
    LiteTestCase,
    lite_golden,
)

# The first release with bytecode; older ones cannot even import the models.
if reader_has("1.6.0"):
    import lite_models as models
    import lite_modules as modules

FLOAT_KERNELS = Tolerance(
    atol=1e-6,
    rtol=1e-6,
    reason="exp and tanh in float32 are vectorised by CPU and release, and sums of "
    "their results depend on the order: the last bits differ",
)


class TestLiteInterpreter(LiteTestCase):
    """The language and the operators that mobile models use."""

    @lite_golden()
    def test_arithmetic(self):
        """Sums and products of tensors and numbers."""
        self.check_model(
            modules.Arithmetic, (numbers(2, 3), 3, 0.5), (numbers(2), -4, 2.0)
        )

    @lite_golden()
    def test_integer_division(self):
        """Quotients and remainders of integers of both signs."""
        self.check_model(modules.IntegerDivision, (7, 2), (-7, 2), (7, -2), (0, 5))

    @lite_golden(since="1.8.0")
    def test_tensor_division(self):
        """Quotients of tensors: integers give floats."""
        floats = (numbers(4), torch.tensor([2.0, 4.0, -8.0, 1.0]))
        integers = (torch.tensor([7, -7, 8]), torch.tensor([2, 2, -4]))
        self.check_model(modules.TensorDivision, floats, integers)

    @lite_golden(since="1.9.0")
    def test_rounded_division(self):
        """Quotients of tensors rounded to zero and down."""
        integers = (torch.tensor([7, -7, 8]), torch.tensor([2, 2, -3]))
        self.check_model(
            modules.RoundedDivision, integers, (numbers(4), numbers(4) - 0.5)
        )

    @lite_golden()
    def test_logic(self):
        """Comparisons of tensors and numbers, and, or, not."""
        self.check_model(modules.Logic, (numbers(5), 1, True), (numbers(5), 3, False))

    @lite_golden()
    def test_conditions(self):
        """Each branch, and the early return."""
        x = numbers(6)
        self.check_model(
            modules.Conditions, (x, -1), (x, 1), (x, 2), (x + 9, 6), (x + 9, 0)
        )

    @lite_golden()
    def test_loops(self):
        """for and while, with break and continue."""
        self.check_model(modules.Loops, (numbers(3), 5), (numbers(3), 0))

    @lite_golden()
    def test_lists(self):
        """Lists as arguments and results, and changed."""
        self.check_model(modules.Lists, ([numbers(2), numbers(3)], [1, 2, 3]))

    @lite_golden()
    def test_dicts(self):
        """Dicts as arguments and results, and changed."""
        table = {"a": numbers(2), "b": numbers(2) + 1}
        self.check_model(modules.Dicts, (table, {1: 2}), (table, {2: 3}))

    @lite_golden()
    def test_tuples(self):
        """Tuples within tuples as arguments and results."""
        self.check_model(modules.Tuples, ((numbers(2), (3, 0.5)),))

    @lite_golden()
    def test_optionals(self):
        """Arguments and results that may be None."""
        self.check_model(
            modules.Optionals, (numbers(2), 4), (None, 4), (numbers(2), None)
        )

    @lite_golden(since="1.8.0")
    def test_default_argument(self):
        """An argument that is left out has its default, which 1.7 does not save."""
        self.check_model(modules.Optionals, (numbers(2),))

    @lite_golden(since="2.1.0", formats=(BYTECODE,))
    def test_named_tuples(self):
        """A NamedTuple in the inside and as result.

        Releases 1.11 to 2.0 return one whose type may have been freed: whether that
        crashes is left to chance, so that nothing can be said of them.
        """
        self.check_model(modules.NamedTuples, (numbers(2), 4))

    @lite_golden(since="1.7.0")
    def test_strings(self):
        """Strings made, compared and formatted."""
        calls = (("forward", ("a", 1)), ("forward", ("name", 22)))
        self.check_model(modules.Strings, *calls)

    def test_classes(self):
        """A class of TorchScript is refused by name when a model is saved."""
        if not reader_has("1.7.0"):
            self.skipTest("torch before 1.7 saves what it cannot load")
        scripted = torch.jit.script(modules.Classes())

        with self.assertRaisesRegex(RuntimeError, "not supported in (lite|mobile)"):
            scripted._save_to_buffer_for_lite_interpreter()

    @lite_golden()
    def test_methods(self):
        """Each exported method."""
        x = numbers(3)
        calls = ((x,), ("doubled", (x,)), ("halved", (x, 2)), ("forward", (x,)))
        self.check_model(modules.Methods, *calls)

    @lite_golden(since="1.7.0", formats=(BYTECODE,))
    def test_extra_files(self):
        """Files that were saved along come back, and the model beside them runs.

        Release 1.6 takes them in a class of its own only.
        """
        x, content = numbers(2), '{"labels": [1, 2, 3]}'

        def write(files):
            module = torch.jit.script(modules.Methods())
            extra = {"labels.json": content}
            module._save_for_lite_interpreter(files[KIND], _extra_files=extra)
            save_expected(files["expected.npz"], [content, module(x)])

        def read(files):
            extra = {"labels.json": ""}
            module = torch.jit.load(files[KIND], _extra_files=extra)
            # Until 1.8 it was text.
            found = extra["labels.json"]
            found = found if isinstance(found, str) else found.decode()
            self.check_expected(files["expected.npz"], [found, module(x)])

        self.check_golden(write, {KIND: read}, BYTECODE)

    @lite_golden()
    def test_submodules(self):
        """Modules within modules, with parameters and buffers."""
        self.check_model(modules.Submodules, (numbers(2, 2),))

    @lite_golden(formats=(BYTECODE,))
    def test_state(self):
        """Attributes and buffers that change from call to call."""
        x = numbers(2)
        self.check_model(modules.State, (x,), (x,), (x + 1,))

    @lite_golden(since="1.13.0", until="1.13.1", formats=(FLATBUFFER,))
    def test_state_of_a_flatbuffer(self):
        """The same in a flatbuffer: of one release, as each crash costs a second."""
        x = numbers(2)
        self.check_model(modules.State, (x,), (x,), (x + 1,))

    @lite_golden()
    def test_constants(self):
        """Constants of several dtypes."""
        self.check_model(modules.Constants, ())

    @lite_golden()
    def test_slices(self):
        """Parts of a tensor, read and written."""
        self.check_model(modules.Slices, (numbers(2, 4),))

    @lite_golden()
    def test_in_place(self):
        """Operators that change their argument."""
        self.check_model(modules.InPlace, (numbers(2, 3),))

    @lite_golden(since="1.7.0")
    def test_shapes(self):
        """Sizes, dtypes and devices asked, and shapes changed."""
        self.check_model(modules.Shapes, (numbers(2, 3),))

    @lite_golden()
    def test_reductions(self):
        """Sums, extremes, sorting and choosing."""
        self.check_model(modules.Reductions, (numbers(2, 3).flip(1) + 0.5,))

    @lite_golden()
    def test_checks(self):
        """What a model raises reaches the caller."""
        x = numbers(2)
        self.check_model(modules.Checks, (x, 2), (RAISES, (x, 0)), (RAISES, (x, 9)))

    @lite_golden()
    def test_embedding(self):
        """Rows of a table, chosen and summed."""
        indices = torch.tensor([[1, 4], [0, 0]])
        self.check_model(lambda: with_numbers(modules.Embedding()).eval(), (indices,))

    @lite_golden(since="1.12.0")
    def test_random(self):
        """The operator that 1.12 calls aten::random.from_functional."""
        self.check_model(modules.Random, (numbers(3),))


class TestLiteNetworks(LiteTestCase):
    """Networks: layers, quantized and rewritten for mobile."""

    @lite_golden()
    def test_convolution(self):
        """Convolution, normalisation, pooling and a linear layer."""
        self.check_model(
            lambda: with_numbers(modules.Convolution()).eval(), (numbers(1, 1, 3, 3),)
        )

    @lite_golden(since="1.7.0")
    def test_activations(self):
        """Functions of each element."""
        self.check_model(modules.Activations, (numbers(2, 4),), tolerance=FLOAT_KERNELS)

    @lite_golden()
    def test_recurrent(self):
        """An LSTM and a GRU's cell."""
        self.check_model(
            lambda: with_numbers(modules.Recurrent()).eval(),
            (numbers(4, 1, 3),),
            tolerance=FLOAT_KERNELS,
        )

    @lite_golden()
    def test_statically_quantized(self):
        """A convolution and a linear layer in 8 bits."""
        self.check_model(models.statically_quantized, (numbers(1, 1, 3, 3),))

    @lite_golden()
    def test_dynamically_quantized(self):
        """A linear layer with weights of 8 bits."""
        self.check_model(models.dynamically_quantized, (numbers(2, 4),))

    @lite_golden()
    def test_bundled_inputs(self):
        """A model that carries its own inputs."""
        inputs = [(numbers(2),), (numbers(3) * 2,)]
        names = ("get_all_bundled_inputs", "get_num_bundled_inputs")
        self.check_model(
            lambda: models.with_bundled_inputs(modules.Methods(), inputs),
            *((name, ()) for name in names),
            *inputs,
        )

    @lite_golden(until=LAST_WITH_XNNPACK)
    def test_optimized_without_prepacking(self):
        """What optimize_for_mobile folds, removes and fuses."""
        self.check_model(
            models.optimized_without_prepacking,
            (numbers(1, 1, 3, 3),),
            (numbers(1, 1, 3, 3) * 2,),
        )

    @lite_golden(until=LAST_WITH_XNNPACK)
    def test_optimized_for_mobile(self):
        """The same with weights packed for XNNPACK."""
        if models.lacks_xnnpack():
            self.skipTest("this build of torch lacks XNNPACK, whose operators it needs")
        self.check_model(
            models.optimized_for_mobile,
            (numbers(1, 1, 3, 3),),
            (numbers(1, 1, 3, 3) * 2,),
        )


if __name__ == "__main__":
    run_tests()
