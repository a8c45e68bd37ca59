"""The learning-rate schedulers of torch.optim, and their variants that are tried."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional

import torch
from torch.optim import lr_scheduler

from common_compat import import_first
from optim_callables import Decay, by_third, by_turns, halved

swa_utils = import_first("torch.optim.swa_utils")
# Of each step, for the scheduler that is told how good a model is.
METRICS = (4.0, 3.0, 3.0, 3.5, 2.5, 2.75, 2.75, 2.5, 2.5)


@dataclass(frozen=True)
class Schedule:
    """A variant of a scheduler."""

    # The first release that can write it.
    since: str
    make: Callable[[torch.optim.Optimizer], Any]
    # The one that loads the state: with other options, where the state has them all.
    other: Optional[Callable[[torch.optim.Optimizer], Any]] = None
    optimizer: str = "SGD"


@dataclass(frozen=True)
class SchedulerCase:
    """A scheduler of torch.optim."""

    name: str
    variants: Dict[str, Schedule]

    @property
    def since(self) -> str:
        """The first release that has it: variants are in the order of releases."""
        return next(iter(self.variants.values())).since


def _made(name: str, **options: Any) -> Callable[[torch.optim.Optimizer], Any]:
    """What makes a scheduler for an optimizer."""

    def make(optimizer):
        # Containers are the scheduler's own.
        own = {k: list(v) if isinstance(v, list) else v for k, v in options.items()}
        home = swa_utils if name == "SWALR" else lr_scheduler
        return getattr(home, name)(optimizer, **own)

    return make


def _with_lambdas(name: str) -> Dict[str, Schedule]:
    """The variants of a scheduler that takes functions."""
    since = "1.0.1" if name == "LambdaLR" else "1.4.0"
    return {
        "function": Schedule(since, _made(name, lr_lambda=halved)),
        "callables": Schedule(
            since,
            lambda optimizer: _made(name, lr_lambda=[by_turns, Decay(0.25)])(optimizer),
            # The object brings its attributes, the function does not.
            lambda optimizer: _made(name, lr_lambda=[by_turns, Decay(8.0)])(optimizer),
        ),
    }


def _chained(optimizer, factor=0.5, gamma=0.75):
    first = lr_scheduler.ConstantLR(optimizer, factor=factor, total_iters=4)
    return lr_scheduler.ChainedScheduler(
        [first, lr_scheduler.ExponentialLR(optimizer, gamma=gamma)]
    )


def _sequential(optimizer, factor=0.5, gamma=0.75, milestones=(2, 5)):
    first = lr_scheduler.ConstantLR(optimizer, factor=factor, total_iters=8)
    second = lr_scheduler.ExponentialLR(optimizer, gamma=gamma)
    third = lr_scheduler.StepLR(optimizer, step_size=2, gamma=gamma)
    return lr_scheduler.SequentialLR(
        optimizer, [first, second, third], milestones=list(milestones)
    )


_CYCLE = {"base_lr": 0.125, "max_lr": [0.5, 1.0], "step_size_up": 2}
_OTHER_CYCLE = {"base_lr": 0.25, "max_lr": 2.0, "step_size_up": 5}
# The phases of a later OneCycleLR are not in the state of an earlier one.
_ONE_CYCLE = {"max_lr": [0.5, 1.0], "total_steps": 9}
_CASES = (
    SchedulerCase(
        "StepLR",
        {
            "plain": Schedule(
                "1.0.1",
                _made("StepLR", step_size=2, gamma=0.5),
                _made("StepLR", step_size=5, gamma=0.25),
            )
        },
    ),
    SchedulerCase(
        "MultiStepLR",
        {
            "plain": Schedule(
                "1.0.1",
                _made("MultiStepLR", milestones=[2, 4, 4, 5, 7], gamma=0.5),
                _made("MultiStepLR", milestones=[3, 9], gamma=0.25),
            ),
            # Each of these numbers is an index of the list, too.
            "many": Schedule(
                "1.0.1",
                _made("MultiStepLR", milestones=[1, 3, 4, 5, 6, 7, 9, 11], gamma=0.5),
                _made("MultiStepLR", milestones=[3, 9], gamma=0.25),
            ),
        },
    ),
    SchedulerCase(
        "ExponentialLR",
        {
            "plain": Schedule(
                "1.0.1",
                _made("ExponentialLR", gamma=0.75),
                _made("ExponentialLR", gamma=0.25),
            )
        },
    ),
    SchedulerCase(
        "CosineAnnealingLR",
        {
            # Past its end, from where it rises again.
            "plain": Schedule(
                "1.0.1",
                _made("CosineAnnealingLR", T_max=4, eta_min=0.125),
                _made("CosineAnnealingLR", T_max=9),
            )
        },
    ),
    SchedulerCase("LambdaLR", _with_lambdas("LambdaLR")),
    SchedulerCase("MultiplicativeLR", _with_lambdas("MultiplicativeLR")),
    SchedulerCase(
        "ReduceLROnPlateau",
        {
            "min": Schedule(
                "1.0.1",
                _made("ReduceLROnPlateau", factor=0.5, patience=0, cooldown=1),
                _made("ReduceLROnPlateau", factor=0.25, patience=5),
            ),
            "max": Schedule(
                "1.0.1",
                _made(
                    "ReduceLROnPlateau",
                    mode="max",
                    factor=0.5,
                    patience=1,
                    threshold=0.25,
                    threshold_mode="abs",
                    min_lr=[0.25, 0.0],
                ),
                _made("ReduceLROnPlateau", factor=0.25, patience=5),
            ),
        },
    ),
    SchedulerCase(
        "CyclicLR",
        {
            "triangular": Schedule(
                "1.1.0", _made("CyclicLR", **_CYCLE), _made("CyclicLR", **_OTHER_CYCLE)
            ),
            "triangular2": Schedule(
                "1.1.0",
                _made("CyclicLR", mode="triangular2", step_size_down=1, **_CYCLE),
            ),
            "exp_range": Schedule(
                "1.1.0", _made("CyclicLR", mode="exp_range", gamma=0.75, **_CYCLE)
            ),
            "scale_function": Schedule(
                "1.1.0",
                _made("CyclicLR", scale_fn=by_third, scale_mode="iterations", **_CYCLE),
            ),
            "scale_object": Schedule(
                "1.1.0",
                lambda optimizer: _made("CyclicLR", scale_fn=Decay(0.5), **_CYCLE)(
                    optimizer
                ),
                lambda optimizer: _made("CyclicLR", scale_fn=Decay(8.0), **_CYCLE)(
                    optimizer
                ),
            ),
            "without_momentum": Schedule(
                "1.3.1",
                _made("CyclicLR", cycle_momentum=False, **_CYCLE),
                optimizer="Adam",
            ),
        },
    ),
    SchedulerCase(
        "CosineAnnealingWarmRestarts",
        {
            "plain": Schedule(
                "1.1.0",
                _made("CosineAnnealingWarmRestarts", T_0=2, T_mult=2, eta_min=0.125),
                _made("CosineAnnealingWarmRestarts", T_0=7),
            )
        },
    ),
    SchedulerCase(
        "OneCycleLR",
        {
            "cos": Schedule("1.3.1", _made("OneCycleLR", **_ONE_CYCLE)),
            "linear": Schedule(
                "1.3.1",
                _made(
                    "OneCycleLR",
                    anneal_strategy="linear",
                    pct_start=0.5,
                    div_factor=4.0,
                    **_ONE_CYCLE,
                ),
                optimizer="Adam",
            ),
            "three_phase": Schedule(
                "1.8.1", _made("OneCycleLR", three_phase=True, **_ONE_CYCLE)
            ),
        },
    ),
    SchedulerCase(
        "ConstantLR",
        {
            "plain": Schedule(
                "1.10.2",
                _made("ConstantLR", factor=0.25, total_iters=5),
                _made("ConstantLR", factor=0.5, total_iters=9),
            )
        },
    ),
    SchedulerCase(
        "LinearLR",
        {
            "plain": Schedule(
                "1.10.2",
                _made("LinearLR", start_factor=0.25, end_factor=0.75, total_iters=5),
                _made("LinearLR", total_iters=9),
            )
        },
    ),
    SchedulerCase(
        "PolynomialLR",
        {
            "plain": Schedule(
                "1.13.1",
                _made("PolynomialLR", total_iters=5, power=2.0),
                _made("PolynomialLR", total_iters=9),
            )
        },
    ),
    SchedulerCase(
        "ChainedScheduler",
        {
            "plain": Schedule(
                "1.10.2", _chained, lambda optimizer: _chained(optimizer, 0.25, 0.5)
            )
        },
    ),
    SchedulerCase(
        "SequentialLR",
        {
            "plain": Schedule(
                "1.10.2",
                _sequential,
                lambda optimizer: _sequential(optimizer, 0.25, 0.5, (1, 9)),
            )
        },
    ),
    SchedulerCase(
        "SWALR",
        {
            "cos": Schedule(
                "1.6.0",
                _made("SWALR", swa_lr=[0.125, 1.0], anneal_epochs=5),
                _made("SWALR", swa_lr=0.5, anneal_epochs=9),
            ),
            "linear": Schedule(
                "1.6.0",
                _made("SWALR", swa_lr=0.125, anneal_epochs=5, anneal_strategy="linear"),
            ),
        },
    ),
)
SCHEDULERS = {case.name: case for case in _CASES}
