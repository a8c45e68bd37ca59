# Owner(s): ["oncall: distributed checkpointing"]

"""Checkpoints of torch.distributed.checkpoint that earlier releases saved: values.

A checkpoint is a folder: pickled metadata, and files with what torch.save makes of
each tensor and object.  It is loaded into a state that has other values.
"""

import functools
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_objects import described  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from dcp_compat import save  # noqa: E402
from dcp_states import STALE, stale  # noqa: E402
from dcp_test_case import CheckpointTestCase, dcp_golden  # noqa: E402

DTYPES = ("float16", "bfloat16", "complex64", "int64", "bool")
# Since 2.2.
FLOAT8_DTYPES = ("float8_e4m3fn", "float8_e5m2")


class TestCheckpoint(CheckpointTestCase):
    """Tensors and objects, without containers."""

    @dcp_golden()
    def test_dtypes(self):
        """Tensors of other dtypes than float32."""
        self.check_checkpoint(
            lambda: {name: (numbers(3) + 4).to(getattr(torch, name)) for name in DTYPES}
        )

    @dcp_golden(since="2.2.0")
    def test_float8(self):
        """Tensors of numbers with eight bits."""

        def observe(found):
            # numpy has no such numbers.
            told = {name: described(tensor) for name, tensor in found.items()}
            for name, tensor in found.items():
                told[name].update(dtype=tensor.dtype, elements=tensor.view(torch.uint8))
            return told

        self.check_checkpoint(
            lambda: {
                name: (numbers(3) + 4).to(getattr(torch, name))
                for name in FLOAT8_DTYPES
            },
            observe=observe,
        )

    @dcp_golden()
    def test_strided(self):
        """Tensors that are transposed, cut out, expanded, without dimension, empty."""

        def state():
            x = numbers(3, 4)
            return {
                "transposed": x.t(),
                "column": x[:, 1],
                "expanded": numbers(2, 1).expand(2, 3),
                "scalar": torch.tensor(2.5),
                "empty": torch.empty(0, 2),
            }

        self.check_checkpoint(state)

    @dcp_golden()
    def test_targets(self):
        """Targets keep dtype and strides, and what lies between their elements."""
        bases = []

        def target(state):
            bases[:] = [torch.full((4, 6), 9.0), torch.full((3, 4), 9.0)]
            return {
                "x": bases[0][1:3, ::2],
                "y": bases[1].t().requires_grad_(),
                "z": torch.zeros(3, dtype=torch.int16),
            }

        def state():
            return {"x": numbers(2, 3), "y": numbers(4, 3), "z": numbers(3)}

        def observe(found):
            return described([found, bases])

        # What is converted has no targets.
        self.check_checkpoint(state, target, observe, whole=None)

    @dcp_golden()
    def test_parameters(self):
        """Parameters and tensors that require a gradient are loaded into such."""

        def state():
            return {
                "parameter": torch.nn.Parameter(numbers(2)),
                "leaf": numbers(3).requires_grad_(),
                "plain": numbers(4),
            }

        def target(value):
            found = stale(value)
            found["parameter"] = torch.nn.Parameter(found["parameter"])
            found["plain"].requires_grad_()
            return found

        self.check_checkpoint(state, target)

    @dcp_golden()
    def test_shared(self):
        """Tensors that share a storage, or are one, into such as do or do not."""

        def state():
            x = numbers(4)
            return {"x": x, "part": x[1:3], "again": x}

        def target(value):
            found = stale(value)
            found["part"] = found["x"][1:3]
            return found

        self.check_checkpoint(state, target)

    @dcp_golden()
    def test_objects(self):
        """Numbers, texts, bytes, None, lists and tuples of them, and torch's own."""
        plain = (5, 0.5, "\u00e4\n", None, b"\0\xff", True, 2**70, 1j, (1, [2]))

        def state():
            return {
                "integer": 7,
                "none": None,
                "list": [1, [2.5, "a"]],
                "tuple": (plain, torch.float16, torch.Size([2]), torch.device("cpu")),
            }

        def target(value):
            return dict.fromkeys(value, STALE)

        self.check_checkpoint(state, target)

    @dcp_golden()
    def test_tensors_in_tuples(self):
        """Tensors in a tuple are one object with it: they keep strides and sharing."""

        def state():
            x = numbers(2, 3)
            return {"tuple": (x, x.t(), torch.nn.Parameter(numbers(2)))}

        self.check_checkpoint(state)

    @dcp_golden(files=("metadata", "0_0.distcp", "0_1.distcp"))
    def test_file_per_item(self):
        """A file for each tensor and object."""

        def state():
            return {"x": numbers(2), "n": 5}

        self.check_checkpoint(
            state, writer=functools.partial(save, single_file_per_rank=False)
        )

    @dcp_golden(since="2.0.0", files=("metadata", "0_0.distcp", "0_1.distcp"))
    def test_two_threads(self):
        """Two files, which two threads wrote."""

        def state():
            return {"x": numbers(2), "n": 5, "m": 6}

        self.check_checkpoint(state, writer=functools.partial(save, thread_count=2))


if __name__ == "__main__":
    run_tests()
