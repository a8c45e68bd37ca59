# Owner(s): ["oncall: distributed checkpointing"]

"""Checkpoints saved and loaded within a process group, which has one process.

Its tensors are shared out, to it alone.  What was shared out is read without a group,
too, and what was not is read within one.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from dcp_compat import (  # noqa: E402
    async_save,
    load,
    read_metadata,
    save,
    with_storage,
)
from dcp_describe import describe_metadata  # noqa: E402
from dcp_files import as_folder, empty_folder, store  # noqa: E402
from dcp_group import (  # noqa: E402
    SINCE_GROUP,
    dtensor,
    local,
    sharded_tensor,
    single_process_group,
)
from dcp_test_case import CheckpointTestCase, dcp_golden  # noqa: E402


def replicated(tensor):
    """A DTensor of which each process has all."""
    return dtensor(tensor, replicated=True)


KINDS = {
    "plain": lambda tensor: tensor,
    "dtensor": dtensor,
    "replicated": replicated,
    "sharded_tensor": sharded_tensor,
}


def state(make):
    """A state with a tensor of the kind and an object."""
    return {"model": {"x": make(numbers(2, 3))}, "n": 5}


def target(make):
    """What such a state is loaded into."""
    return {"model": {"x": make(torch.zeros(2, 3))}, "n": 0}


class TestGroupCheckpoint(CheckpointTestCase):
    """Within a process group, and without."""

    def check_group(self, kind):
        """Check what the group saves of a tensor of the kind.

        It is loaded into a tensor of each kind, within a group and without.
        """

        def write(files):
            with single_process_group(), empty_folder() as folder:
                metadata = with_storage(save(state(KINDS[kind]), folder), folder)
                store(folder, files)
                expected = {
                    name: described(local(state(make))) for name, make in KINDS.items()
                }
            expected["metadata"] = describe_metadata(metadata)
            save_expected(files["expected.npz"], expected)

        def read_within(files, name):
            with single_process_group(), as_folder(files) as folder:
                found = target(KINDS[name])
                load(found, folder)
                self.check_expected(
                    files["expected.npz"], described(local(found)), part=name
                )

        def read_without(files):
            found = target(KINDS["plain"])
            with as_folder(files) as folder:
                load(found, folder)
            self.check_expected(files["expected.npz"], described(found), part="plain")

        def read_the_metadata(files):
            with as_folder(files) as folder:
                found = describe_metadata(read_metadata(folder))
            self.check_expected(files["expected.npz"], found, part="metadata")

        parts = {"metadata": read_the_metadata, "without a group": read_without}
        for name in KINDS:
            parts[name] = lambda files, name=name: read_within(files, name)
        self.check_parts(write, parts)

    @dcp_golden(since=SINCE_GROUP)
    def test_async(self):
        """What another thread saved."""

        def writer(value, folder):
            with single_process_group():
                return async_save(value, folder)

        self.check_checkpoint(lambda: state(KINDS["plain"]), writer=writer)


def _add_kind(kind):
    """Add the test of what a group saves of a tensor of the kind."""

    @dcp_golden(since=SINCE_GROUP)
    def test(self):
        self.check_group(kind)

    test.__doc__ = f"What a group saved of a tensor: {kind}."
    test.__name__ = f"test_{kind}"
    setattr(TestGroupCheckpoint, test.__name__, test)


for _kind in ("dtensor", "sharded_tensor"):
    _add_kind(_kind)


if __name__ == "__main__":
    run_tests()
