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

DTYPES = ("float64", "float16", "bfloat16", "complex64", "int64", "int8", "bool")
# Those that came later, by the first release whose torch.save knows them.
LATER_DTYPES = {
    "float8": ("2.2.0", ("float8_e4m3fn", "float8_e5m2")),
    "unsigned": ("2.3.0", ("uint16", "uint32", "uint64")),
}


class TestCheckpoint(CheckpointTestCase):
    """Tensors and objects, without containers."""

    @dcp_golden()
    def test_dtypes(self):
        """A tensor of each dtype that 1.13 had."""
        self.check_checkpoint(
            lambda: {name: (numbers(3) + 4).to(getattr(torch, name)) for name in DTYPES}
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

        self.check_checkpoint(state, target, observe)

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
            x, y = numbers(4), numbers(3)
            return {"x": x, "part": x[1:3], "y": y, "again": y}

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

    @dcp_golden()
    def test_subset(self):
        """What is in the checkpoint, and not in the state, is left alone."""

        def state():
            return {"x": numbers(2), "y": numbers(3)}

        self.check_checkpoint(state, lambda value: {"y": stale(value["y"])})

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


def _add_dtypes(kind, since, names):
    """Add the test of dtypes that came with release ``since``."""

    def bits(found):
        # numpy has no eight bits.
        told = {name: described(tensor) for name, tensor in found.items()}
        for name, tensor in found.items():
            if tensor.element_size() == 1:
                told[name].update(dtype=tensor.dtype, elements=tensor.view(torch.uint8))
        return told

    @dcp_golden(since=since)
    def test(self):
        self.check_checkpoint(
            lambda: {name: (numbers(3) + 4).to(getattr(torch, name)) for name in names},
            observe=bits,
        )

    test.__doc__ = "A tensor of each of {}.".format(", ".join(names))
    test.__name__ = f"test_{kind}"
    setattr(TestCheckpoint, test.__name__, test)


for _kind, (_since, _names) in LATER_DTYPES.items():
    _add_dtypes(_kind, _since, _names)


if __name__ == "__main__":
    run_tests()
