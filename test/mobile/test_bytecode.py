# Owner(s): ["oncall: mobile"]

"""The lite interpreter's bytecode: versions 4 to 9, and backports between them.

The goldens are one small module, saved in each version that a release wrote, in
``test/cpp/jit/script_module_v<version>.ptl``.  Version 6 no release writes; it is
what 1.10 makes of its version 7.  Version 9 is a flatbuffer.
"""

import io
import os
import sys
import tempfile

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from bytecode_models import Plus, TestModule, Typed  # noqa: E402
from bytecode_texts import BYTECODE, backported_bytecode, matches  # noqa: E402
from common_archive import (  # noqa: E402
    dump_pickle,
    load_pickle,
    read_record,
    rewrite_records,
)
from common_compat import import_first, reader_has  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_golden import GoldenFiles  # noqa: E402
from common_formats import format_version, set_flatbuffer_version  # noqa: E402
from common_utils import GoldenTestCase, golden, golden_folder, run_tests  # noqa: E402
from lite_interpreter import (  # noqa: E402
    FLATBUFFER_VERSION,
    MINIMUM_TO_VERSION,
    least_readable_version,
    mobile,
    optimized,
    save_for_lite_interpreter,
    skip_without,
)

show_pickle = import_first("torch.utils.show_pickle")

# Golden to the release that writes it: the first of its version.
MODELS = {
    "script_module_v4": "1.7.1",
    "script_module_v5": "1.9.1",
    "script_module_v6": "1.10.2",
    "script_module_v7": "1.10.2",
    "script_module_v8": "1.12.1",
    "script_module_v9": "1.13.1",
}
SCRIPT_MODULE_BYTECODE_PKL = {
    version: {"bytecode_pkl": text, "model_name": f"script_module_v{version}"}
    for version, text in BYTECODE.items()
}
# Files that no torch may read, to the release whose file each is made of.
UNSUPPORTED = {
    "unsupported_v2": "1.7.1",
    "unsupported_v3": "1.7.1",
    "unsupported_v10": "1.7.1",
    "unsupported_flatbuffer_v10": "1.13.1",
}


class InTestBytecode(TestModule):
    """The golden module, in a Python module whose name ends in ``bytecode``."""


def bytecode_of(path):
    """``bytecode.pkl`` of a file as torch prints it."""
    output = io.StringIO()
    show_pickle.main(["", f"{path}@*/bytecode.pkl"], output_stream=output)
    return output.getvalue()


class testVariousModelVersions(GoldenTestCase):
    """Each version reads, runs, and is made of the newer ones by a backport."""

    golden_folder = "../cpp/jit"

    def setUp(self):
        super().setUp()
        if mobile is None:
            self.skipTest(f"torch {torch.__version__} lacks torch.jit.mobile")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path_of(self, version):
        """The golden of a version, its hash checked."""
        name = f"script_module_v{version}"
        return GoldenFiles(golden_folder(self), name, ("ptl",))["ptl"]

    def new_path(self, name):
        """A path in the test's temporary folder."""
        return os.path.join(self.folder, name)

    def newest_version(self):
        """The newest version whose writer is not newer than the running torch."""
        versions = range(MINIMUM_TO_VERSION, FLATBUFFER_VERSION + 1)
        return max(v for v in versions if reader_has(MODELS[f"script_module_v{v}"]))

    def check_result(self, module):
        """Run the golden module on 1, and compare."""
        expected = 3 * torch.ones([2, 4], dtype=torch.float64)
        result = module(1)
        self.assertEqual(expected.dtype, result.dtype)
        self.assertTrue(torch.equal(expected, result), result)

    @golden(
        since="1.6.0",
        kinds=("ptl", "expected.npz"),
        subnames=MODELS,
        notes={"script_module_v6": "made of script_module_v7 by 1.10's own backport"},
        pinned=True,
    )
    def test_models_under_both_loaders(self):
        """Each version gives what its writer recorded, under both loaders."""
        for name in MODELS:
            version = int(name.rpartition("v")[2])

            def write(files, version=version):
                module = optimized(torch.jit.script(TestModule(1)))
                flatbuffer = version == FLATBUFFER_VERSION
                save_for_lite_interpreter(module, files["ptl"], flatbuffer)
                if version == 6:
                    newer = files["ptl"] + ".newer"
                    os.replace(files["ptl"], newer)
                    mobile._backport_for_mobile(newer, files["ptl"], version)
                    os.unlink(newer)
                save_expected(files["expected.npz"], module(1))

            for loader in (mobile._load_for_lite_interpreter, torch.jit.load):

                def read(files, load=loader):
                    found = load(files["ptl"])(1)
                    self.check_expected(files["expected.npz"], found)

                with self.subTest(loader=loader.__name__):
                    self.check_golden(write, {"ptl": read}, name)

    @golden(
        since="1.9.0",
        kinds=("ptl",),
        subnames={"module_in_test_bytecode": "1.12.1"},
        pinned=True,
    )
    def test_module_of_a_file_called_bytecode(self):
        """A model runs, whatever the Python module is called that its class is in."""

        def write(files):
            module = optimized(torch.jit.script(InTestBytecode(1)))
            save_for_lite_interpreter(module, files["ptl"])

        def read(files):
            self.check_result(torch.jit.load(files["ptl"]))
            self.check_result(mobile._load_for_lite_interpreter(files["ptl"]))

        self.check_golden(write, {"ptl": read}, "module_in_test_bytecode")

    def test_get_model_bytecode_version(self):
        """Each golden reports its version, from a path and from a buffer."""
        skip_without(self, "_get_model_bytecode_version")
        for version in range(MINIMUM_TO_VERSION, self.newest_version() + 1):
            path = self.path_of(version)
            with self.subTest(version=version):
                with open(path, "rb") as file:
                    buffer = io.BytesIO(file.read())

                found = mobile._get_model_bytecode_version(path)
                in_buffer = mobile._get_model_bytecode_version(buffer)

                self.assertEqual([version, version], [found, in_buffer])

    def test_bytecode_of_goldens(self):
        """The bytecode of each golden reads as expected, and so do its differences."""
        for version, model in SCRIPT_MODULE_BYTECODE_PKL.items():
            with self.subTest(version=version):
                text = bytecode_of(self.path_of(version))

                self.assertTrue(matches(text, model["bytecode_pkl"]), text)
                self.assertEqual(version >= 6, "'Scalar', 2)" in text)
                self.assertEqual(2 if version >= 6 else 3, text.count("'LOADC'"))

    def test_bytecode_values_for_all_backport_functions(self):
        """From the newest golden down to 4, each backport has the bytecode expected."""
        skip_without(self, "_backport_for_mobile")
        newest = self.newest_version()
        path, compared = self.path_of(newest), 0
        expected = backported_bytecode(newest)
        for version in range(newest - 1, MINIMUM_TO_VERSION - 1, -1):
            into = self.new_path(f"to_{version}.ptl")

            self.assertTrue(mobile._backport_for_mobile(path, into, version))

            with self.subTest(version=version):
                text = bytecode_of(into)
                self.assertTrue(matches(text, expected[version]), text)
                compared += 1
            path = into
        self.assertEqual(newest - MINIMUM_TO_VERSION, compared)

    def test_all_backport_functions(self):
        """A module saved now is backported to each version, and computes the same."""
        skip_without(self, "_backport_for_mobile")
        path = self.new_path("current.ptl")
        module = optimized(torch.jit.script(TestModule(1)))
        save_for_lite_interpreter(module, path)
        current, ran = mobile._get_model_bytecode_version(path), 0
        for version in range(current - 1, MINIMUM_TO_VERSION - 1, -1):
            with self.subTest(version=version):
                into = self.new_path(f"to_{version}.ptl")

                self.assertTrue(mobile._backport_for_mobile(path, into, version))

                found = mobile._get_model_bytecode_version(into)
                self.assertEqual(version, found)
                self.check_result(mobile._load_for_lite_interpreter(into))
                ran += 1
        self.assertEqual(current - MINIMUM_TO_VERSION, ran)

    def test_no_backport_below_minimum(self):
        """A backport below 4 fails, and leaves nothing that passes for a model."""
        skip_without(self, "_backport_for_mobile")
        for version in range(MINIMUM_TO_VERSION, self.newest_version() + 1):
            with self.subTest(version=version):
                into = self.new_path(f"from_{version}.ptl")

                self.check_refused_backport(self.path_of(version), into)

                if os.path.exists(into):
                    self.assertNotIn("bytecode", format_version(into))
                    with self.assertRaises(RuntimeError):
                        mobile._load_for_lite_interpreter(into)

    def check_refused_backport(self, path, into):
        """A backport to 3 is False or an error, by release and format."""
        try:
            done = mobile._backport_for_mobile(path, into, MINIMUM_TO_VERSION - 1)
        except RuntimeError as error:
            self.assertIn("version", str(error).lower())
        else:
            self.assertFalse(done)

    def test_backport_bytecode_from_file_to_file(self):
        """The newest golden, backported by one version: its bytecode and its result."""
        skip_without(self, "_backport_for_mobile")
        version = self.newest_version() - 1
        into = self.new_path("older.ptl")

        done = mobile._backport_for_mobile(self.path_of(version + 1), into, version)

        self.assertTrue(done)
        text = bytecode_of(into)
        self.assertTrue(matches(text, backported_bytecode(version + 1)[version]), text)
        self.check_result(mobile._load_for_lite_interpreter(into))

    def test_backport_bytecode_from_file_to_buffer(self):
        """The same into a buffer: its version and its result."""
        skip_without(self, "_backport_for_mobile_to_buffer")
        version = self.newest_version() - 1

        content = mobile._backport_for_mobile_to_buffer(
            self.path_of(version + 1), version
        )

        found = mobile._get_model_bytecode_version(io.BytesIO(content))
        self.assertEqual(version, found)
        self.check_result(mobile._load_for_lite_interpreter(io.BytesIO(content)))

    def test_get_model_ops_and_info(self):
        """From version 6 on operators report their number of arguments."""
        skip_without(self, "_get_model_ops_and_info")
        for version, number in ((4, None), (5, None), (6, 2), (7, 2)):
            with self.subTest(version=version):
                found = mobile._get_model_ops_and_info(self.path_of(version))

                numbers = {name: found[name].num_schema_args for name in found}
                expected = {"aten::add.int": number, "aten::add.Scalar": number}
                self.assertEqual(expected, numbers)

    def test_get_mobile_model_contained_types(self):
        """The types of a model are those that its bytecode names."""
        skip_without(self, "_get_mobile_model_contained_types")
        typed = {"Dict", "List", "float", "int", "str"}
        for module, expected in ((Plus(), set()), (Typed(), typed)):
            with self.subTest(module=type(module).__name__):
                scripted = torch.jit.script(module)
                content = scripted._save_to_buffer_for_lite_interpreter()

                found = mobile._get_mobile_model_contained_types(io.BytesIO(content))

                self.assertEqual(sorted(expected), sorted(found))

    @golden(
        since="1.6.0",
        kinds=("ptl",),
        subnames=UNSUPPORTED,
        notes={name: "the version was changed after saving" for name in UNSUPPORTED},
        pinned=True,
    )
    def test_unsupported_versions(self):
        """A version below the least, or above the newest, is refused by its number."""
        for name in UNSUPPORTED:
            version = int(name.rpartition("v")[2])

            def write(files, version=version, flatbuffer="flatbuffer" in name):
                module = torch.jit.script(TestModule(1))
                save_for_lite_interpreter(module, files["ptl"], flatbuffer)
                if flatbuffer:
                    set_flatbuffer_version(files["ptl"], version)
                else:
                    set_bytecode_version(files["ptl"], version)

            def read(files, version=version):
                if least_readable_version() <= version < FLATBUFFER_VERSION:
                    self.check_result(mobile._load_for_lite_interpreter(files["ptl"]))
                    return
                with self.assertRaisesRegex(RuntimeError, f"version is {version}\\b"):
                    mobile._load_for_lite_interpreter(files["ptl"])

            self.check_golden(write, {"ptl": read}, name)


def set_bytecode_version(path, version):
    """Change the version that a file's bytecode says it has."""
    bytecode, _ = load_pickle(read_record(path, "bytecode.pkl"))
    changed = dump_pickle((version, *bytecode[1:]))
    rewrite_records(path, {"bytecode.pkl": changed})


if __name__ == "__main__":
    run_tests()
