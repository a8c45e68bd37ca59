"""The lite interpreter of the running torch, and where releases differ (Python 3.7)."""

import torch

from common_compat import import_first, reader_has
from common_releases import parse_release

mobile = import_first("torch.jit.mobile")
mobile_optimizer = import_first("torch.utils.mobile_optimizer")

# The bytecode version that releases write, from the first that wrote it on;
# 1.6 wrote none.
BYTECODE_SINCE = {4: "1.7.0", 5: "1.9.0", 7: "1.10.0", 8: "1.12.0"}
# Flatbuffers have the next version, wherever releases write them.
FLATBUFFER_SINCE = "1.13.0"
FLATBUFFER_VERSION = 9
BACKPORT_SINCE = "1.9.0"
# The least that a backport makes.
MINIMUM_TO_VERSION = 4
# The later wheels for Linux are built without XNNPACK, which the optimiser needs.
LAST_WITH_XNNPACK = "2.12.1"
_NO_XNNPACK = "Mobile optimization only available with XNNPACK"


def skip_without(test, function):
    """Skip the test where ``torch.jit.mobile`` lacks a function."""
    if not hasattr(mobile, function):
        test.skipTest(f"torch {torch.__version__} lacks torch.jit.mobile.{function}")


def written_version(release):
    """The bytecode version of the files that a release from 1.7 on saves."""
    return max(
        version
        for version, since in BYTECODE_SINCE.items()
        if parse_release(release) >= parse_release(since)
    )


def least_readable_version():
    """The least bytecode version that the running torch reads.

    Source: kMinSupportedBytecodeVersion in PyTorch's caffe2/serialize/versions.h, and
    what the releases said of files made for it.
    """
    return 4 if reader_has("1.12.0") else 3


def optimized(scripted):
    """The module optimised for mobile, or itself where this build cannot do that."""
    try:
        return mobile_optimizer.optimize_for_mobile(scripted)
    except RuntimeError as error:
        if _NO_XNNPACK not in str(error):
            raise
        return scripted.eval()


def save_for_lite_interpreter(module, path, flatbuffer=False):
    """Save a scripted module; flatbuffers exist since 1.13."""
    options = {"_use_flatbuffer": True} if flatbuffer else {}
    module._save_for_lite_interpreter(path, **options)
