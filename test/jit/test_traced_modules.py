# Owner(s): ["oncall: jit"]

"""Modules and functions that earlier releases traced and saved."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_networks as networks  # noqa: E402
import script_traced as traced  # noqa: E402
from common_utils import raise_on_run_directly  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from script_test_case import (  # noqa: E402
    FLOAT_KERNELS,
    ROUNDS,
    ScriptTestCase,
    script_golden,
)


class TestTracedModules(ScriptTestCase):
    """What torch.jit.trace recorded: operators without Python code."""

    def check_traced(self, make, *inputs, tolerance=None):
        """Check the trace of what ``make()`` gives."""
        self.check_script(
            lambda: traced.tupled(make(), *inputs),
            inputs,
            tolerance=tolerance,
        )

    @script_golden(since="1.0.1")
    def test_convolutions(self):
        """Convolutions in each dimension."""
        self.check_traced(networks.convolutions, *networks.DIMENSIONS)

    @script_golden(since="1.0.1")
    def test_transposed_convolutions(self):
        """Transposed convolutions in each dimension."""
        self.check_traced(networks.transposed_convolutions, *networks.DIMENSIONS)

    @script_golden(since="1.0.1")
    def test_norms_in_training(self):
        """A trace made in training mode goes on changing running statistics."""
        self.check_changes(
            lambda: traced.tupled(networks.norms(), *networks.DIMENSIONS),
            *[networks.DIMENSIONS] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.0.1")
    def test_pooling(self):
        """Maxima and means of windows, in each dimension."""
        self.check_traced(
            networks.poolings, *networks.DIMENSIONS, tolerance=FLOAT_KERNELS
        )

    @script_golden(since="1.0.1")
    def test_recurrent(self):
        """An LSTM and a GRU with their states."""
        self.check_traced(
            lambda: with_numbers(networks.Recurrent()),
            numbers(3, 2, 3),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.0.1")
    def test_activations(self):
        """Functions of each element and of each row."""
        self.check_traced(
            networks.activations, numbers(1, 2, 2, 3), tolerance=FLOAT_KERNELS
        )

    @script_golden(since="1.1.0")
    def test_upsampling(self):
        """Pictures made larger."""
        self.check_traced(
            networks.Upsampling, numbers(1, 4, 2, 3), tolerance=FLOAT_KERNELS
        )

    @script_golden(since="1.0.1")
    def test_embeddings(self):
        """Rows of a table, and bags of them."""
        self.check_traced(
            lambda: with_numbers(networks.Embeddings()),
            torch.tensor([[1, 4], [0, 2]]),
            torch.tensor([0, 3]),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.3.0")
    def test_tied_weights(self):
        """A coder and a decoder that share their weight, and a loss."""
        self.check_traced(lambda: with_numbers(networks.Autoencoder()), numbers(4, 4))

    @script_golden(since="1.0.1")
    def test_in_place(self):
        """Operators that change the argument, parts of it and a buffer."""
        self.check_changes(
            lambda: traced.traced(traced.InPlace(), numbers(2, 3)),
            *[(numbers(2, 3),)] * ROUNDS,
        )

    @script_golden(since="1.0.1")
    def test_shapes(self):
        """Shapes worked out from the input's are those of any input."""
        self.check_script(
            lambda: traced.traced(traced.Shapes(), numbers(2, 4)),
            (numbers(2, 4),),
            (numbers(4, 2),),
            (numbers(6, 4),),
        )

    @script_golden(since="1.0.1")
    def test_unchecked(self):
        """A trace of the first call, where the second would differ."""
        self.check_script(
            lambda: traced.traced(traced.Counting(), numbers(2), check_trace=False),
            (numbers(2),),
        )

    @script_golden(since="1.0.1")
    def test_around_script(self):
        """The control flow of a scripted module inside is kept."""
        self.check_script(
            lambda: traced.traced(traced.AroundFlow(), numbers(1, 2)),
            (numbers(1, 2),),
            (numbers(1, 2) + 9,),
            (numbers(3, 2) * 0,),
        )

    @script_golden(since="1.0.1")
    def test_within_script(self):
        """A traced module that a scripted one calls in a loop."""
        self.check_script(traced.AroundTraced, (numbers(1, 2),), (numbers(1, 2) + 8,))

    @script_golden()
    def test_methods(self):
        """Several methods of one module, each with a trace."""
        x = numbers(2, 3)
        self.check_script(
            traced.coder, (x,), ("encode", (x,)), ("decode", (numbers(2, 2),))
        )

    @script_golden(since="1.6.0")
    def test_dicts(self):
        """A dict as argument and as result."""
        table = {"a": numbers(2), "b": numbers(2) + 1}
        self.check_script(
            lambda: traced.traced(traced.Tables(), table, strict=False), (table,)
        )

    @script_golden(since="1.0.1")
    def test_tuples(self):
        """Tuples within tuples as argument and as result."""
        inputs = (numbers(2), (numbers(2) + 1, numbers(2) * 2)), numbers(2)
        self.check_script(lambda: traced.traced(traced.Pairs(), *inputs), inputs)

    @script_golden(since="1.6.0")
    def test_lists(self):
        """A list as argument and as result."""
        xs = [numbers(2), numbers(2) + 1]
        self.check_script(
            lambda: traced.traced(traced.Lists(), xs, strict=False), (xs,)
        )

    @script_golden()
    def test_functions(self):
        """A traced function that calls a scripted one."""
        self.check_script(traced.calling_script, (numbers(3),), (numbers(3) + 9,))

    @script_golden(since="1.1.0")
    def test_constants(self):
        """Tensors of several dtypes that a trace keeps."""
        self.check_script(
            lambda: traced.traced(traced.Captured(), numbers(2, 2)), (numbers(2, 2),)
        )


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
