"""The serialized versions of ConvPackedParams (Python 3.7).

The first element of the state tells them apart (parse_conv_serialized_state in
PyTorch's aten/src/ATen/native/quantized/cpu/conv_serialization.h): a tensor is
version 1, the string "2" version 2, the number 3 version 3.

Release 1.6 writes version 1, and every release since 1.7 version 2.  Every
release since 1.10 reads version 3 and none writes it: QCONV_SERIALIZATION_VERSION
there is 2 (pytorch/pytorch#60241 and #60242).  Builds that set it to 3 exist, so
the goldens of version 3 are made here, from what a release wrote as version 2.
"""

import struct

from common_archive import (
    Stub,
    call,
    dump_pickle,
    load_pickle,
    read_record,
    rewrite_records,
)

TENSORS = "List[Optional[Tensor]]"


def packed_params_versions(path):
    """The version of each ConvPackedParams object in a TorchScript file."""
    return [_version(stub) for stub in _packed_params(load_objects(path)[1])]


def convert_to_version_3(path):
    """Rewrite the ConvPackedParams of version 2 in a TorchScript file as version 3."""
    value, stubs = load_objects(path)
    changes = {}
    for stub in _packed_params(stubs):
        if _version(stub) != 2:
            raise ValueError(f"{path}: ConvPackedParams of version {_version(stub)}")
        # The lists are made by functions of torch.jit._pickle, which name their type.
        _, required, optional = stub.state
        numbers, weight = required.arguments[0]
        (bias,) = optional.arguments[0]
        record = f"data/{numbers.arguments[0][2]}"
        settings = list(struct.unpack("<11h", read_record(path, record)))
        changes[record] = None
        stub.state = (
            3,
            call("torch.jit._pickle", "build_intlist", settings),
            call(optional.module, optional.name, [None, weight, bias], TENSORS),
        )
    changes["data.pkl"] = dump_pickle(value)
    rewrite_records(path, changes)


def load_objects(path):
    """The content of ``data.pkl``, and its objects."""
    return load_pickle(read_record(path, "data.pkl"))


def _packed_params(stubs):
    return [stub for stub in stubs if stub.name.endswith("dPackedParamsBase")]


def _version(stub):
    first = stub.state[0]
    return 1 if isinstance(first, Stub) else int(first)
