# Owner(s): ["oncall: distributed checkpointing"]

"""What torch.distributed.checkpoint refuses to load from checkpoints of any release."""

import functools
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import copied, numbers  # noqa: E402
from dcp_compat import (  # noqa: E402
    HAS_PARTIAL_LOAD,
    SINCE_NESTED,
    load,
    load_planner,
    save,
)
from dcp_files import as_folder, empty_folder, store  # noqa: E402
from dcp_states import stale  # noqa: E402
from dcp_test_case import CheckpointTestCase, dcp_golden  # noqa: E402


class TestRefusedCheckpoint(CheckpointTestCase):
    """States that do not fit to the checkpoint."""

    def check_refused(self, state, refused, allowed=None):
        """Check that ``state()`` is not loaded into what does not fit to it.

        ``refused`` are, by name, the target, the kinds of error, and words that the
        error has.  ``allowed`` are, by name, the target, and what becomes of it where
        the planner allows what is missing.
        """
        allowed = allowed or {}

        def write(files):
            with empty_folder() as folder:
                save(state(), folder)
                store(folder, files)
            wanted = {name: described(want) for name, (_, want) in allowed.items()}
            save_expected(files["expected.npz"], wanted)

        def read_refused(files, target, kinds, words):
            found = copied(target)
            with as_folder(files) as folder:
                try:
                    load(found, folder)
                except kinds as error:
                    text = f"{type(error).__name__}: {error}"
                    if not all(word in text for word in words):
                        self.fail(f"refused without a hint: {text}")
                    return
            self.fail("was not refused")

        def read_allowed(files, name):
            found = copied(allowed[name][0])
            with as_folder(files) as folder:
                load(found, folder, load_planner(allow_partial_load=True))
            self.check_expected(files["expected.npz"], described(found), part=name)

        parts = {
            name: functools.partial(
                read_refused, target=target, kinds=kinds, words=words
            )
            for name, (target, kinds, words) in refused.items()
        }
        for name in allowed if HAS_PARTIAL_LOAD else ():
            parts[f"{name} allowed"] = functools.partial(read_allowed, name=name)
        self.check_parts(write, parts)

    @dcp_golden(since=SINCE_NESTED)
    def test_missing(self):
        """What the checkpoint has not, unless loading a part is allowed."""
        x, n, other = numbers(2), {"n": 5}, torch.ones(3)
        tensor = {"model": {"x": stale(x), "other": other}, "config": {"n": 0}}
        entry = {"model": {"x": stale(x)}, "config": {"n": 0}, "other": "kept"}
        errors = (KeyError, RuntimeError)
        self.check_refused(
            lambda: {"model": {"x": x}, "config": n},
            {
                "tensor": (tensor, errors, ["model.other"]),
                "object": (entry, errors, ["other"]),
            },
            {
                "tensor": (tensor, {"model": {"x": x, "other": other}, "config": n}),
                "object": (entry, {"model": {"x": x}, "config": n, "other": "kept"}),
            },
        )

    @dcp_golden()
    def test_unfit(self):
        """Targets that are larger, smaller, of other dimensions, or no tensor."""
        errors, words = (ValueError, AssertionError), ["x", "ismatch"]
        self.check_refused(
            lambda: {"x": numbers(3, 2)},
            {
                "larger": ({"x": torch.zeros(3, 4)}, errors, words),
                "smaller": ({"x": torch.zeros(2, 2)}, errors, words),
                "flat": ({"x": torch.zeros(6)}, errors, words),
                "object": ({"x": 5}, (ValueError,), ["x"]),
            },
        )


if __name__ == "__main__":
    run_tests()
