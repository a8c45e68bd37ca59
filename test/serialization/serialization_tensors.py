"""Tables of tensors: views and shared storages, kinds of tensors, and subclasses."""

import torch

import serialization_classes as classes
from common_values import numbers
from serialization_cases import SAFE_ATTRIBUTES, Case

# How the readers before 2.4 name a tensor of a class of ours.
_REBUILD = "_rebuild_from_type"


def _expanded():
    return torch.ones(2, 1).expand(2, 3)


def _overlapping():
    return numbers(4).as_strided((3, 2), (1, 1))


def _one_storage():
    x = numbers(2, 3)
    return [x, x.t(), x[1], x.reshape(6)[2:4], x]


def _add_one(values):
    with torch.no_grad():
        values[0].add_(1)


def _one_storage_in_a_dict():
    x = numbers(4)
    return {"weight": x, "tied": x, "half": x[:2], "apart": x.clone()}


def _small_part():
    return numbers(40)[7:9]


def _with_storage():
    x = numbers(3)
    return [x, x.storage(), x.storage()]


def _conjugate():
    return torch.tensor([1 - 2j, 0.5j]).conj()


def _lazy_and_not():
    x = torch.tensor([1 - 2j, 0.5j])
    return [x, x.conj(), x.conj()[1:], x.conj().resolve_conj()]


VIEWS = {
    "transposed": Case("Strides of a transposed tensor.", lambda: numbers(2, 3).t()),
    "strided": Case("Strides above one.", lambda: numbers(4, 4)[::2, 1::2]),
    "expanded": Case("Strides of zero.", _expanded),
    "overlapping": Case("Elements that share their place.", _overlapping),
    "channels_last": Case(
        "The strides of channels last.",
        lambda: (
            numbers(1, 2, 2, 2).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        ),
    ),
    "offset": Case("A tensor that begins within its storage.", lambda: numbers(5)[2:]),
    "small_part": Case("A part of a storage, all of which is saved.", _small_part),
    "one_storage": Case(
        "Tensors with one storage: writing into one shows in the others.",
        _one_storage,
        change=_add_one,
    ),
    "one_storage_in_a_dict": Case(
        "Entries with one storage: writing into one shows in the others.",
        _one_storage_in_a_dict,
        change=lambda values: values["half"].mul_(2),
    ),
    "with_storage": Case(
        "A tensor and its storage: writing into one shows in the other.",
        _with_storage,
        change=_add_one,
    ),
    "conjugate": Case("A conjugate view.", _conjugate, since="1.10.0"),
    "negative": Case("A negative view.", lambda: _conjugate().imag, since="1.10.0"),
    "lazy_and_not": Case(
        "Conjugate views, and what they are of.",
        _lazy_and_not,
        since="1.10.0",
    ),
    "permuted_complex": Case(
        "A conjugate view that is transposed.",
        lambda: _conjugate()[None].mT,
        since="1.11.0",
    ),
    "empty": Case("No elements.", lambda: torch.empty(0)),
    "empty_with_sizes": Case("No elements, and sizes.", lambda: torch.empty(2, 0, 3)),
    "empty_view": Case("No elements, within a storage.", lambda: numbers(4)[4:]),
    "scalar": Case("No dimensions.", lambda: torch.tensor(0.5)),
    "scalar_view": Case("No dimensions, within a storage.", lambda: numbers(4)[2]),
    "many_dimensions": Case("Many dimensions.", lambda: numbers(*[1] * 12)),
    "scalar_of_int": Case("No dimensions, of integers.", lambda: torch.tensor(-7)),
}


def _non_leaf():
    return numbers(2).requires_grad_() * 2


def _with_gradient():
    x = numbers(2).requires_grad_()
    x.sum().backward()
    return x


def _raise_by_gradient(x):
    with torch.no_grad():
        x.add_(0 if x.grad is None else 1)


def _with_hook():
    x = numbers(2).requires_grad_()
    x.register_hook(print)
    return x


def _parameters():
    x = torch.nn.Parameter(numbers(2))
    return [x, x, x.data, torch.nn.Parameter(numbers(2), requires_grad=False)]


def _uninitialized_parameters():
    from torch.nn.parameter import UninitializedParameter

    return [
        UninitializedParameter(),
        UninitializedParameter(requires_grad=False),
    ]


def _uninitialized_doubles():
    from torch.nn.parameter import UninitializedParameter

    return UninitializedParameter(dtype=torch.float64)


def _uninitialized_buffer():
    from torch.nn.parameter import UninitializedBuffer

    return UninitializedBuffer()


def _buffers():
    return [
        torch.nn.Buffer(numbers(2)),
        torch.nn.Buffer(numbers(3), persistent=False),
    ]


def _typed_storages():
    kinds = (torch.FloatStorage, torch.DoubleStorage, torch.LongStorage)
    return [kind([1, 2, 3]) for kind in kinds] + [torch.ByteStorage([0, 255])]


def _later_storages():
    made = [torch.BoolStorage([True, False]), torch.BFloat16Storage([0.5, -2])]
    return made + [torch.FloatStorage()]


def _untyped_storages():
    storage = numbers(2).untyped_storage()
    return [storage, storage, torch.UntypedStorage([1, 2, 255])]


def _storages_of_bytes():
    return [
        torch.TypedStorage(wrap_storage=storage, dtype=torch.uint8)
        for storage in _untyped_storages()
    ]


KINDS_OF_TENSORS = {
    "requires_grad": Case(
        "A tensor that requires a gradient.", lambda: numbers(2).requires_grad_()
    ),
    "with_gradient": Case(
        "The gradient is not kept.",
        _with_gradient,
        change=_raise_by_gradient,
        expect=lambda: numbers(2).requires_grad_(),
    ),
    "non_leaf": Case(
        "The result of a computation becomes a leaf.",
        _non_leaf,
        expect=lambda: _non_leaf().detach().requires_grad_(),
    ),
    "with_hook": Case(
        "Functions that wait for a gradient are dropped.",
        _with_hook,
        expect=lambda: numbers(2).requires_grad_(),
    ),
    "parameters": Case("Parameters, of which two are one.", _parameters),
    "uninitialized_parameters": Case(
        "Parameters without a shape.",
        _uninitialized_parameters,
        since="1.8.0",
        safe=None,
        refused=("UninitializedParameter",),
    ),
    "uninitialized_doubles": Case(
        "The dtype of a parameter without a shape.",
        _uninitialized_doubles,
        since="1.9.0",
        safe=None,
        refused=("UninitializedParameter",),
    ),
    "uninitialized_buffer": Case(
        "A buffer without a shape.",
        _uninitialized_buffer,
        since="1.9.0",
        safe=None,
        refused=("UninitializedBuffer",),
    ),
    "buffers": Case("Buffers are tensors once loaded.", _buffers, since="2.5.0"),
    "typed_storages": Case("Storages without a tensor.", _typed_storages),
    "later_storages": Case(
        "Storages of later dtypes, and an empty one.", _later_storages, since="1.3.0"
    ),
    "untyped_storages": Case(
        "Storages without a type are loaded as such of bytes.",
        _untyped_storages,
        expect=_storages_of_bytes,
        since="2.0.0",
    ),
    "meta": Case(
        "Tensors without elements.",
        lambda: [torch.empty(2, 3, device="meta").t(), numbers(2)],
        since="1.12.0",
    ),
}


def _with_attributes():
    x = numbers(2)
    x.note, x.other = "made by hand", [numbers(2), {"n": 1}]
    return x


def _parameter_with_attributes():
    x = torch.nn.Parameter(numbers(2))
    x.note = "made by hand"
    return x


def _subclass(kind, **attributes):
    x = numbers(2).as_subclass(kind)
    vars(x).update(attributes)
    return x


def _stateful(**more):
    return _subclass(classes.StatefulSubclass, unit="metre", **more)


SUBCLASSES = {
    "attributes": Case("Attributes of a tensor.", _with_attributes, since="2.0.0"),
    "parameter_attributes": Case(
        "Attributes of a parameter.",
        _parameter_with_attributes,
        since="2.0.0",
        safe=SAFE_ATTRIBUTES,
        refused=("_rebuild_parameter_with_state",),
    ),
    "subclass": Case(
        "A tensor of a class of ours.",
        lambda: _subclass(classes.PlainSubclass),
        since="1.8.0",
        safe=None,
        refused=("serialization_classes.PlainSubclass", _REBUILD),
    ),
    "subclass_attributes": Case(
        "Attributes of a tensor of a class of ours.",
        lambda: _subclass(classes.PlainSubclass, unit="metre", other=numbers(2)),
        since="1.8.0",
        safe=None,
        refused=("serialization_classes.PlainSubclass", _REBUILD),
    ),
    "subclass_state": Case(
        "A class of ours that takes the attributes itself.",
        _stateful,
        expect=lambda: _stateful(restored=True),
        since="1.10.0",
        safe=None,
        refused=("serialization_classes.StatefulSubclass", _REBUILD),
    ),
    "subclass_reduced": Case(
        "A class of ours that says how it is made.",
        lambda: _subclass(classes.ReducedSubclass, unit="metre"),
        since="1.8.0",
        safe=None,
        refused=("serialization_classes.remake_tensor",),
    ),
    "parameter_subclass": Case(
        "A parameter of a class of ours is loaded as a parameter.",
        lambda: classes.OwnParameter(numbers(2)),
        expect=lambda: torch.nn.Parameter(numbers(2)),
    ),
}
