# Owner(s): ["oncall: distributed checkpointing"]

"""Checkpoints of modules, optimizers and other objects that have a state."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import with_numbers  # noqa: E402
from dcp_compat import SINCE_NESTED, LOADERS, save  # noqa: E402
from dcp_files import as_folder, empty_folder, store  # noqa: E402
from dcp_models import (  # noqa: E402
    Counter,
    WithExtraState,
    describe_optimizer,
    get_states,
    layers,
    set_states,
    trained,
    with_other_state,
)
from dcp_test_case import CheckpointTestCase, dcp_golden  # noqa: E402

# The first release that calls state_dict of the objects in a state, without a group.
SINCE_STATEFUL = "2.3.0"
# The first release with torch.distributed.checkpoint.state_dict.
SINCE_FUNCTIONS = "2.2.0"
SINCE_FLAT = "2.4.0"


class TestStateDict(CheckpointTestCase):
    """Objects with a state are saved, and loaded into other such objects."""

    def check_objects(self, make, get, put, observe, loaders=None):
        """Check that objects have the state that such objects were saved with.

        ``make(saved)`` makes the objects, those to be saved or those to be loaded
        into; ``get(*objects)`` their state; ``put(*objects, state)`` gives it back;
        ``observe(*objects)`` is what is compared.
        """

        def write(files):
            objects = make(True)
            with empty_folder() as folder:
                save(get(*objects), folder)
                store(folder, files)
            save_expected(files["expected.npz"], {"objects": observe(*objects)})

        def read(files, load):
            objects = make(False)
            state = get(*objects)
            with as_folder(files) as folder:
                load(state, folder)
            put(*objects, state)
            self.check_expected(
                files["expected.npz"], observe(*objects), part="objects"
            )

        parts = {}
        for name in loaders or LOADERS:
            parts[name] = lambda files, name=name: read(files, LOADERS[name])
        self.check_parts(write, parts)

    @dcp_golden()
    def test_module(self):
        """A module's parameters and buffers."""

        def make(saved):
            module = with_numbers(layers())
            if not saved:
                return (with_other_state(module),)
            for _ in range(2):
                module(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
            return (module,)

        self.check_objects(
            make,
            lambda module: module.state_dict(),
            lambda module, state: module.load_state_dict(state),
            lambda module: described(dict(module.state_dict())),
        )

    @dcp_golden()
    def test_extra_state(self):
        """A module's state that is not made of tensors."""

        def make(saved):
            module = WithExtraState("saved" if saved else "other")
            return (with_numbers(module) if saved else with_other_state(module),)

        self.check_objects(
            make,
            lambda module: module.state_dict(),
            lambda module, state: module.load_state_dict(state),
            lambda module: described(dict(module.state_dict())),
        )

    @dcp_golden(since=SINCE_STATEFUL)
    def test_stateful(self):
        """Objects that are Stateful are loaded as such, a module among them."""

        def make(saved):
            module = torch.nn.Linear(2, 1, bias=False)
            module = with_numbers(module) if saved else with_other_state(module)
            return Counter(3 if saved else 0), module

        self.check_objects(
            make,
            lambda counter, module: {"counter": counter, "model": module},
            lambda counter, module, state: None,
            lambda counter, module: described(
                [counter.count, counter.history, module.weight]
            ),
            # The other function takes them for objects.
            loaders=["load"],
        )

    @dcp_golden(since=SINCE_NESTED)
    def test_optimizer(self):
        """An optimizer's own state, whose keys are numbers."""
        self.check_optimizer("Momentum")

    @dcp_golden(since=SINCE_NESTED)
    def test_adam(self):
        """The own state of an optimizer that later learned new hyperparameters."""
        self.check_optimizer("Adam")

    def check_optimizer(self, name):
        """Check what ``state_dict`` of an optimizer gives."""
        self.check_objects(
            lambda saved: (trained(name, saved)[1],),
            lambda optimizer: {"optimizer": optimizer.state_dict()},
            lambda optimizer, state: optimizer.load_state_dict(state["optimizer"]),
            describe_optimizer,
        )

    @dcp_golden(since=SINCE_FUNCTIONS)
    def test_get_state_dict(self):
        """What get_state_dict makes of a module and its optimizer."""
        self.check_states()

    @dcp_golden(since=SINCE_FLAT)
    def test_flattened_optimizer(self):
        """The same, with one entry for each parameter and hyperparameter."""
        self.check_states(flatten_optimizer_state_dict=True)

    def check_states(self, **options):
        """Check what get_state_dict gives with these options."""
        self.check_objects(
            lambda saved: trained("Momentum", saved),
            lambda module, optimizer: get_states(module, optimizer, **options),
            lambda module, optimizer, state: set_states(
                module, optimizer, state, **options
            ),
            lambda module, optimizer: [
                describe_optimizer(optimizer),
                described(dict(module.state_dict())),
            ],
        )


if __name__ == "__main__":
    run_tests()
