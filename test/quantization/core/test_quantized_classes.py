# Owner(s): ["oncall: quantization"]

"""Whether each public class of torch's quantization is in a table of these tests."""

import inspect
import os
import sys

import torch

# Make the helper files in test/, those of bc/ and those beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
_bc = os.path.join(os.path.dirname(_here), "bc")
sys.path += [os.path.dirname(os.path.dirname(_here)), _bc, _here]

from common_compat import import_first, reader_has  # noqa: E402
from common_utils import HardwareClassification, TestCase, run_tests  # noqa: E402
import quant_dynamic_cases  # noqa: E402
import quant_homes as homes  # noqa: E402
import quant_model_cases  # noqa: E402
import quant_observer_cases  # noqa: E402
import quant_reference_cases  # noqa: E402
import quant_static_cases  # noqa: E402
import quant_training_cases  # noqa: E402

TABLES = (
    quant_dynamic_cases,
    quant_model_cases,
    quant_observer_cases,
    quant_reference_cases,
    quant_static_cases,
    quant_training_cases,
)
PACKAGES = {
    "intrinsic": homes.nni,
    "intrinsic.qat": homes.nniqat,
    "intrinsic.quantized": homes.nniq,
    "intrinsic.quantized.dynamic": homes.nniqd,
    "qat": homes.nnqat,
    "qat.dynamic": homes.nnqatd,
    "quantizable": homes.nnqa,
    "quantized": homes.nnq,
    "quantized.dynamic": homes.nnqd,
    "quantized.reference": homes.nnqr,
    "sparse.quantized": homes.nnsq,
    "sparse.quantized.dynamic": homes.nnsqd,
}
FILES = ("observer", "fake_quantize", "_learnable_fake_quantize")
BC = "test/quantization/bc has it"
ALIAS = "a name for one of the observers with an argument given"
BASE = "a base class, of which no module is made"
EXCEPTIONS = {
    "quantized.Linear": BC,
    "quantized.Conv2d": BC,
    "quantized.Conv3d": BC,
    "quantized.dynamic.Linear": BC,
    "quantized.dynamic.LSTM": BC,
    "intrinsic.quantized.ConvReLU2d": BC,
    "intrinsic.quantized.ConvReLU3d": BC,
    "intrinsic.quantized.LinearReLU": BC,
    "quantized.MultiheadAttention": "quantizable.MultiheadAttention with the quantized "
    "Linears that are in the table in place of its own",
    "observer.default_debug_observer": ALIAS,
    "observer.default_placeholder_observer": ALIAS,
    "observer.default_reuse_input_observer": ALIAS,
    "quantized._ConvNd": BASE,
    "intrinsic._FusedModule": BASE,
    "observer.ObserverBase": BASE,
    "observer._ObserverBase": BASE,
    "observer.UniformQuantizationObserverBase": BASE,
    "observer.AffineQuantizedObserverBase": BASE,
    "fake_quantize.FakeQuantizeBase": BASE,
}
# They were begun in it, and what earlier releases have differs from one to the next.
SINCE = "2.0.0"


def public_modules(package):
    """The names of the module classes of a package."""
    return {
        name
        for name, value in vars(package).items()
        if inspect.isclass(value) and issubclass(value, torch.nn.Module)
    }


class TestQuantizedClasses(TestCase):
    """The tables are complete."""

    hw_classification = HardwareClassification.GENERIC

    def test_every_class_is_covered(self):
        """Each public class is in a table, or an exception with its reason."""
        if not reader_has(SINCE):
            self.skipTest("only complete for " + SINCE + " and later")
        found = {
            f"{label}.{name}"
            for label, package in PACKAGES.items()
            for name in public_modules(package)
        }
        for file in FILES:
            module = import_first("torch.ao.quantization." + file)
            found |= {
                f"{file}.{name}"
                for name in public_modules(module)
                if vars(module)[name].__module__ == module.__name__
            }
        self.assertEqual(set(), found - covered() - set(EXCEPTIONS))

    def test_no_class_is_excepted_and_covered(self):
        """What has a case is no exception."""
        self.assertEqual(set(), covered() & set(EXCEPTIONS))


def covered():
    """The classes that the cases of the tables stand for."""
    return {
        name
        for module in TABLES
        for table in vars(module).values()
        if isinstance(table, list)
        for case in table
        for name in case.covers
    }


if __name__ == "__main__":
    run_tests()
