"""What the quantization goldens hold and how they are written and checked."""

import copy

import torch

from common_compat import package_exporter
from common_expected import load_expected, save_expected
from common_utils import GoldenTestCase, load_golden
from quantized_engines import FLOAT_KERNELS, static_tolerance
from quantized_models import (
    make_input,
    observed_ranges,
    plain_state,
    poisoned_memory,
    quantize_jit,
    quantize_with_fx,
    save,
    tq,
    trace,
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


class SerializationTestCase(GoldenTestCase):
    """Base class: one helper for each sort of golden, named as in PyTorch.

    ``prec`` is a Tolerance or None; ``generate`` is refused: the writing mode of the
    run writes goldens, not an edit of the test.
    """

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
        own_state = qmodule.state_dict()

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
            # What one writer's state left would pass for the next one's, which holds
            # the same values.  A copy would do, but packed parameters have none
            # before 1.6.
            qmodule.load_state_dict(own_state)
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
            # A copy, so that no writer's state is left for the next one's.
            loaded = copy.deepcopy(obs)
            with poisoned_memory():
                loaded.load_state_dict(state)
            # Before the forward pass, which makes an observer see more.
            self._check(files, "ranges", observed_ranges(loaded))
            output = loaded(self._input(files))
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
            self._check(files, "float_output", module(value), FLOAT_KERNELS)
            output = quantize_with_fx(module, value)(value)
            # What was observed in the float module decides the scale.
            self._check(files, "output", output, FLOAT_KERNELS)

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
