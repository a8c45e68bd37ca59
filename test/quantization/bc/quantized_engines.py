"""The quantized engines of this torch, and where they differ (Python 3.7)."""

import contextlib
import functools

import torch

from common_expected import Tolerance
from common_releases import parse_release

QNNPACK_BEFORE_1_6 = Tolerance(
    atol=1.0,
    rtol=0.0,
    reason="until 1.5 qnnpack scaled its sums in integer arithmetic, fbgemm, which "
    "wrote the golden, in float: a value may round to the next step "
    "(pytorch/pytorch#35856)",
)
FLOAT_KERNELS = Tolerance(
    atol=1e-7,
    rtol=3e-7,
    reason="float32 matrix products, sigmoid and tanh come from MKL, which picks its "
    "kernels by the make of the CPU: on an AMD the last bit is not an Intel's",
)
ONEDNN_DYNAMIC = Tolerance(
    atol=0.0,
    rtol=3e-7,
    reason="quantized::linear_dynamic multiplies the scales in another order on "
    "onednn: the last bit of a float32 may differ",
)
QNNPACK_DYNAMIC = Tolerance(
    atol=0.1,
    rtol=0.0,
    reason="quantized::linear_dynamic ignores reduce_range on qnnpack, which so takes "
    "activations to 8 bits where fbgemm, which wrote the golden, takes them to 7: "
    "with inputs up to 8 and three weights up to 1, half a step of 8/127 each",
)


def supported_engines():
    """The quantized engines of this build, the one that writes goldens first."""
    engines = [e for e in torch.backends.quantized.supported_engines if e != "none"]
    return sorted(engines, key=lambda engine: (engine != "fbgemm", engine))


@contextlib.contextmanager
def _engine(name):
    previous = torch.backends.quantized.engine
    torch.backends.quantized.engine = name
    try:
        yield
    finally:
        torch.backends.quantized.engine = previous


def override_qengines(test):
    """Run the test under each quantized engine, in a sub-test of its own."""

    @functools.wraps(test)
    def run_under_each(self):
        for engine in supported_engines():
            with self.subTest(engine=engine), _engine(engine):
                self.seed()
                test(self)

    return run_under_each


def only_fbgemm(test):
    """Run the test under fbgemm, the one engine that has its operators."""

    @functools.wraps(test)
    def run_under_fbgemm(self):
        if "fbgemm" not in supported_engines():
            self.skipTest("this build of torch lacks the quantized engine fbgemm")
        with _engine("fbgemm"):
            test(self)

    return run_under_fbgemm


def static_tolerance():
    """What this torch's engine needs for statically quantized operators, or None."""
    old = parse_release(torch.__version__) < (1, 6, 0)
    if old and torch.backends.quantized.engine == "qnnpack":
        return QNNPACK_BEFORE_1_6
    return None


def dynamic_tolerance():
    """What this torch's engine needs for dynamically quantized Linear, or None."""
    tolerances = {"qnnpack": QNNPACK_DYNAMIC, "onednn": ONEDNN_DYNAMIC}
    return tolerances.get(torch.backends.quantized.engine)


def skip_without_dynamic_linear(test):
    """Skip where the engine lacks quantized::linear_dynamic."""
    old = parse_release(torch.__version__) < (1, 5, 0)
    if old and torch.backends.quantized.engine == "qnnpack":
        test.skipTest("before 1.5 qnnpack lacks quantized::linear_dynamic")
