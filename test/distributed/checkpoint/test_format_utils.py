# Owner(s): ["oncall: distributed checkpointing"]

"""Files of torch.save that become checkpoints; the other way is in dcp_test_case.py."""

import collections
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from dcp_compat import (  # noqa: E402
    LOADERS,
    SINCE_NESTED,
    load_torch_save,
    torch_save_to_dcp,
)
from dcp_files import as_folder, empty_folder, store  # noqa: E402
from dcp_group import SINCE_GROUP, single_process_group  # noqa: E402
from dcp_states import loaded, stale  # noqa: E402
from dcp_test_case import METADATA, CheckpointTestCase  # noqa: E402

SAVED = "saved.pt"


def state():
    """A state with tensors and objects."""
    weight = torch.nn.Parameter(numbers(2, 3).t())
    model = collections.OrderedDict([("weight", weight)])
    return {"model": model, "config": {"lr": 0.5}}


def tensors():
    """A state of tensors alone."""
    return {"model": {"weight": numbers(2, 2), "bias": numbers(3)}, "x": numbers(1)}


class TestFormatUtils(CheckpointTestCase):
    """From a file of torch.save to a checkpoint."""

    @golden(since=SINCE_NESTED, kinds=(SAVED, "metadata", "0_0.distcp", "expected.npz"))
    def test_torch_save_to_dcp(self):
        """Checkpoints made of files of torch.save, by the writer or the reader."""

        def write(files):
            value = state()
            torch.save(value, files[SAVED])
            with empty_folder() as folder:
                torch_save_to_dcp(files[SAVED], folder)
                store(folder, files)
            expected = described(loaded(stale(value), value))
            save_expected(files["expected.npz"], {"state": expected})

        def check(files, folder, load):
            found = stale(state())
            load(found, folder)
            self.check_expected(files["expected.npz"], described(found), part="state")

        def read_checkpoint(files, load):
            with as_folder(files) as folder:
                check(files, folder, load)

        def read_saved(files, load):
            with empty_folder() as folder:
                torch_save_to_dcp(files[SAVED], folder)
                check(files, folder, load)

        for part, load in LOADERS.items():
            reads = {
                METADATA: lambda files, load=load: read_checkpoint(files, load),
                SAVED: lambda files, load=load: read_saved(files, load),
            }
            with self.subTest(part=part):
                self.check_golden(write, reads)

    @golden(since=SINCE_GROUP, kinds=(SAVED, "expected.npz"))
    def test_broadcasting_reader(self):
        """A file of torch.save, loaded without a checkpoint within a process group."""

        def write(files):
            torch.save(tensors(), files[SAVED])
            save_expected(files["expected.npz"], {"state": described(tensors())})

        def read(files):
            found = stale(tensors())
            with single_process_group():
                load_torch_save(found, files[SAVED])
            self.check_expected(files["expected.npz"], described(found), part="state")

        self.check_golden(write, {SAVED: read})


if __name__ == "__main__":
    run_tests()
