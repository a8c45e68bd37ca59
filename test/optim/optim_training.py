"""Training that is the same everywhere: parameters, gradients and steps.

Gradients do not depend on the parameters, except where an optimizer asks for them again
and again, and are exact fractions: so each difference is of the optimizer's making.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

import torch

# Steps before saving, and those that follow with the numbers of the writer.
STEPS_BEFORE = 3
STEPS_AFTER = 3


@dataclass(frozen=True)
class Group:
    """A group of one parameter."""

    options: Dict[str, Any] = field(default_factory=dict)
    dtype: str = "float64"
    shape: Tuple[int, ...] = (2, 2)
    # A frozen parameter requires no gradient and gets none.
    frozen: bool = False

    def parameter(self, index: int, fresh: bool) -> torch.nn.Parameter:
        """The ``index``-th parameter of an optimizer; a fresh one has other values."""
        count = torch.Size(self.shape).numel()
        values = (torch.arange(count).double() + 4 * index + 5) / 4
        values = values.reshape(self.shape).to(getattr(torch, self.dtype))
        values = -3 * values if fresh else values
        return torch.nn.Parameter(values, requires_grad=not self.frozen)


class Training:
    """An optimizer, and the steps it has taken."""

    def __init__(self, optimizer: torch.optim.Optimizer, kind: str, taken: int = 0):
        self.optimizer = optimizer
        # Of the gradients: dense, sparse, or closure, which computes them anew.
        self._kind = kind
        self._taken = taken

    def step(self) -> None:
        """Take the next step."""
        if self._kind == "closure":
            self.optimizer.step(self._closure)
        else:
            for index, parameter in enumerate(self._parameters()):
                if parameter.requires_grad:
                    self._give_gradient(index, parameter)
            self.optimizer.step()
        self._taken += 1

    def _parameters(self):
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _give_gradient(self, index: int, parameter: torch.Tensor) -> None:
        """Give a gradient of small fractions: some are zero, and signs change."""
        numbers = torch.arange(parameter.numel()).double() + 3 * self._taken + index
        values = (numbers % 7 - 3) / 4
        gradient = values.reshape(parameter.shape).to(parameter.dtype)
        parameter.grad = None
        if self._kind == "dense":
            parameter.grad = gradient
            return
        # Of two rows, and other ones each time.
        rows = torch.tensor([self._taken % 2, 2])
        found = torch.nn.functional.embedding(rows, parameter, sparse=True)
        (found * gradient[rows]).sum().backward()

    def _closure(self) -> torch.Tensor:
        """A loss without a minimum that a few steps would find."""
        self.optimizer.zero_grad()
        losses = [
            ((p - 1) ** 4 / 64 + p * p / 8).sum()
            for p in self._parameters()
            if p.requires_grad
        ]
        loss = sum(losses)
        loss.backward()
        return loss
