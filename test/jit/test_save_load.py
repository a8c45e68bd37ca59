# Owner(s): ["oncall: jit"]

"""What TorchScript saves and loads again: colliding names, state, extra files.

As an archive (``torch.jit.save``) and as a flatbuffer.
"""

import io
import os
import sys
import tempfile
from pathlib import Path

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import save_load_models as models  # noqa: E402
from common_compat import raise_on_run_directly, reader_has  # noqa: E402
from common_values import numbers  # noqa: E402
from save_load_case import (  # noqa: E402
    SaveLoadTestCase,
    needs,
    needs_memory,
    not_under_dynamo,
    slow,
)

# The process took 10.3 GiB at its peak with torch 2.13: the string, and its copies in
# TorchScript, in the table of the pickler and in the record to be written.  The file
# takes memory too where the folder of temporary files lies there.
GIB_ABOVE_2_GIB = 13
# What PyTorch asks for; here it took 20.2 GiB.
GIB_ABOVE_4_GIB = 60


class SaveLoadScenarios:
    """The tests that both formats have."""

    def test_different_modules(self):
        """Modules of one qualified name keep their layers."""
        self.check_collision(
            models.two_linears, models.one_linear, models.Both, numbers(3, 2)
        )

    def test_different_functions(self):
        """Functions of one name, called by modules of one name, keep their results."""
        self.check_collision(
            models.function_of_a_tensor,
            models.function_of_a_string,
            models.Both,
            numbers(3),
        )

    def test_different_interfaces(self):
        """Interfaces of one name, and what implements them, keep their methods."""
        self.check_collision(
            models.interface_of_bar,
            models.interface_of_not_bar,
            models.Both,
            numbers(3),
        )

    def test_save_namedtuple_input_only(self):
        """A NamedTuple that is only an argument is taken once loaded."""
        self.check_point_given(models.PointGiven())

    @needs("1.8.0", "NamedTuples known by an optional result alone")
    def test_save_namedtuple_output_only(self):
        """A NamedTuple that is only in an optional result is known once loaded."""
        scripted = torch.jit.script(models.PointReturned())
        loaded = self.reloaded(scripted)
        self.assertIsNone(loaded())
        self.assertEqual(result_type(scripted), result_type(loaded))
        # This does not compile unless the fields are known.
        unwrapping = torch.jit.script(models.Unwrapping(loaded))
        self.assertSame(torch.ones(2), unwrapping())

    def test_save_load_params_buffers_submodules(self):
        """Names and values are what they were, and a plain tensor is no buffer."""
        module, x = models.Stateful(), numbers(2, 3)
        loaded = self.reloaded(torch.jit.script(module))
        self.check_state(module, loaded)
        self.assertSame(module.t, loaded.t)
        self.assertSame(module(x), loaded(x))

    def check_state(self, module, loaded):
        """Submodules, parameters and buffers have the names and values they had."""
        found = state_of(loaded)
        for part, expected in state_of(module).items():
            with self.subTest(part=part):
                if part == "buffers" and not reader_has("1.9.0"):
                    self.skipTest(
                        f"torch {torch.__version__} lacks the difference of buffers "
                        "and other tensors in TorchScript (since 1.9.0)"
                    )
                self.assertSame(expected, found[part])

    def check_point_given(self, module):
        """The module takes a NamedTuple once loaded, and uses its fields."""
        point = models.Point(a=5, b=numbers(3))
        loaded = self.reloaded(torch.jit.script(module))
        self.assertSame(numbers(3) * 5, loaded(point))


@needs("1.4.0", "a registry of TorchScript classes that can be cleared")
class TestSaveLoad(SaveLoadScenarios, SaveLoadTestCase):
    """As an archive."""

    @needs("1.6.0", "annotations that are strings in TorchScript")
    def test_save_namedtuple_input_only_forwardref(self):
        """The same where the annotation of the argument is a string."""
        self.check_point_given(models.PointGivenByName())

    @needs("1.7.0", "extra files that are no text")
    def test_save_load_with_extra_files(self):
        """Extra files come back as bytes, however they were saved and are loaded."""
        module, x = models.one_linear(), numbers(3, 2)
        scripted = torch.jit.script(module)
        binary, text = bytes(range(256)), "h\u00e9llo \u4e16\n"
        options = {"_extra_files": {"binary.bin": binary, "text.txt": text}}
        # torch leaves a name that an archive does not hold without content.
        expected = {"binary.bin": binary, "text.txt": text.encode(), "absent": b""}
        with tempfile.TemporaryDirectory() as folder:
            by_function, by_method = Path(folder, "a.pt"), Path(folder, "b.pt")
            torch.jit.save(scripted, str(by_function), **options)
            scripted.save(str(by_method), **options)
            saved = {
                "file by function": str(by_function),
                "file by method": str(by_method),
                "buffer by function": self.to_buffer(scripted, **options),
                "buffer by method": io.BytesIO(scripted.save_to_buffer(**options)),
            }
            for way, source in saved.items():
                with self.subTest(saved=way):
                    found = {"binary.bin": "", "text.txt": "", "absent": ""}
                    loaded = torch.jit.load(source, _extra_files=found)
                    self.assertEqual(expected, found)
                    self.assertSame(module(x), loaded(x))

    @needs("1.12.0", "meta tensors in TorchScript archives")
    def test_save_load_meta_tensors(self):
        """Tensors without data come back without data, the others with theirs."""
        module = models.Meta()
        loaded = self.reloaded(torch.jit.script(module))
        self.check_state(module, loaded)
        self.assertSame(module(), loaded())

    @needs("2.1.0", "meta tensors that map_location leaves alone")
    def test_save_load_meta_tensors_to_device(self):
        """With a device to load to, tensors without data have none all the same."""
        module = models.Meta()
        loaded = self.reloaded(torch.jit.script(module), map_location="cpu")
        self.check_state(module, loaded)
        self.assertSame(module(), loaded())

    @needs("2.1.0", "strings above 4 GiB in archives (PyTorch PR 99104)")
    @needs_memory(GIB_ABOVE_4_GIB)
    @not_under_dynamo
    @slow
    def test_save_load_large_string_attribute(self):
        """A string with more characters than 32 bits can count comes back whole."""
        self.check_string(2**32 + 1)

    @needs_memory(GIB_ABOVE_2_GIB)
    @not_under_dynamo
    @slow
    def test_save_load_string_attribute_above_2_gib(self):
        """A string with more bytes than a signed 32-bit number comes back whole."""
        self.check_string(2**31 + 1)

    def check_string(self, size):
        """A string of so many characters comes back as it was."""
        # A text of its own at each offset that a cut to 32 bits could give.
        pattern = "0123456789abcde"
        text = (pattern * (size // len(pattern) + 1))[:size]
        # They would hold the string several times more.
        self.clearHooks()
        # A file takes less memory than a buffer.
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.pt")
            torch.jit.save(torch.jit.script(models.Text(text)), path)
            loaded = torch.jit.load(path)
        self.assertEqual(size, loaded())
        self.assertTrue(text == loaded.text, "the string is another")


@needs("1.13.0", "flatbuffers")
class TestSaveLoadFlatbuffer(SaveLoadScenarios, SaveLoadTestCase):
    """As a flatbuffer."""

    def to_buffer(self, scripted, **options):
        return script_module_to_buffer(scripted, **options)

    def test_many_collisions(self):
        """A module, function, interface and NamedTuple of one name each, at once."""
        self.check_collision(
            models.named_tuple_of_int,
            models.named_tuple_of_str,
            models.BothNamedTuples,
            numbers(3),
        )

    def test_save_load_using_pathlib(self):
        """A flatbuffer saved to a Path, and loaded from it."""
        module, x = models.two_linears(), numbers(3, 2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.ff")
            torch.jit.save_jit_module_to_flatbuffer(torch.jit.script(module), path)
            self.assertSame(module(x), torch.jit.load(path)(x))

    def test_module_info_flatbuffer(self):
        """Versions, operators and functions that a flatbuffer is said to hold."""
        buffer = self.to_buffer(torch.jit.script(models.two_linears()))
        info = torch.jit._serialization.get_flatbuffer_module_info(buffer)
        functions = info.pop("function_names")
        self.assertEqual(["forward"], [name.split(".")[-1] for name in functions])
        expected = {
            "bytecode_version": 9,
            "operator_version": 1,
            "type_names": set(),
            "opname_to_num_args": {"aten::linear": 3},
        }
        self.assertEqual(expected, info)

    def test_save_load_with_extra_files(self):
        """Extra files are found without loading the model, and when it is loaded."""
        extra_files = {"abc.json": b"[1,2,3]"}
        scripted = torch.jit.script(models.one_linear())
        buffer = self.to_buffer(scripted, _extra_files=extra_files)
        found = {}
        torch._C._get_model_extra_files_from_buffer(buffer.getvalue(), found)
        self.assertEqual(extra_files, found)
        found = {"abc.json": ""}
        torch.jit.load(buffer, _extra_files=found)
        self.assertEqual(extra_files, found)


def script_module_to_buffer(scripted, **options):
    """The module as a flatbuffer, in a buffer."""
    saved = scripted._save_to_buffer_for_lite_interpreter(
        _use_flatbuffer=True, **options
    )
    return io.BytesIO(saved)


def result_type(scripted):
    """The type that a module is said to return."""
    return str(scripted.forward.schema.returns[0].type)


def state_of(module):
    """Names and values of what a module holds, sorted by name."""
    parameters = dict(sorted(module.named_parameters()))
    return {
        "modules": sorted(name for name, _ in module.named_modules()),
        "parameters": parameters,
        "requires_grad": [each.requires_grad for each in parameters.values()],
        "buffers": dict(sorted(module.named_buffers())),
    }


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
