"""QConfigs and mappings of them, and what they tell (Python 3.7, torch 1.4)."""

import torch

from quant_describe import QuantDescription, describe_module
from quant_homes import tq

# Of torch's own; those that a release lacks are left out.
NAMES = ("default_qconfig", "default_per_channel_qconfig", "default_dynamic_qconfig",
         "float16_dynamic_qconfig", "default_qat_qconfig")  # fmt: skip


def make_config():
    """A QConfig of two observers with settings that are not the default."""
    return tq.QConfig(
        activation=tq.MovingAverageMinMaxObserver.with_args(
            averaging_constant=0.25, reduce_range=True
        ),
        weight=tq.PerChannelMinMaxObserver.with_args(
            dtype=torch.qint8, qscheme=torch.per_channel_symmetric, ch_axis=1
        ),
    )


def make_named_configs():
    """Those of torch itself, by name."""
    return {name: getattr(tq, name) for name in NAMES if hasattr(tq, name)}


def make_mapping():
    """A mapping with a rule of each kind."""
    config = make_config()
    return (
        tq.QConfigMapping()
        .set_global(config)
        .set_object_type(torch.nn.Linear, tq.default_dynamic_qconfig)
        .set_object_type("add", None)
        .set_module_name_regex("block.*", None)
        .set_module_name("block.first", config)
        .set_module_name_object_type_order("block", torch.nn.Conv2d, 0, config)
    )


def describe_configs(configs):
    """By name: the class of each qconfig, and the observers that it makes."""
    told = {}
    for name, config in configs.items():
        told[f"{name}:class"] = type(config).__name__
        for part in ("activation", "weight"):
            made = describe_module(getattr(config, part)()) if config else {}
            told.update({f"{name}.{part}{key}": value for key, value in made.items()})
    return told


def describe_mapping(mapping):
    """By name: the rules of a QConfigMapping, their order, and their qconfigs."""
    told = {"class": type(mapping).__name__}
    for name, rules in vars(mapping).items():
        if not isinstance(rules, dict):
            rules = {"": rules}
        told[f"{name}:rules"] = [_describe_key(key) for key in rules]
        told.update(describe_configs({f"{name}{key}": v for key, v in rules.items()}))
    return told


def _describe_key(key):
    if isinstance(key, tuple):
        return [_describe_key(item) for item in key]
    return QuantDescription().of(key)
