"""Where releases of torch differ for the suite itself (Python 3.7, torch 1.0)."""

import enum
import importlib
import importlib.util
import inspect
import re
import unittest
import warnings
from typing import Any, Optional

import torch

from common_releases import parse_release


def import_first(*names: str, having: str = "__name__") -> Optional[Any]:
    """The first of these modules that this torch has, or None.

    For modules that moved between releases; ``having`` is an attribute that tells
    one that moved from one that was only begun.  A module that exists and fails
    to import is an error.
    """
    for name in names:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            # A parent package does not exist either.
            continue
        if found is not None:
            module = importlib.import_module(name)
            if hasattr(module, having):
                return module
    return None


# Releases before 1.5 came without PyTorch's own test helpers.
_torch_utils = import_first("torch.testing._internal.common_utils")
TestCase = _torch_utils.TestCase if _torch_utils else unittest.TestCase
run_tests = _torch_utils.run_tests if _torch_utils else unittest.main
if hasattr(_torch_utils, "disabled_test_from_issues"):
    # In 1.5 to 1.8 the first test asks the network which tests PyTorch has disabled.
    _torch_utils.disabled_test_from_issues = {}


class _HardwareClassification(enum.Enum):
    """What the suite uses of the class that torch 2.14 brought, for older ones."""

    GENERIC = "GENERIC"


# Which hardware a test class is for: each states it, or the base class for it.
HardwareClassification = getattr(
    _torch_utils, "HardwareClassification", _HardwareClassification
)


def raise_on_run_directly(aggregator: str) -> None:
    """Say how to run the tests of a file that ``aggregator`` collects.

    For the main block of such a file; raises RuntimeError always.
    """
    raise RuntimeError(
        "these tests are not run by their own file; run them with "
        f"python {aggregator} TESTNAME"
    )


def reader_has(release: str) -> bool:
    """Whether the running torch is at least ``release``."""
    return parse_release(torch.__version__) >= parse_release(release)


if reader_has("2.1.0"):
    # Seeding imports it, which takes a second: here, once for all forked workers.
    import_first("torch._dynamo")


def package_exporter(into: Any, importer: Any = None) -> Any:
    """A PackageExporter of torch.package that writes to a path or buffer.

    ``importer`` is a PackageImporter that has what the running Python has not.
    """
    package = import_first("torch.package")
    parameters = inspect.signature(package.PackageExporter).parameters
    # 1.8 and 1.9 tell of each file unless told not to.
    options = {"verbose": False} if "verbose" in parameters else {}
    if importer and "importer" in parameters:
        options["importer"] = [importer, package.sys_importer]
    exporter = package.PackageExporter(into, **options)
    if importer and "importer" not in parameters:
        exporter.importers.insert(0, importer.import_module)
    return exporter


def load_golden(path: str, **options: Any) -> Any:
    """``torch.load`` of a file whose hash was checked, pickled classes included."""
    if "weights_only" in inspect.signature(torch.load).parameters:
        options.setdefault("weights_only", False)
    return torch.load(path, **options)


# Whole modules that torch 2.10 and later announce as deprecated, and a class of
# torch.nn; any other warning reaches the user.
_ANNOUNCED = re.compile(
    r".*(torch\.jit|torch\.ao\.quantization|lite interpreter|mobile|nn\.Container)"
    r".*deprecated",
    re.IGNORECASE | re.DOTALL,
)


def ignore_announced_deprecations() -> None:
    """Silence the warnings that every test of a deprecated module would give.

    And those about whole modules, which torch.save before 1.6 pickled with the source
    of their classes: that the source changed since is what the suite is about.
    """
    for category in (DeprecationWarning, FutureWarning, UserWarning):
        warnings.filterwarnings("ignore", _ANNOUNCED.pattern, category)
    warnings.filterwarnings("ignore", category=torch.serialization.SourceChangeWarning)
