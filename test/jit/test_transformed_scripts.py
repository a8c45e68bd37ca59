# Owner(s): ["oncall: jit"]

"""TorchScript that earlier releases transformed, and files saved beside it."""

import functools
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_traced as traced  # noqa: E402
import script_transformed as transformed  # noqa: E402
from common_compat import reader_has  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import GoldenTestCase, raise_on_run_directly  # noqa: E402
from common_values import numbers  # noqa: E402
from script_test_case import (  # noqa: E402
    FLOAT_KERNELS,
    KIND,
    ScriptTestCase,
    script_golden,
)


class TestTransformedScripts(ScriptTestCase):
    """Scripted networks that were frozen, quantized, copied or converted."""

    x = transformed.EXAMPLE

    def setUp(self):
        super().setUp()
        engines = torch.backends.quantized if reader_has("1.3.0") else None
        if engines and "fbgemm" in engines.supported_engines:
            self.addCleanup(setattr, engines, "engine", engines.engine)
            engines.engine = "fbgemm"

    @script_golden(since="1.6.0")
    def test_frozen(self):
        """Frozen: constants for parameters."""
        self.check_results(transformed.frozen, (self.x,))

    @script_golden(since="1.6.0")
    def test_frozen_preserving(self):
        """Frozen, and one more method kept, with what it changes."""
        self.check_results(
            transformed.frozen_preserving, (self.x,), ("set_offset", (5,)), (self.x,)
        )

    @script_golden(since="1.8.0")
    def test_frozen_as_is(self):
        """Frozen without folding."""
        self.check_results(transformed.frozen_as_is, (self.x,))

    @script_golden(since="1.10.0")
    def test_frozen_then_optimized(self):
        """Folded after freezing."""
        self.check_results(transformed.frozen_then_optimized, (self.x,))

    @script_golden(since="1.3.0")
    def test_fused(self):
        """Convolution and normalisation made one before scripting."""
        self.check_script(transformed.fused, (self.x,))

    @script_golden(since="1.3.0")
    def test_statically_quantized(self):
        """Layers in 8 bits, scripted."""
        self.check_results(transformed.statically_quantized, (self.x,))

    @script_golden(since="1.3.0")
    def test_statically_quantized_and_traced(self):
        """Layers in 8 bits, traced."""
        self.check_results(transformed.traced_quantized, (self.x,))

    @script_golden(since="1.3.0")
    def test_dynamically_quantized(self):
        """Weights in 8 bits."""
        self.check_results(
            transformed.dynamically_quantized,
            (numbers(2, 1, 4),),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.6.0")
    def test_quantized_graph(self):
        """Layers in 8 bits, by graph mode."""
        self.check_results(transformed.quantized_graph, (self.x,))

    @script_golden(since="1.6.0")
    def test_dynamically_quantized_graph(self):
        """Weights in 8 bits, by graph mode."""
        self.check_results(transformed.dynamically_quantized_graph, (numbers(2, 4),))

    @script_golden(since="1.8.0")
    def test_quantized_by_fx(self):
        """Layers in 8 bits, by graph mode on torch.fx."""
        self.check_results(transformed.quantized_by_fx, (self.x,))

    @script_golden(since="1.6.0")
    def test_copied(self):
        """A copy keeps its parameters while the original changes."""
        self.check_script(transformed.copied, (self.x,))

    @script_golden()
    def test_from_a_buffer(self):
        """A module that was loaded from a buffer is saved."""
        self.check_script(transformed.from_a_buffer, (self.x,))

    @script_golden()
    def test_in_double_precision(self):
        """Parameters converted after scripting."""
        self.check_script(transformed.in_double_precision, (self.x.double(),))

    @script_golden()
    def test_in_half_precision(self):
        """Parameters halved after scripting; integers stay integers."""
        self.check_script(transformed.in_half_precision, (numbers(4),))

    @script_golden()
    def test_in_both_modes(self):
        """Each module keeps the mode that it was in."""
        self.check_script(transformed.in_both_modes, (numbers(3, 2),))


class TestExtraFiles(GoldenTestCase):
    """Files that were saved along with a module."""

    def check_extra_files(self, contents):
        """Check that the contents by name come back, in the type that readers give."""
        x, kind = numbers(2), bytes if reader_has("1.7.0") else str

        def write(files):
            module = traced.traced(torch.nn.ReLU(), x)
            extra = transformed.extra_files(contents)
            torch.jit.save(module, files[KIND], _extra_files=extra)
            texts = list(map(transformed.as_text, contents.values()))
            save_expected(files["expected.npz"], [texts, module(x)])

        def read(files, opened):
            extra = transformed.extra_files(dict.fromkeys(contents, ""))
            module = torch.jit.load(opened(files[KIND]), _extra_files=extra)
            found = [extra[name] for name in contents]
            self.assertEqual({kind}, set(map(type, found)))
            texts = list(map(transformed.as_text, found))
            self.check_expected(files["expected.npz"], [texts, module(x)])

        for loader, opened in (("path", str), ("buffer", transformed.in_memory)):
            with self.subTest(loader=loader):
                self.check_golden(write, {KIND: functools.partial(read, opened=opened)})

    @script_golden(since="1.1.0")
    def test_text(self):
        """Texts, one of them empty, by names with and without a folder."""
        self.check_extra_files(
            {"labels.json": "[1, 2]", "folder/ä.txt": "ä\n", "empty": ""}
        )

    @script_golden(since="1.1.0")
    def test_binary(self):
        """Bytes that are no text, with zeros among them."""
        self.check_extra_files({"data.bin": b"\0\xff\x80\0"})


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
