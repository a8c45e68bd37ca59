"""What optimizers and schedulers hold, as data to compare (Python 3.7, torch 1.0).

The elements of all tensors and all numbers of a state go into one vector, so that an
expected file has few arrays; what they are is told beside it, as ``form``.
"""

import torch

from common_objects import Description


class Form(Description):
    """Describes an object like its base, except for the elements of its tensors.

    These are collected in ``elements``, in the order in which they were met; so are
    numbers, of which the form says what they are.
    """

    def __init__(self):
        super().__init__()
        self.elements = []

    def of_tensor(self, tensor):
        """The description of a tensor without its elements."""
        form = super().of_tensor(tensor)
        self.elements.append(form.pop("elements").double().reshape(-1))
        # As numbers, the class of which is the same for a tensor and a parameter.
        return dict(form, dtype=str(tensor.dtype), shape=list(tensor.shape))

    def of_other(self, value):
        """A number is told by its class, and is one of the elements."""
        if type(value) in (int, float):
            self.elements.append(torch.tensor([float(value)], dtype=torch.float64))
            return {"number": type(value).__name__}
        return super().of_other(value)

    def numbers(self):
        """All elements, as one vector."""
        return torch.cat(self.elements) if self.elements else torch.zeros(0)


class Attributes(Description):
    """Describes objects of other classes by their attributes."""

    def of_other(self, value):
        """An object of ours or of torch is its class and what it has."""
        try:
            return super().of_other(value)
        except TypeError:
            return {type(value).__name__: self.of(getattr(value, "__dict__", None))}


def form_and_numbers(value):
    """The form of ``value``, and its numbers as a vector."""
    form = Form()
    return form.of(value), form.numbers()


def parameters_of(optimizer):
    """The parameters of all groups, in order."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def states_of(optimizer):
    """The state of each parameter, in order; None for one without."""
    # Not by index, which would make a state in the defaultdict.
    return [optimizer.state.get(p) for p in parameters_of(optimizer)]


def options_of(groups, names=None):
    """The options of groups as they are kept, ``names`` being those that count.

    ``names`` are the options of each group that its writer knew.
    """
    options = []
    for index, group in enumerate(groups):
        known = group if names is None else names[index]
        kept = {k: v for k, v in group.items() if k in known and k != "params"}
        options.append(Attributes().of(kept))
    return options


def states_in(state_dict):
    """The state of each parameter in a ``state_dict()``, in order.

    Before 1.6 its keys are addresses, from then on they are counted.
    """
    indices = [
        index for group in state_dict["param_groups"] for index in group["params"]
    ]
    return [state_dict["state"].get(index) for index in indices]


def differing(place, found, expected):
    """Where two forms differ: the place, and what is in either."""
    if isinstance(found, dict) and isinstance(expected, dict):
        pairs = [(key, found.get(key), expected.get(key)) for key in expected]
        pairs += [(key, found[key], None) for key in found if key not in expected]
    elif isinstance(found, list) and isinstance(expected, list):
        pairs = list(zip(range(len(found)), found, expected))
        if len(found) != len(expected):
            yield place, f"{len(found)} items", f"{len(expected)} items"
    else:
        if repr(found) != repr(expected):
            yield place, repr(found), repr(expected)
        return
    for key, ours, theirs in pairs:
        yield from differing(f"{place}[{key!r}]", ours, theirs)
