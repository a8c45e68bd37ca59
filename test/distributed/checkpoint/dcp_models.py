"""Models, optimizers and objects with a state (Python 3.7, torch 1.0)."""

import torch

from common_objects import described
from common_values import with_numbers
from dcp_compat import state_dict_functions

# What each release from 2.0 on keeps for a group of parameters; later ones keep more.
_HYPERPARAMETERS = {
    "Momentum": ("lr", "momentum"),
    "Adam": ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"),
}


class Momentum(torch.optim.Optimizer):
    """SGD with momentum, which no release gives another hyperparameter."""

    def __init__(self, parameters, lr=0.25, momentum=0.5):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        """Move each parameter against its gradients so far."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                before = state.get("sum", torch.zeros_like(parameter))
                state["sum"] = before * group["momentum"] + parameter.grad
                parameter.sub_(state["sum"] * group["lr"])


OPTIMIZERS = {"Momentum": Momentum, "Adam": torch.optim.Adam}


class Counter:
    """An object with a state of its own, as Stateful asks for."""

    def __init__(self, count=0):
        self.count = count
        self.history = torch.full((2,), float(count))

    def state_dict(self):
        """The state, as a mapping."""
        return {"count": self.count, "history": self.history}

    def load_state_dict(self, state):
        """Take the state."""
        self.count, self.history = state["count"], state["history"]


class WithExtraState(torch.nn.Module):
    """A module that has more in its state than tensors."""

    def __init__(self, note=None):
        super().__init__()
        self.linear = torch.nn.Linear(2, 1, bias=False)
        self.note = note

    def get_extra_state(self):
        """What else is in the state."""
        return {"note": self.note}

    def set_extra_state(self, state):
        """Take it from there."""
        self.note = state["note"]


def layers():
    """A module with parameters and buffers."""
    return torch.nn.Sequential(
        torch.nn.Linear(2, 1, bias=False), torch.nn.BatchNorm1d(1, affine=False)
    )


def with_other_state(module, value=9):
    """The module with the same number in all its tensors."""
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if isinstance(tensor, torch.Tensor):
                tensor.fill_(value)
    return module


def trained(name, saved):
    """A module of one parameter and its optimizer, which has a state.

    ``saved`` is whether it is the one to be saved, or another to be loaded into.
    """
    module = with_numbers(torch.nn.Linear(2, 2, bias=False))
    optimizer = OPTIMIZERS[name](module.parameters(), lr=0.25 if saved else 2.0)
    for _ in range(2 if saved else 1):
        optimizer.zero_grad()
        module(torch.ones(1, 2) * 2).sum().backward()
        optimizer.step()
    if not saved:
        with_other_state(module)
    return module, optimizer


def describe_optimizer(optimizer):
    """The state for each parameter, and what each release knows of groups of them."""
    names = _HYPERPARAMETERS[type(optimizer).__name__]
    saved = optimizer.state_dict()
    states = {
        number: dict(sorted(state.items())) for number, state in saved["state"].items()
    }
    groups = [{name: group[name] for name in names} for group in saved["param_groups"]]
    return described([states, groups])


def get_states(module, optimizer, **options):
    """What torch.distributed.checkpoint.state_dict makes of both."""
    functions = state_dict_functions
    options = functions.StateDictOptions(**options)
    model, optimizers = functions.get_state_dict(module, optimizer, options=options)
    return {"model": model, "optimizer": optimizers}


def set_states(module, optimizer, state, **options):
    """Load both from what ``get_states`` made."""
    functions = state_dict_functions
    functions.set_state_dict(
        module,
        optimizer,
        model_state_dict=state["model"],
        optim_state_dict=state["optimizer"],
        options=functions.StateDictOptions(**options),
    )
