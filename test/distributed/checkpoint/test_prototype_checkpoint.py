# Owner(s): ["oncall: distributed checkpointing"]

"""What 1.12 saved, when torch.distributed.checkpoint was a prototype.

Its checkpoints have a file for each tensor and object, called by a hash of its name.
"""

import hashlib
import os
import shutil
import sys

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from dcp_compat import LOADERS, checkpoint  # noqa: E402
from dcp_files import empty_folder  # noqa: E402
from dcp_states import stale  # noqa: E402
from dcp_test_case import METADATA, CheckpointTestCase  # noqa: E402


def state():
    """A state with a tensor and an object."""
    return {"x": numbers(2, 3), "n": 5}


KINDS = {
    f"{name}.key": hashlib.sha256(name.encode()).hexdigest() for name in ("x", "n")
}
KINDS[METADATA] = ".metadata"


class TestPrototypeCheckpoint(CheckpointTestCase):
    """Checkpoints of 1.12."""

    @golden(since="1.12.0", until="1.12.1", kinds=(*KINDS, "expected.npz"))
    def test_prototype(self):
        """A tensor and an object, each in its file."""

        def write(files):
            with empty_folder() as folder:
                writer = checkpoint.FileSystemWriter(folder)
                checkpoint.save_state_dict(state(), writer, no_dist=True)
                for kind, name in KINDS.items():
                    shutil.move(os.path.join(folder, name), files[kind])
            save_expected(files["expected.npz"], {"state": described(state())})

        def read(files, load):
            found = stale(state())
            with empty_folder() as folder:
                for kind, name in KINDS.items():
                    shutil.copyfile(files[kind], os.path.join(folder, name))
                load(found, folder)
            self.check_expected(files["expected.npz"], described(found), part="state")

        parts = {}
        for name, load in LOADERS.items():
            parts[name] = lambda files, load=load: read(files, load)
        self.check_parts(write, parts)


if __name__ == "__main__":
    run_tests()
