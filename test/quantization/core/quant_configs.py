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


def describe_config(config):
    """The class of a qconfig, and the observers that it makes."""
    if config is None:
        return None
    told = {"class": type(config).__name__}
    for part in ("activation", "weight"):
        factory = getattr(config, part)
        made = factory()
        told[part] = describe_module(made)
    return told


def describe_mapping(mapping):
    """The rules of a QConfigMapping, in their order."""
    told = {"class": type(mapping).__name__}
    for name, value in vars(mapping).items():
        told[name] = _describe_rules(value)
    return told


def _describe_rules(value):
    if hasattr(value, "activation"):
        return describe_config(value)
    if isinstance(value, dict):
        return [[_describe_key(key), _describe_rules(v)] for key, v in value.items()]
    return value


def _describe_key(key):
    if isinstance(key, tuple):
        return [_describe_key(item) for item in key]
    return QuantDescription().of(key)
