"""How checkpoints are written, and which of their parts are checked."""

import functools
import os

from common_expected import save_expected
from common_objects import described
from common_utils import GoldenTestCase, golden
from dcp_compat import (
    LOADERS,
    SINCE,
    converted,
    format_utils,
    read_metadata,
    save,
    with_storage,
)
from dcp_describe import describe_later, describe_metadata
from dcp_files import as_folder, empty_folder, store
from dcp_states import loaded, stale, tensors_of, without_targets

# The files of a checkpoint that one process and one thread write.
FILES = ("metadata", "0_0.distcp")
METADATA = FILES[0]


def dcp_golden(since=SINCE, files=FILES):
    """Declare the golden of a checkpoint."""
    return golden(since=since, kinds=(*files, "expected.npz"))


class CheckpointTestCase(GoldenTestCase):
    """Base class: ``check_checkpoint`` writes and reads a checkpoint.

    What it checks are sub-tests of their own: what a state has once it is loaded with
    each function that loads, the metadata, and what the tool for conversion makes of
    the checkpoint.
    """

    def check_checkpoint(
        self,
        state,
        target=stale,
        observe=None,
        writer=save,
        planners=None,
        whole=without_targets,
        convertible=format_utils is not None,
    ):
        """Check that a checkpoint of ``state()`` is loaded as it should be.

        ``target(state)`` makes what it is loaded into, ``observe(target)`` tells what
        is compared of it.  ``writer(state, folder)`` saves it; ``planners`` are, by
        name, makers of planners to load with.  ``whole(state)`` is what there is
        without a target, None if that is not checked.
        """
        observe = observe or described

        def write(files):
            value = state()
            with empty_folder() as folder:
                metadata = with_storage(writer(value, folder), folder)
                store(folder, files)
            expected = {
                "state": observe(loaded(target(value), value)),
                "metadata": describe_metadata(metadata),
                "later": describe_later(metadata),
            }
            if whole:
                expected["converted"] = observe(whole(value))
            save_expected(files["expected.npz"], expected)

        def read_state(files, load, planner):
            found = target(state())
            before = tensors_of(found)
            with as_folder(files) as folder:
                load(found, folder, planner())
            self.check_expected(files["expected.npz"], observe(found), part="state")
            after = {id(tensor) for tensor in tensors_of(found)}
            self.assertEqual([x for x in before if id(x) not in after], [])

        def read_the_metadata(files, part, describe):
            with as_folder(files) as folder:
                found = describe(read_metadata(folder))
            self.check_expected(files["expected.npz"], found, part=part)

        def read_converted(files):
            with as_folder(files) as folder, empty_folder() as into:
                found = converted(folder, os.path.join(into, "converted.pt"))
            self.check_expected(files["expected.npz"], observe(found), part="converted")

        parts = {
            name + named: functools.partial(read_state, load=load, planner=planner)
            for name, load in LOADERS.items()
            for named, planner in (planners or {"": lambda: None}).items()
        }
        for part, describe in (
            ("metadata", describe_metadata),
            ("later", describe_later),
        ):
            parts[part] = functools.partial(
                read_the_metadata, part=part, describe=describe
            )
        if whole and convertible:
            parts["converted"] = read_converted
        self.check_parts(write, parts)

    def check_parts(self, write, parts, since=None):
        """``check_golden``, with a sub-test for each of the parts of a checkpoint."""
        for part, read in parts.items():
            with self.subTest(part=part):
                self.check_golden(write, {METADATA: read}, since=since)
