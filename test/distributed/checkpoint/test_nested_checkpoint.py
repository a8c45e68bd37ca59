# Owner(s): ["oncall: distributed checkpointing"]

"""Checkpoints of states with containers in containers, which are flattened.

Each tensor and object has a name in the checkpoint that is made of the keys on the way
to it.  Up to 2.3 a container without tensors was one object; since 2.4 each entry of a
mapping has a name of its own, and readers take the old names where they find them.
"""

import collections
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
    SINCE_NESTED,
    load,
    load_keys,
    load_planner,
    load_whole,
    save,
    save_planner,
)
from dcp_files import as_folder, empty_folder, store  # noqa: E402
from dcp_states import STALE, stale, without_targets  # noqa: E402
from dcp_test_case import CheckpointTestCase, dcp_golden  # noqa: E402


def nested():
    """A state with tensors and objects in mappings and lists."""
    return {
        "model": collections.OrderedDict(
            [("weight", numbers(2, 2)), ("inner", {"bias": numbers(2)})]
        ),
        "list": [numbers(3), 5, {"n": 4}],
    }


class TestNestedCheckpoint(CheckpointTestCase):
    """Mappings and lists within a state."""

    @dcp_golden(since=SINCE_NESTED)
    def test_nested(self):
        """Tensors and objects in mappings and lists."""
        self.check_checkpoint(nested)

    @dcp_golden(since=SINCE_NESTED)
    def test_objects_only(self):
        """Containers without a tensor, which up to 2.3 were one object."""

        def state():
            return {
                "config": {"lr": 0.5, "inner": {"name": "a"}},
                "groups": [{"lr": 1.0, "ids": [0, 1]}, {"lr": 2.0}],
            }

        self.check_checkpoint(state)

    @dcp_golden(since=SINCE_NESTED)
    def test_objects_beside_tensors(self):
        """Mappings without a tensor, and such with one, in the same mapping."""

        def state():
            return {
                "a": {"x": numbers(2), "meta": {"n": 1, "inner": {"m": 2}}},
                "b": [{"n": 3}],
            }

        self.check_checkpoint(state)

    @dcp_golden(since=SINCE_NESTED)
    def test_empty(self):
        """Empty containers are containers."""

        def state():
            return {"x": numbers(2), "mapping": {}, "list": [], "inner": {"none": {}}}

        self.check_checkpoint(state)

    @dcp_golden(since=SINCE_NESTED)
    def test_objects_under_numbers(self):
        """Objects beside tensors, under keys that are numbers."""

        def state():
            return {"state": {0: {"step": 5, "x": numbers(2)}}}

        self.check_checkpoint(state)

    @dcp_golden(since=SINCE_NESTED)
    def test_keys_of_other_kinds(self):
        """Keys that are numbers, and keys with dots, as a module's state has."""

        def state():
            return {
                "model": {"0.weight": numbers(2), "0.n": 4},
                "state": {1: numbers(3)},
            }

        self.check_checkpoint(state)

    @dcp_golden(since=SINCE_NESTED)
    def test_not_flattened(self):
        """A planner that does not flatten: a mapping is one object."""

        def state():
            return {"x": numbers(2).expand(3, 2), "model": {"weight": numbers(2, 2)}}

        def target(value):
            return {"x": stale(value["x"]), "model": STALE}

        def whole(value):
            return {"x": without_targets(value["x"]), "model": value["model"]}

        def writer(value, folder):
            return save(value, folder, planner=save_planner(flatten_state_dict=False))

        self.check_checkpoint(
            state,
            target,
            writer=writer,
            planners={
                "": lambda: load_planner(
                    flatten_state_dict=False, flatten_sharded_tensors=False
                ),
                " by default": lambda: load_planner(flatten_state_dict=False),
            },
            whole=whole,
        )

    @dcp_golden(since=SINCE_NESTED)
    def test_planner_options(self):
        """Options of the planner that only matter with several processes."""

        def writer(value, folder):
            planner = save_planner(
                flatten_sharded_tensors=False,
                dedup_replicated_tensors=False,
                dedup_save_to_lowest_rank=True,
            )
            return save(value, folder, planner=planner)

        self.check_checkpoint(
            lambda: {"model": {"weight": numbers(2)}},
            writer=writer,
            planners={"": lambda: load_planner(flatten_sharded_tensors=False)},
        )

    @dcp_golden(since=SINCE_NESTED)
    def test_keys(self):
        """Only what is asked for by its name, or by the name of a container."""

        def state():
            return {"a": {"x": numbers(2), "y": numbers(3)}, "b": {"n": 5}}

        asked = {
            "one": ({"a.x"}, {"a": {"x": numbers(2)}}),
            "other": ({"a.y"}, {"a": {"y": numbers(3)}}),
            "container": ({"a"}, {"a": state()["a"]}),
            "objects": ({"b"}, {"b": {"n": 5}}),
            "all": (None, state()),
        }

        def write(files):
            with empty_folder() as folder:
                save(state(), folder)
                store(folder, files)
            expected = {name: described(want) for name, (_, want) in asked.items()}
            save_expected(files["expected.npz"], expected)

        def read(files):
            found = {"a": {"y": torch.zeros(3)}}
            with as_folder(files) as folder:
                load(found, folder)
            self.check_expected(files["expected.npz"], described(found), part="other")

        parts = {"load": read}
        for name in asked if load_keys else ():

            def read_keys(files, name=name):
                with as_folder(files) as folder:
                    found = load_whole(folder, asked[name][0])
                self.check_expected(files["expected.npz"], described(found), part=name)

            parts[name] = read_keys
        self.check_parts(write, parts)


if __name__ == "__main__":
    run_tests()
