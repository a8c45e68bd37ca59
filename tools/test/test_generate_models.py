"""test/jit/fixtures_srcs/generate_models.py: what it refuses, and what it leaves."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import torch
from common_archive import read_record, rewrite_records
from common_golden import file_sha256

from tools import TEST_FOLDER

SOURCES = os.path.join(TEST_FOLDER, "jit", "fixtures_srcs")
SCRIPT = os.path.join(SOURCES, "generate_models.py")
sys.path.append(SOURCES)
generate_models = importlib.import_module("generate_models")
fixtures_src = importlib.import_module("fixtures_src")

Gelu = fixtures_src.TestVersionedGeluV9
Random = fixtures_src.TestVersionedRandomV10
NAME, OTHER = "test_versioned_gelu_v9", "test_versioned_random_v10"


class GenerateTestCase(unittest.TestCase):
    """Base class: ``self.folder`` takes models."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def generate(self, modules: dict, folder: Path | None = None) -> tuple[int, str]:
        """Errors and log of a run with these entries."""
        with (
            mock.patch.object(generate_models, "ALL_MODULES", modules),
            self.assertLogs(generate_models.logger) as log,
        ):
            errors = generate_models.generate_models(folder or self.folder)
        return errors, "\n".join(log.output)

    def files(self) -> list[str]:
        return sorted(os.listdir(self.folder))


class TestGenerateModels(GenerateTestCase):
    """Each rule, beside an entry that is fine."""

    def test_saved(self):
        """What is missing is saved, and both loaders read it."""
        errors, log = self.generate({Gelu(): "aten::gelu"})

        self.assertEqual((0, [f"{NAME}.ptl"]), (errors, self.files()))
        self.assertIn("saved", log)
        x = torch.ones(2)
        path = str(self.folder / f"{NAME}.ptl")
        for load in (torch.jit.load, generate_models.mobile._load_for_lite_interpreter):
            self.assertEqual(Gelu()(x).tolist(), load(path)(x).tolist())

    def test_not_a_module(self):
        """An entry that is no module is an error; the rest is saved."""
        errors, log = self.generate(
            {"text": "aten::gelu", Random(): "aten::random_.from"}
        )

        self.assertEqual((1, [f"{OTHER}.ptl"]), (errors, self.files()))
        self.assertIn("'text' is not a torch.nn.Module", log)

    def test_existing_file(self):
        """A model that is there is left as it is, and is no error."""
        (self.folder / f"{NAME}.ptl").write_bytes(b"precious")

        errors, log = self.generate({Gelu(): "aten::other"})

        self.assertEqual((0, [f"{NAME}.ptl"]), (errors, self.files()))
        self.assertEqual(b"precious", (self.folder / f"{NAME}.ptl").read_bytes())
        self.assertIn(f"{NAME} exists, skipped", log)

    def test_operator_missing(self):
        """A model without its operator is not saved; the log has what it contains."""
        modules = {Gelu(): "aten::relu", Random(): "aten::random_.from"}

        errors, log = self.generate(modules)

        self.assertEqual((1, [f"{OTHER}.ptl"]), (errors, self.files()))
        self.assertIn("['aten::gelu'] do not include aten::relu", log)

    def test_version_too_new(self):
        """A model above the operator version by more than one is not saved."""
        version = generate_models.get_output_model_version(torch.jit.script(Gelu()))
        for current, expected in ((version - 2, 1), (version - 1, 0)):
            with mock.patch.object(
                generate_models, "current_operator_version", return_value=current
            ):
                errors, log = self.generate({Gelu(): "aten::gelu"})

            self.assertEqual(expected, errors)
            self.assertEqual(expected == 0, bool(self.files()))
            self.assertEqual(bool(expected), f"version {version} is above" in log)

    def test_version_before_operator(self):
        """The version is looked at first, then the operator."""
        with mock.patch.object(
            generate_models, "current_operator_version", return_value=-9
        ):
            _, log = self.generate({Gelu(): "aten::relu"})

        self.assertIn("is above the current operator version", log)
        self.assertNotIn("do not include", log)

    def test_what_this_torch_cannot_script(self):
        """A module with an operator as it was is an error that says why."""
        module = fixtures_src.TestVersionedLinspaceV7()

        errors, log = self.generate({module: "aten::linspace"})

        self.assertEqual((1, []), (errors, self.files()))
        self.assertIn("cannot script it", log)

    def test_unwritable_folder(self):
        """A folder that takes no file is an error for each model, named in it."""
        (self.folder / "a file").write_text("")
        for folder in (
            self.folder / "a file",
            self.folder / "none",
            Path("/proc/self"),
        ):
            errors, log = self.generate({Gelu(): "aten::gelu"}, folder)

            self.assertEqual(1, errors)
            self.assertIn(f"cannot be written in {folder}", log)
        self.assertEqual(["a file"], self.files())

    def test_full_disk(self):
        """A model that could be written in part only leaves nothing."""

        class Scripted:
            def _save_for_lite_interpreter(self, path):
                Path(path).write_bytes(b"half")
                raise OSError("No space left on device")

        with self.assertRaises(OSError):
            generate_models.save_model(Scripted(), str(self.folder / "model.ptl"))
        self.assertEqual([], self.files())


class TestParts(GenerateTestCase):
    """The functions by their names."""

    def test_names(self):
        """A model is called as its class, in snake case, and looked for so."""
        (self.folder / "test_versioned_gelu_v9.ptl").write_bytes(b"")
        (self.folder / "other.npz").write_bytes(b"")

        models = generate_models.get_all_models(self.folder)

        self.assertEqual({NAME}, models)
        self.assertEqual(NAME, generate_models.model_name(Gelu()))
        self.assertTrue(generate_models.model_exist(NAME, models))
        self.assertFalse(generate_models.model_exist("test", models))

    def test_fixtures_path(self):
        """The folder is that of the fixtures beside the script."""
        expected = Path(TEST_FOLDER, "jit", "fixtures")
        self.assertEqual(expected, generate_models.get_fixtures_path())

    def test_operators(self):
        """Operators are those of the model, told by torch and by its bytecode alike."""
        scripted = torch.jit.script(fixtures_src.TestVersionedFullV4())
        path = str(self.folder / "model.ptl")
        scripted._save_for_lite_interpreter(path)

        expected = {"aten::full"}
        self.assertEqual(expected, generate_models.get_operator_list(scripted))
        self.assertEqual(expected, generate_models.operators_in(path))

    def test_version_records(self):
        """The version is read from either record, whatever the top folder's name."""
        path = str(self.folder / "odd name.ptl")
        for module, record, version in (
            (Gelu(), ".data/version", 10),
            (fixtures_src.TestVersionedDivOutV3(), "version", 4),
        ):
            torch.jit.script(module)._save_for_lite_interpreter(path)
            self.assertEqual(b"%d\n" % version, read_record(path, record))

            self.assertEqual(version, generate_models.file_version(path))

            rewrite_records(path, {record: None})
            with self.assertRaises(KeyError):
                generate_models.file_version(path)


class TestScript(GenerateTestCase):
    """The script as a user starts it."""

    def copy(self) -> Path:
        """A copy of the suite's sources, with an empty folder of fixtures."""
        for path in Path(TEST_FOLDER).glob("common_*.py"):
            shutil.copy(path, self.folder)
        shutil.copytree(SOURCES, self.folder / "jit" / "fixtures_srcs")
        (self.folder / "jit" / "fixtures").mkdir()
        return self.folder / "jit"

    def test_in_the_checkout(self):
        """With every model there it changes nothing and exits with 0, from anywhere."""
        fixtures = Path(TEST_FOLDER, "jit", "fixtures")
        before = {path: file_sha256(str(path)) for path in fixtures.iterdir()}

        done = subprocess.run(
            [sys.executable, SCRIPT], cwd=self.folder, capture_output=True, text=True
        )

        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(16, done.stderr.count("exists, skipped"), done.stderr)
        after = {path: file_sha256(str(path)) for path in fixtures.iterdir()}
        self.assertEqual(before, after)

    def test_exit_code(self):
        """Where something was reported it exits with 1, after finishing the rest."""
        folder = self.copy()

        done = subprocess.run(
            [sys.executable, folder / "fixtures_srcs" / "generate_models.py"],
            cwd="/", capture_output=True, text=True,
        )  # fmt: skip

        self.assertEqual(1, done.returncode)
        self.assertEqual(4, done.stderr.count("cannot script it"), done.stderr)
        self.assertEqual(12, len(os.listdir(folder / "fixtures")))

    def test_interrupted(self):
        """Ctrl-C leaves whole models only, and what is missing is saved next time."""
        folder = self.copy()
        process = subprocess.Popen(
            [sys.executable, folder / "fixtures_srcs" / "generate_models.py"],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        fixtures = folder / "fixtures"
        while not list(fixtures.glob("*.ptl")) and time.monotonic() < deadline:
            time.sleep(0.001)

        process.send_signal(signal.SIGINT)
        process.wait()

        paths = list(fixtures.glob("*.ptl"))
        self.assertTrue(paths)
        for path in paths:
            torch.jit.load(str(path))
        subprocess.run(process.args, stderr=subprocess.DEVNULL)
        self.assertEqual(12, len(os.listdir(fixtures)))


if __name__ == "__main__":
    unittest.main()
