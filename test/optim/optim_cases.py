"""The optimizers of torch.optim, and the variants of each that are tried.

Numbers are fractions of powers of two wherever the optimizer leaves a choice, and large
enough that a step that was computed otherwise is seen.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

import torch

from common_expected import Tolerance
from optim_training import Group

# Of parameters and states after steps, by their dtype.
TOLERANCES = {
    "float64": Tolerance(
        1e-14, 1e-12, "square roots, divisions and powers in float64, in any order"
    ),
    "float32": Tolerance(
        1e-7, 1e-6, "square roots, divisions and powers in float32, in any order"
    ),
    "complex128": Tolerance(
        1e-14, 1e-12, "square roots, divisions and powers in float64, in any order"
    ),
}
# With differentiable=True Adam and AdamW compute the corrections of their moments from
# the step, which is a float32 tensor, whatever the parameters are.
_CORRECTED = {
    "float64": Tolerance(
        1e-7, 1e-7, "a square root in float32, whose last bit MKL rounds by the CPU"
    )
}
_ITERATED = {
    "float64": Tolerance(
        1e-12, 1e-10, "scalar products and line searches in float64, repeated"
    )
}
_BFLOAT16 = {
    "float64": Tolerance(
        1e-2, 0, "matrix products in bfloat16, whose sums each CPU rounds in its way"
    ),
    "float32": Tolerance(
        1e-2, 0, "matrix products in bfloat16, whose sums each CPU rounds in its way"
    ),
}


@dataclass(frozen=True)
class Variant:
    """Options of an optimizer, and its groups."""

    # The first release that can write it.
    since: str
    options: Dict[str, Any] = field(default_factory=dict)
    groups: Tuple[Group, ...] = (Group(),)
    # Whether the parameters are given with names.
    named: bool = False
    # Whether it is pickled whole, too: what only chooses an implementation is not.
    whole: bool = True
    # Of the parameters after steps, where they are not the case's.
    tolerances: Dict[str, Tolerance] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer of torch.optim."""

    name: str
    variants: Dict[str, Variant]
    # The kind of gradients that Training gives it: dense, sparse or closure.
    gradients: str = "dense"
    # Of the parameters after steps, and of the states.
    tolerances: Dict[str, Tolerance] = field(default_factory=lambda: TOLERANCES)
    state_tolerances: Dict[str, Tolerance] = field(default_factory=lambda: TOLERANCES)
    # Whether it trains a group that was added to it: one alone, or a state that only
    # the constructor makes, do not let it.
    grows: bool = True

    @property
    def since(self) -> str:
        """The first release that has it: variants are in the order of releases."""
        return next(iter(self.variants.values())).since

    def subnames(self, whole: bool) -> Dict[str, str]:
        """The variants that are pickled whole, or the others, with their ``since``."""
        variants = self.variants.items()
        return {name: each.since for name, each in variants if each.whole is whole}


def _variants(
    since: str,
    *groups: Dict[str, Any],
    flags: Tuple[Dict[str, Any], ...] = (),
    flag_tolerances: Optional[Dict[str, Tolerance]] = None,
    fused: bool = False,
    tensor_lr: Optional[str] = None,
    **options: Any,
) -> Dict[str, Variant]:
    """The variants that most optimizers have.

    ``groups`` has a group for each of these options, the last of them in float32, and
    one of a frozen parameter; ``flags`` has one for each of those that choose a sign or
    an implementation; ``fused`` tells whether the optimizer is so on a CPU,
    ``tensor_lr`` since when a learning rate is a tensor.
    """
    options.setdefault("lr", 0.25)
    kinds = ["float64"] * (len(groups) - 1) + ["float32"]
    several = [Group(dict(group), kind) for group, kind in zip(groups, kinds)]
    several.append(Group({"lr": 2.0}, frozen=True))
    variants = {"groups": Variant(since, options, tuple(several))}
    if flags:
        groups = tuple(map(Group, flags))
        variants["flags"] = Variant(
            "2.0.1", options, groups, whole=False, tolerances=flag_tolerances or {}
        )
    if tensor_lr:
        rate = torch.tensor(0.25, dtype=torch.float64)
        variants["tensor_lr"] = Variant(tensor_lr, dict(options, lr=rate), whole=False)
    if fused:
        variants["fused"] = Variant("2.4.1", dict(options, fused=True), whole=False)
    return variants


_FLAGS = ({"maximize": True, "foreach": True}, {"differentiable": True})
_MOMENTS = {"betas": (0.5, 0.75), "eps": 0.0625}
_DECAY = {"weight_decay": 0.125}

_CASES = (
    OptimizerCase(
        "SGD",
        _variants(
            "1.0.1",
            {},
            {"momentum": 0.5, "nesterov": True, "weight_decay": 0.125},
            {"momentum": 0.75, "dampening": 0.25, "lr": 0.125},
            flags=_FLAGS,
            tensor_lr="2.1.2",
            fused=True,
            momentum=0.25,
        ),
    ),
    OptimizerCase(
        "Adam",
        _variants(
            "1.0.1",
            dict(_MOMENTS, amsgrad=True),
            dict(_DECAY, lr=0.125),
            flags=_FLAGS,
            flag_tolerances=_CORRECTED,
            tensor_lr="2.0.1",
            fused=True,
        ),
    ),
    OptimizerCase(
        "AdamW",
        _variants(
            "1.2.0",
            dict(_MOMENTS, amsgrad=True),
            dict(_DECAY, lr=0.125),
            flags=_FLAGS,
            flag_tolerances=_CORRECTED,
        ),
    ),
    OptimizerCase(
        "Adamax",
        _variants("1.0.1", _MOMENTS, dict(_DECAY, lr=0.125)),
    ),
    OptimizerCase(
        "NAdam",
        _variants(
            "1.10.2",
            dict(_MOMENTS, momentum_decay=0.125),
            dict(_DECAY, lr=0.125),
            flags=_FLAGS[1:],
        ),
    ),
    OptimizerCase(
        "RAdam",
        _variants("1.10.2", _MOMENTS, dict(_DECAY, lr=0.125)),
    ),
    OptimizerCase(
        "Adagrad",
        _variants(
            "1.0.1",
            {"lr_decay": 0.25},
            dict(_DECAY, lr=0.125),
            fused=True,
            initial_accumulator_value=0.5,
        ),
        grows=False,
    ),
    OptimizerCase(
        "Adadelta",
        _variants(
            "1.0.1",
            {"rho": 0.5, "eps": 0.0625},
            dict(_DECAY, lr=0.125),
        ),
    ),
    OptimizerCase(
        "RMSprop",
        _variants(
            "1.0.1",
            {"alpha": 0.75, "eps": 0.0625, "centered": True, "momentum": 0.5},
            {"centered": True, "lr": 0.125},
            {"momentum": 0.5, "weight_decay": 0.125},
            flags=_FLAGS,
        ),
    ),
    OptimizerCase(
        "Rprop",
        _variants(
            "1.0.1",
            {"etas": (0.25, 1.5)},
            {"step_sizes": (0.125, 0.375)},
        ),
    ),
    OptimizerCase(
        "ASGD",
        _variants(
            "1.0.1",
            {"lambd": 0.125, "alpha": 0.5, "t0": 2},
            {"t0": 1, "weight_decay": 0.125},
        ),
    ),
    OptimizerCase(
        "SparseAdam",
        {
            "groups": Variant(
                "1.0.1",
                {"lr": 0.25},
                (
                    Group(dict(_MOMENTS, lr=0.125), shape=(3, 2)),
                    Group(shape=(4, 1), dtype="float32"),
                    Group(frozen=True),
                ),
            ),
            "flags": Variant(
                "2.0.1",
                {"lr": 0.25, "maximize": True},
                (Group(shape=(3, 2)),),
                whole=False,
            ),
        },
        gradients="sparse",
    ),
    OptimizerCase(
        "LBFGS",
        {
            "plain": Variant("1.0.1", {"lr": 0.25, "max_iter": 2}),
            "history": Variant("1.0.1", {"lr": 0.5, "max_iter": 3, "history_size": 2}),
            "line_search": Variant(
                "1.2.0", {"line_search_fn": "strong_wolfe", "max_iter": 2}
            ),
        },
        gradients="closure",
        tolerances=_ITERATED,
        state_tolerances=_ITERATED,
        grows=False,
    ),
    OptimizerCase(
        "Adafactor",
        {
            "groups": Variant(
                "2.5.1",
                {"lr": 0.25},
                (
                    Group(
                        {
                            "maximize": True,
                            "beta2_decay": -0.5,
                            "d": 2.0,
                            "eps": (0.25, 0.125),
                        }
                    ),
                    Group(dict(_DECAY), shape=(3,)),
                    Group({"lr": 0.5}, "float32"),
                    Group(frozen=True),
                ),
            ),
        },
    ),
    OptimizerCase(
        "Muon",
        {
            "groups": Variant(
                "2.9.1",
                {"lr": 0.25},
                (
                    Group({"momentum": 0.5, "nesterov": False}, shape=(2, 3)),
                    Group({"adjust_lr_fn": "match_rms_adamw", "ns_steps": 3}),
                    Group(dict(_DECAY, lr=0.125), "float32"),
                    Group(frozen=True),
                ),
            ),
        },
        tolerances=_BFLOAT16,
    ),
)
OPTIMIZERS = {case.name: case for case in _CASES}
# It is the base of all that knows of names.
OPTIMIZERS["SGD"].variants["named"] = Variant(
    "2.6.0",
    {"lr": 0.25, "momentum": 0.5},
    (Group(), Group({"lr": 0.5})),
    named=True,
    whole=False,
)
