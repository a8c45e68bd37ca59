"""What is told of quantized modules and their states (Python 3.7, torch 1.0)."""

import torch

from common_objects import Description

_SIMPLE = (str, bool, int, float, type(None))
_CONSTANTS = tuple(
    getattr(torch, name) for name in ("dtype", "qscheme") if hasattr(torch, name)
)
_SCRIPT_OBJECT = getattr(torch._C, "ScriptObject", ())
# Numbers that kept their meaning under a new name, see ``state_numbers``.
_RENAMED = {
    "min_vals": "min_val",
    "max_vals": "max_val",
    "gamma": "bn.weight",
    "beta": "bn.bias",
}
# What a ConvBn2d has of its own until 1.6, and then in a module ``bn``.
_BATCH_NORM = ("running_mean", "running_var", "num_batches_tracked")


class QuantDescription(Description):
    """Tells of packed parameters, and elements as plain numbers.

    A module has many tensors of few elements, each of which would take 250 bytes as an
    array of its own.
    """

    def of_other(self, value):
        if isinstance(value, _SCRIPT_OBJECT):
            return {"packed": self.of(value.__getstate__())}
        return super().of_other(value)

    def of_tensor(self, tensor):
        described = super().of_tensor(tensor)
        described["elements"] = elements(tensor)
        if not tensor.numel():
            # Some releases give an empty storage an address.
            described["storage"] = None
        return described


def elements(tensor):
    """Every element, dtype, shape and quantization parameter, as plain data."""
    tensor = tensor.detach()
    told = {"dtype": str(tensor.dtype), "shape": list(tensor.shape)}
    if not tensor.is_quantized:
        told["values"] = tensor.reshape(-1).tolist()
        return told
    told["values"] = tensor.int_repr().reshape(-1).tolist()
    told["qscheme"] = str(tensor.qscheme())
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        told["parameters"] = [tensor.q_scale(), tensor.q_zero_point()]
    else:
        told["parameters"] = [
            tensor.q_per_channel_axis(),
            elements(tensor.q_per_channel_scales()),
            elements(tensor.q_per_channel_zero_points()),
        ]
    return told


def describe_state(state):
    """A state_dict as it lies in a file, the versions of its modules included."""
    return {
        "state": QuantDescription().of(state),
        "versions": getattr(state, "_metadata", None),
    }


def describe_module(module):
    """By name: the class of each submodule, its plain attributes, and its tensors.

    Attributes are the module's own and public; those of the class are not pickled.
    """
    description = QuantDescription()
    told = {}
    for name, part in module.named_modules():
        told[f"{name}:class"] = type(part).__name__
        told[f"{name}:training"] = part.training
        for attribute, value in sorted(vars(part).items()):
            if attribute != "training" and not attribute.startswith("_"):
                if _is_simple(value):
                    told[f"{name}:{attribute}"] = description.of(value)
    # The parameters themselves, for whether they require a gradient.
    for name, value in module.state_dict(keep_vars=True).items():
        told[f"state:{name}"] = description.of(value)
    return told


def _is_simple(value):
    if isinstance(value, (list, tuple)):
        return all(_is_simple(item) for item in value)
    return isinstance(value, _SIMPLE + _CONSTANTS)


def module_attribute(module, name):
    """What ``describe_module`` would tell today under a name that a writer recorded."""
    found = describe_module(module)
    if name in found:
        return found[name]
    path, _, attribute = name.partition(":")
    part = dict(module.named_modules()).get(path)
    value = getattr(part, attribute, "lost")
    return QuantDescription().of(value) if _is_simple(value) else "lost"


def state_numbers(module):
    """The numbers of a state by name, without their shapes and kinds.

    These changed from release to release with no change of meaning: a zero point was
    a tensor of int64 with one element, is one of int32 with none.  So did some names.
    """
    told = {}
    for name, value in module.state_dict().items():
        path, _, last = name.rpartition(".")
        parts = path.split(".") if path else []
        if last in _BATCH_NORM and parts[-1:] == ["bn"]:
            parts.pop()
        elif parts[-1:] == ["_packed_params"]:
            parts.pop()
            if last == "_packed_params" and len(value) == 2:
                # Weight and bias have been one entry since 1.6.
                told[".".join(parts + ["weight"])] = _numbers(value[0])
                last, value = "bias", value[1]
        told[".".join(parts + [_RENAMED.get(last, last)])] = _numbers(value)
    return told


def _numbers(value):
    if isinstance(value, torch.Tensor):
        if value.is_quantized:
            return elements(value)
        return plain_numbers(value)
    if isinstance(value, _SCRIPT_OBJECT):
        return _numbers(value.__getstate__())
    if isinstance(value, (list, tuple)):
        return [_numbers(item) for item in value]
    return QuantDescription().of(value)


def plain_numbers(tensor):
    """The elements of a tensor, whatever its shape and kind."""
    return [float(item) for item in tensor.detach().reshape(-1).tolist()]
