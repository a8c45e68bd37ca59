# Owner(s): ["oncall: quantization"]

"""Quantized modules, observers and packages that earlier releases saved.

The goldens lie in ``test/quantization/serialized/<release>/``; common_utils.py
says how they are written.  ``expected.npz`` is the judge of everything,
``expected.pt`` included.
"""

import contextlib
import functools
import inspect
import os
import sys
import unittest

import torch

# Make the helper files in test/ importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import save_expected, Tolerance  # noqa: E402
from common_golden import load_provenance, release_folders  # noqa: E402
from common_releases import parse_release  # noqa: E402
from common_utils import (  # noqa: E402
    golden,
    GoldenTestCase,
    golden_folder,
    import_first,
    load_golden,
    run_tests,
)
from conv_packed_params import (  # noqa: E402
    convert_to_version_3,
    packed_params_versions,
)

# Names that moved: torch.quantization and torch.nn.quantized became parts of
# torch.ao between 1.10 and 1.13.
tq = import_first(
    "torch.ao.quantization", "torch.quantization", having="default_qconfig"
)
quantize_jit = import_first(
    "torch.ao.quantization.quantize_jit", "torch.quantization.quantize_jit"
)
quantize_fx = import_first(
    "torch.ao.quantization.quantize_fx", "torch.quantization.quantize_fx"
)
nnq = import_first("torch.ao.nn.quantized", "torch.nn.quantized")
nnqd = import_first("torch.ao.nn.quantized.dynamic", "torch.nn.quantized.dynamic")
package_models = import_first(
    "torch.testing._internal.quantization_torch_package_models"
)
nniq = import_first("torch.ao.nn.intrinsic.quantized", "torch.nn.intrinsic.quantized")

OP_KINDS = (
    "input.pt",
    "state_dict.pt",
    "scripted.pt",
    "traced.pt",
    "expected.pt",
    "expected.npz",
)
GRAPH_KINDS = tuple(kind for kind in OP_KINDS if kind != "state_dict.pt")
OBSERVER_KINDS = ("input.pt", "state_dict.pt", "expected.pt", "expected.npz")
PACKAGE_KINDS = (
    "input.pt",
    "package.pt",
    "get_attr_targets.pt",
    "expected.pt",
    "expected.npz",
)

QNNPACK_BEFORE_1_6 = Tolerance(
    atol=1.0,
    rtol=0.0,
    reason="until 1.5 qnnpack scaled its sums in integer arithmetic, fbgemm, which "
    "wrote the golden, in float: a value may round to the next step "
    "(pytorch/pytorch#35856 made them one)",
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

VERSION_3_NOTE = (
    "the ConvPackedParams in scripted.pt and traced.pt were converted from version 2, "
    "which the release wrote, to version 3, which it reads and no release writes"
)


def supported_engines():
    """The quantized engines of this build, the one that writes goldens first."""
    engines = [e for e in torch.backends.quantized.supported_engines if e != "none"]
    return sorted(engines, key=lambda engine: (engine != "fbgemm", engine))


def override_qengines(test):
    """Run the test under each quantized engine, in a sub-test of its own."""

    @functools.wraps(test)
    def run_under_each(self):
        previous = torch.backends.quantized.engine
        for engine in supported_engines():
            with self.subTest(engine=engine):
                torch.backends.quantized.engine = engine
                try:
                    self.seed()
                    test(self)
                finally:
                    torch.backends.quantized.engine = previous

    return run_under_each


def only_fbgemm(test):
    """Run the test under fbgemm, the one engine that has its operators."""

    @functools.wraps(test)
    def run_under_fbgemm(self):
        if "fbgemm" not in supported_engines():
            self.skipTest("this build of torch lacks the quantized engine fbgemm")
        previous = torch.backends.quantized.engine
        torch.backends.quantized.engine = "fbgemm"
        try:
            test(self)
        finally:
            torch.backends.quantized.engine = previous

    return run_under_fbgemm


def static_tolerance():
    """What this torch's engine needs for statically quantized operators, or None."""
    old = parse_release(torch.__version__) < (1, 6, 0)
    if old and torch.backends.quantized.engine == "qnnpack":
        return QNNPACK_BEFORE_1_6
    return None


def skip_dynamic_linear(test):
    """Skip where the engine lacks quantized::linear_dynamic."""
    old = parse_release(torch.__version__) < (1, 5, 0)
    if old and torch.backends.quantized.engine == "qnnpack":
        test.skipTest("before 1.5 qnnpack lacks quantized::linear_dynamic")


def remove_prefix(text, prefix):
    """``text`` without ``prefix``, if it begins with it."""
    return text[len(prefix) :] if text.startswith(prefix) else text


def save(value, path, new_zipfile_serialization=False):
    """``torch.save`` in the container asked for; before 1.4 there was but one."""
    options = {}
    if "_use_new_zipfile_serialization" in inspect.signature(torch.save).parameters:
        options["_use_new_zipfile_serialization"] = new_zipfile_serialization
    torch.save(value, path, **options)


def trace(module, value):
    """A trace; its own check copies its input, which 1.3 cannot if it is quantized."""
    return torch.jit.trace(module, value, check_trace=False)


def make_input(size, quantized):
    """A seeded input; quantized, it stays far below what int16 sums saturate at."""
    value = torch.rand(*size) * 8
    if quantized:
        return torch.quantize_per_tensor(value, 0.5, 2, torch.quint8)
    return value


def with_parameters(qmodule, weight_shape, dtype=None):
    """``qmodule`` with seeded weight, bias, and where it has them scale, zero point.

    A new quantized module's weight is uninitialised memory.
    """
    weight = torch.rand(*weight_shape) * 2 - 1
    if dtype is None:
        weight = torch.quantize_per_tensor(weight, 1 / 64, 0, torch.qint8)
    bias = torch.rand(weight_shape[0]) if qmodule.bias() is not None else None
    qmodule.set_weight_bias(weight, bias)
    if hasattr(qmodule, "scale"):
        qmodule.scale = 0.25
        qmodule.zero_point = 100
    return qmodule


def dynamic_linear_float16(inputs, outputs):
    """A dynamically quantized Linear whose weights are float16."""
    module = nnqd.Linear(inputs, outputs, bias_=True, dtype=torch.float16)
    return with_parameters(module, (outputs, inputs), torch.float16)


def conv2d_model(bias):
    """A float model of one Conv2d."""
    return torch.nn.Sequential(torch.nn.Conv2d(3, 3, kernel_size=3, bias=bias)).eval()


class LSTMModule(torch.nn.Module):
    """One LSTM, from 3 features to 7."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(input_size=3, hidden_size=7, num_layers=1)

    def forward(self, x):
        return self.lstm(x)


class LinearReLU(torch.nn.Module):
    """A float Linear and ReLU."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(5, 5)
        self.relu = torch.nn.ReLU()

    def forward(self, x):
        return self.relu(self.linear(x))


def package_exporter(path):
    """A PackageExporter for ``path``; 1.8 reported what it packed unless told not to."""
    parameters = inspect.signature(torch.package.PackageExporter).parameters
    options = {"verbose": False} if "verbose" in parameters else {}
    return torch.package.PackageExporter(path, **options)


def observed_ranges(model):
    """What each observer saw and each fake quantization uses, by module.

    Plain numbers: shapes and integer types of these changed from release to release
    without a change of meaning, and so did the plural of min_val and max_val.
    """
    ranges = {}
    for name, module in sorted(model.named_modules()):
        for attribute in ("min_val", "max_val", "scale", "zero_point"):
            value = getattr(module, attribute, getattr(module, attribute + "s", None))
            if isinstance(value, torch.Tensor):
                key = f"{name}.{attribute}".lstrip(".")
                ranges[key] = value.reshape(-1).tolist()
    return ranges


@contextlib.contextmanager
def poisoned_memory():
    """Fill uninitialised memory with NaN, where torch (2.2 and later) can.

    A loader that allocates and does not fill must not pass or fail by chance.
    """
    if not hasattr(torch.utils, "deterministic"):
        yield
        return
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def plain_state(state_dict):
    """A state_dict as plain data: an ordinary dict, packed parameters left out.

    Packed parameters are objects of TorchScript classes; the output shows them.
    """
    return {
        key: value
        for key, value in state_dict.items()
        if not isinstance(value, getattr(torch._C, "ScriptObject", ()))
    }


class TestSerialization(GoldenTestCase):
    """Backward compatibility for serialization and numerics."""

    golden_folder = "../serialized"

    def _test_op(
        self,
        qmodule,
        subname=None,
        input_size=None,
        input_quantized=True,
        generate=False,
        prec=None,
        new_zipfile_serialization=False,
    ):
        """A quantized module: state_dict, scripted and traced give its output."""
        self._refuse_generate(generate)
        prec = prec or static_tolerance()

        def write(files):
            value = make_input(input_size, input_quantized)
            output = qmodule(value)
            state = qmodule.state_dict()
            save(value, files["input.pt"], new_zipfile_serialization)
            save(state, files["state_dict.pt"], new_zipfile_serialization)
            save(output, files["expected.pt"], new_zipfile_serialization)
            torch.jit.save(torch.jit.script(qmodule), files["scripted.pt"])
            torch.jit.save(trace(qmodule, value), files["traced.pt"])
            save_expected(
                files["expected.npz"],
                {"input": value, "state_dict": plain_state(state), "output": output},
            )

        def read_state_dict(files):
            state = load_golden(files["state_dict.pt"])
            self._check(files, "state_dict", plain_state(state))
            qmodule.load_state_dict(state)
            self._check(files, "output", qmodule(self._input(files)), prec)

        self.check_golden(
            write,
            {
                "state_dict.pt": read_state_dict,
                "scripted.pt": self._reader("scripted.pt", prec),
                "traced.pt": self._reader("traced.pt", prec),
                "expected.pt": self._read_expected,
            },
            subname,
        )

    def _test_op_graph(
        self,
        module,
        subname=None,
        input_size=None,
        generate=False,
        prec=None,
        new_zipfile_serialization=False,
        convert=None,
    ):
        """A float module quantized in graph mode: scripted and traced.

        ``convert(path)`` changes what was saved, where no release writes it so.
        """
        self._refuse_generate(generate)

        def quantized(scripted, value):
            return quantize_jit.quantize_jit(
                scripted, {"": tq.default_qconfig}, tq.default_eval_fn, [[(value, 0)]]
            )

        def write(files):
            value = make_input(input_size, quantized=False)
            scripted = quantized(torch.jit.script(module), value)
            traced = quantized(trace(module, value), value)
            output = scripted(value)
            save(value, files["input.pt"], new_zipfile_serialization)
            save(output, files["expected.pt"], new_zipfile_serialization)
            torch.jit.save(scripted, files["scripted.pt"])
            torch.jit.save(traced, files["traced.pt"])
            if convert is not None:
                convert(files["scripted.pt"])
                convert(files["traced.pt"])
            save_expected(files["expected.npz"], {"input": value, "output": output})

        self.check_golden(
            write,
            {
                "scripted.pt": self._reader("scripted.pt", prec),
                "traced.pt": self._reader("traced.pt", prec),
                "expected.pt": self._read_expected,
            },
            subname,
        )

    def _test_obs(
        self, obs, input_size, subname=None, generate=False, check_numerics=True
    ):
        """An observer, or a model with observers: its state_dict and output."""
        self._refuse_generate(generate)

        def write(files):
            value = make_input(input_size, quantized=False)
            output = obs(value)
            save(value, files["input.pt"])
            save(obs.state_dict(), files["state_dict.pt"])
            save(output, files["expected.pt"])
            expected = {
                "input": value,
                "state_dict": plain_state(obs.state_dict()),
                "output": output,
                "ranges": observed_ranges(obs),
            }
            save_expected(files["expected.npz"], expected)

        def read_state_dict(files):
            state = load_golden(files["state_dict.pt"])
            self._check(files, "state_dict", plain_state(state))
            with poisoned_memory():
                obs.load_state_dict(state)
            # Before the forward pass, which makes an observer see more.
            self._check(files, "ranges", observed_ranges(obs))
            output = obs(self._input(files))
            if check_numerics:
                self._check(files, "output", output)

        self.check_golden(
            write,
            {"state_dict.pt": read_state_dict, "expected.pt": self._read_expected},
            subname,
        )

    def _test_package(self, fp32_module, input_size, generate=False):
        """A package of a float model, prepared and converted with FX today."""
        self._refuse_generate(generate)

        def converted(module, value):
            prepare = quantize_fx.prepare_fx
            options = {}
            if "example_inputs" in inspect.signature(prepare).parameters:
                options["example_inputs"] = (value,)
            prepared = prepare(module, {"": tq.default_qconfig}, **options)
            prepared(value)
            return quantize_fx.convert_fx(prepared)

        def targets(module):
            return {n.target for n in module.graph.nodes if n.op == "get_attr"}

        def write(files):
            value = make_input(input_size, quantized=False)
            with package_exporter(files["package.pt"]) as exporter:
                exporter.intern(type(fp32_module).__module__)
                exporter.save_pickle("test", "test.pkl", fp32_module)
            quantized = converted(fp32_module, value)
            output = quantized(value)
            save(value, files["input.pt"])
            save(output, files["expected.pt"])
            save(targets(quantized), files["get_attr_targets.pt"])
            expected = {
                "input": value,
                "float_output": fp32_module(value),
                "output": output,
                "get_attr_targets": targets(quantized),
            }
            save_expected(files["expected.npz"], expected)

        def read_package(files):
            value = self._input(files)
            importer = torch.package.PackageImporter(files["package.pt"])
            module = importer.load_pickle("test", "test.pkl")
            self._check(files, "float_output", module(value))
            quantized = converted(module, value)
            self._check(files, "get_attr_targets", targets(quantized))
            self._check(files, "output", quantized(value))

        def read_targets(files):
            found = load_golden(files["get_attr_targets.pt"])
            self._check(files, "get_attr_targets", found)

        self.check_golden(
            write,
            {
                "package.pt": read_package,
                "get_attr_targets.pt": read_targets,
                "expected.pt": self._read_expected,
            },
        )

    def _refuse_generate(self, generate):
        if generate:
            raise ValueError(
                "goldens are not written by editing a test: run "
                f"python -m tools.golden write --only {self._testMethodName}"
            )

    def _input(self, files):
        """The golden's input, compared before it is used."""
        value = load_golden(files["input.pt"])
        self._check(files, "input", value)
        return value

    def _reader(self, kind, prec):
        """A reader of the TorchScript file ``kind``."""

        def read(files):
            module = torch.jit.load(files[kind])
            self._check(files, "output", module(self._input(files)), prec)

        return read

    def _read_expected(self, files):
        self._check(files, "output", load_golden(files["expected.pt"]))

    def _check(self, files, part, found, tolerance=None):
        self.check_expected(files["expected.npz"], found, tolerance, part)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_linear(self):
        """A quantized Linear."""
        module = with_parameters(nnq.Linear(3, 1, bias_=True), (1, 3))
        self._test_op(module, input_size=[1, 3])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_linear_relu(self):
        """A quantized Linear fused with ReLU."""
        module = with_parameters(nniq.LinearReLU(3, 1, bias=True), (1, 3))
        self._test_op(module, input_size=[1, 3])

    @golden(
        since="1.3.0", kinds=OP_KINDS, subnames={"qint8": "1.3.0", "float16": "1.5.0"}
    )
    @override_qengines
    def test_linear_dynamic(self):
        """A dynamically quantized Linear, weights in int8 or (fbgemm) float16."""
        skip_dynamic_linear(self)
        engine = torch.backends.quantized.engine
        module = with_parameters(nnqd.Linear(3, 1, bias_=True), (1, 3))
        self._test_op(
            module,
            "qint8",
            input_size=[1, 3],
            input_quantized=False,
            prec={"qnnpack": QNNPACK_DYNAMIC, "onednn": ONEDNN_DYNAMIC}.get(engine),
        )
        if engine == "fbgemm" and self.has_subname("float16"):
            module = dynamic_linear_float16(3, 1)
            self._test_op(module, "float16", input_size=[1, 3], input_quantized=False)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d(self):
        """A quantized Conv2d."""
        module = with_parameters(nnq.Conv2d(3, 3, kernel_size=3), (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d_nobias(self):
        """A quantized Conv2d without bias."""
        module = nnq.Conv2d(3, 3, kernel_size=3, bias=False)
        module = with_parameters(module, (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.3.0", kinds=OP_KINDS)
    @override_qengines
    def test_conv2d_relu(self):
        """A quantized Conv2d fused with ReLU."""
        module = with_parameters(nniq.ConvReLU2d(3, 3, kernel_size=3), (3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6])

    @golden(since="1.4.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_conv3d(self):
        """A quantized Conv3d."""
        module = with_parameters(nnq.Conv3d(3, 3, kernel_size=3), (3, 3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6, 6])

    @golden(since="1.4.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_conv3d_relu(self):
        """A quantized Conv3d fused with ReLU."""
        module = nniq.ConvReLU3d(3, 3, kernel_size=3)
        module = with_parameters(module, (3, 3, 3, 3, 3))
        self._test_op(module, input_size=[1, 3, 6, 6, 6])

    @golden(since="1.6.0", until="1.6.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_graph(self):
        """A Conv2d in graph mode, ConvPackedParams version 1."""
        self._test_op_graph(conv2d_model(bias=True), input_size=[1, 3, 6, 6])

    @golden(since="1.6.0", until="1.6.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_nobias_graph(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 1."""
        self._test_op_graph(conv2d_model(bias=False), input_size=[1, 3, 6, 6])

    @golden(since="1.7.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_graph_v2(self):
        """A Conv2d in graph mode, ConvPackedParams version 2."""
        self._test_op_graph(conv2d_model(bias=True), input_size=[1, 3, 6, 6])

    @golden(since="1.7.0", kinds=GRAPH_KINDS)
    @override_qengines
    def test_conv2d_nobias_graph_v2(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 2."""
        self._test_op_graph(conv2d_model(bias=False), input_size=[1, 3, 6, 6])

    @golden(since="1.10.0", kinds=GRAPH_KINDS, note=VERSION_3_NOTE)
    @override_qengines
    def test_conv2d_graph_v3(self):
        """A Conv2d in graph mode, ConvPackedParams version 3."""
        self._test_op_graph(
            conv2d_model(bias=True),
            input_size=[1, 3, 6, 6],
            new_zipfile_serialization=True,
            convert=convert_to_version_3,
        )

    @golden(since="1.10.0", kinds=GRAPH_KINDS, note=VERSION_3_NOTE)
    @override_qengines
    def test_conv2d_nobias_graph_v3(self):
        """A Conv2d without bias in graph mode, ConvPackedParams version 3."""
        self._test_op_graph(
            conv2d_model(bias=False),
            input_size=[1, 3, 6, 6],
            new_zipfile_serialization=True,
            convert=convert_to_version_3,
        )

    def test_conv_packed_params_versions(self):
        """Each graph golden holds the version of ConvPackedParams that it stands for."""
        versions = {"graph": 1, "graph_v2": 2, "graph_v3": 3}
        seen = set()
        for writer, folder in release_folders(golden_folder(self)).items():
            for name in load_provenance(folder).goldens:
                version = versions.get(name.partition("conv2d_")[2].replace("nobias_", ""))
                for kind in ("scripted.pt", "traced.pt"):
                    if version is None:
                        continue
                    with self.subTest(writer=writer, golden=name, file=kind):
                        path = os.path.join(folder, f"{name}.{kind}")
                        self.assertEqual([version], packed_params_versions(path))
                        seen.add(version)
        self.assertEqual({1, 2, 3}, seen)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_lstm(self):
        """A dynamically quantized LSTM."""
        self._test_op(
            tq.quantize_dynamic(LSTMModule().eval(), {torch.nn.LSTM}),
            input_size=[4, 4, 3],
            input_quantized=False,
            new_zipfile_serialization=True,
        )

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_per_channel_observer(self):
        """The ranges that a per-channel observer has seen."""
        self._test_obs(tq.PerChannelMinMaxObserver(), input_size=[5, 5])

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_per_tensor_observer(self):
        """The range that a per-tensor observer has seen."""
        self._test_obs(tq.MinMaxObserver(), input_size=[5, 5])

    @golden(since="1.3.0", kinds=OBSERVER_KINDS)
    def test_default_qat_qconfig(self):
        """A model prepared for quantization-aware training."""
        model = LinearReLU()
        model.qconfig = tq.get_default_qat_qconfig("fbgemm")
        model = tq.prepare_qat(model.train())
        self._test_obs(model, input_size=[5, 5], check_numerics=False)

    @golden(since="1.11.0", kinds=PACKAGE_KINDS)
    def test_linear_relu_package_quantization_transforms(self):
        """A packaged float model gives today's FX quantization what it gave then."""
        module = package_models.LinearReluFunctional(4).eval()
        self._test_package(module, input_size=(1, 1, 4, 4))


if __name__ == "__main__":
    run_tests()
