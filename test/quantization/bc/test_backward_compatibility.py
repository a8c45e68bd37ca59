# Owner(s): ["oncall: quantization"]

"""Quantized modules, observers and packages that earlier releases saved.

The goldens lie in ``test/quantization/serialized/<release>/``; common_utils.py
says how they are written.  ``expected.npz`` is the judge of everything,
``expected.pt`` included.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(os.path.dirname(_here)), _here]

from common_expected import load_expected, save_expected  # noqa: E402
from common_golden import (  # noqa: E402
    checked_file,
    load_provenance,
    release_folders,
)
from common_utils import (  # noqa: E402
    GoldenTestCase,
    golden,
    golden_folder,
    load_golden,
    run_tests,
)
from conv_packed_params import (  # noqa: E402
    convert_to_version_3,
    packed_params_versions,
)
from quantized_engines import (  # noqa: E402
    dynamic_tolerance,
    only_fbgemm,
    override_qengines,
    skip_without_dynamic_linear,
    static_tolerance,
)
from quantized_models import (  # noqa: E402
    LSTMModule,
    LinearReLU,
    conv2d_model,
    make_input,
    nniq,
    nnq,
    nnqd,
    observed_ranges,
    package_exporter,
    package_models,
    plain_state,
    poisoned_memory,
    quantize_jit,
    quantize_with_fx,
    save,
    tq,
    trace,
    with_parameters,
)

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

VERSION_3_NOTE = (
    "the ConvPackedParams in scripted.pt and traced.pt were converted from version 2, "
    "which the release wrote, to version 3, which it reads and no release writes"
)


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
                "input.pt": self._read_input,
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
                "input.pt": self._read_input,
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
            {
                "state_dict.pt": read_state_dict,
                "input.pt": self._read_input,
                "expected.pt": self._read_expected,
            },
            subname,
        )

    def _test_package(self, fp32_module, input_size, generate=False):
        """A package of a float model, prepared and converted with FX today."""
        self._refuse_generate(generate)

        def load_package(path):
            return torch.package.PackageImporter(path).load_pickle("test", "test.pkl")

        def targets(module):
            return {n.target for n in module.graph.nodes if n.op == "get_attr"}

        def write(files):
            value = make_input(input_size, quantized=False)
            with package_exporter(files["package.pt"]) as exporter:
                exporter.intern(type(fp32_module).__module__)
                exporter.save_pickle("test", "test.pkl", fp32_module)
            quantized = quantize_with_fx(fp32_module, value)
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
            module = load_package(files["package.pt"])
            self._check(files, "float_output", module(value))
            self._check(files, "output", quantize_with_fx(module, value)(value))

        def read_targets(files):
            recorded = load_golden(files["get_attr_targets.pt"])
            self._check(files, "get_attr_targets", recorded)
            module = load_package(files["package.pt"])
            quantized = quantize_with_fx(module, self._input(files))
            self._check(files, "get_attr_targets", targets(quantized))

        self.check_golden(
            write,
            {
                "package.pt": read_package,
                "get_attr_targets.pt": read_targets,
                "input.pt": self._read_input,
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
        """The golden's input, not from ``input.pt``: that may be broken by itself."""
        return load_expected(files["expected.npz"], "input")

    def _read_input(self, files):
        self._check(files, "input", load_golden(files["input.pt"]))

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
        skip_without_dynamic_linear(self)
        module = with_parameters(nnqd.Linear(3, 1, bias_=True), (1, 3))
        self._test_op(
            module,
            "qint8",
            input_size=[1, 3],
            input_quantized=False,
            prec=dynamic_tolerance(),
        )
        on_fbgemm = torch.backends.quantized.engine == "fbgemm"
        if on_fbgemm and self.has_subname("float16"):
            module = nnqd.Linear(3, 1, bias_=True, dtype=torch.float16)
            module = with_parameters(module, (1, 3), quantized=False)
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
        """Each graph golden holds the version of ConvPackedParams it stands for."""
        versions = {
            "TestSerialization.test_conv2d_graph": 1,
            "TestSerialization.test_conv2d_nobias_graph": 1,
            "TestSerialization.test_conv2d_graph_v2": 2,
            "TestSerialization.test_conv2d_nobias_graph_v2": 2,
            "TestSerialization.test_conv2d_graph_v3": 3,
            "TestSerialization.test_conv2d_nobias_graph_v3": 3,
        }
        seen = set()
        for writer, folder in release_folders(golden_folder(self)).items():
            provenance = load_provenance(folder)
            for name in sorted(versions.keys() & provenance.goldens):
                for kind in ("scripted.pt", "traced.pt"):
                    with self.subTest(writer=writer, golden=name, file=kind):
                        path = checked_file(folder, provenance, name, kind)
                        found = packed_params_versions(path)
                        self.assertEqual([versions[name]], found)
                        seen.update(found)
        self.assertEqual({1, 2, 3}, seen)

    @golden(since="1.3.0", kinds=OP_KINDS)
    @only_fbgemm
    def test_lstm(self):
        """A dynamically quantized LSTM, bit by bit, on AVX512_VNNI too.

        Since 1.6 such an LSTM keeps reduce_range=True: activations of 7 bits, so that
        the int16 sums of CPUs without VNNI cannot saturate either.  The published
        test, whose golden is older, is skipped on VNNI (pytorch/pytorch#59098).
        """
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
