"""``try`` says which releases read a file, and runs nothing of it unasked."""

import contextlib
import io
import os
import pickle
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from tools.matrix import try_file
from tools.matrix.__main__ import main
from tools.matrix.try_file import Attempt, kind_of


class Payload:
    """A pickle of it calls a function when it is loaded."""

    def __init__(self, function, *arguments) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple:
        return self._call


class TryTestCase(unittest.TestCase):
    """A folder for files, and the command with the torch that runs this."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "model.pt"

    def try_file(self, *options: str, yes: bool = True) -> tuple[int, str]:
        """Exit code and all that is printed."""
        output = io.StringIO()
        arguments = [str(self.file), "--readers", "local", *options]
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = main(["try", *arguments, *(["--yes"] if yes else [])])
        return code, output.getvalue()


class TestTry(TryTestCase):
    """Files of each kind, and files that are none."""

    def test_pickle(self) -> None:
        """What torch.save wrote is loaded and told."""
        torch.save({"a": torch.ones(2)}, self.file)

        code, output = self.try_file()

        self.assertEqual(0, code, output)
        self.assertIn("loaded as pickle", output)
        self.assertIn("local    yes  dict of 1 items", output)
        self.assertIn("1 of 1 readers read it", output)

    def test_script_with_input(self) -> None:
        """A TorchScript archive is called with the arrays that the user gives."""
        torch.jit.script(torch.nn.ReLU()).save(str(self.file))
        array = self.folder / "x.npy"
        np.save(array, np.array([-1.0, 2.0], dtype=np.float32))

        code, output = self.try_file("--input", str(array))

        self.assertEqual(0, code, output)
        self.assertIn("loaded as script", output)
        self.assertIn("1 tensors computed", output)

    def test_results_of_other_dtypes(self) -> None:
        """Complex and quantized results can be compared, too."""

        def complex_and_quantized(x: torch.Tensor):
            return torch.complex(x, x).conj(), torch.quantize_per_tensor(
                x, 0.5, 0, torch.qint8
            )

        torch.jit.script(complex_and_quantized).save(str(self.file))
        array = self.folder / "x.npy"
        np.save(array, np.array([-1.0, 2.0], dtype=np.float32))

        found = try_file.attempt("local", "script", self.file, [str(array)])

        self.assertEqual("", found.error)
        self.assertEqual([-1 + 1j, 2 - 2j], found.results[0].tolist())
        self.assertEqual([-1.0, 2.0], found.results[1].tolist())

    def test_what_cannot_be_read(self) -> None:
        """The error of a reader is told, and the exit code is 1."""
        self.file.write_bytes(pickle.dumps(Payload(int, "no number"), protocol=2))

        code, output = self.try_file()

        self.assertEqual(1, code, output)
        self.assertIn("local    no   ", output)
        self.assertIn("0 of 1 readers read it", output)

    def test_code_that_ends_the_process(self) -> None:
        """A file whose code ends the process costs one reader."""
        torch.save(Payload(os._exit, 3), self.file)

        code, output = self.try_file()

        self.assertEqual(1, code, output)
        self.assertIn("local    no   ended with 3", output)

    def test_nothing_runs_unasked(self) -> None:
        """Without a yes, or somebody to ask, the file's code does not run."""
        mark = self.folder / "mark"
        torch.save(Payload(os.mkdir, str(mark)), self.file)

        code, output = self.try_file(yes=False)
        self.assertEqual(2, code, output)
        self.assertIn("not loaded; --yes goes on without asking", output)
        self.assertFalse(mark.exists())

        self.try_file()
        self.assertTrue(mark.exists())

    def test_answer(self) -> None:
        """Who sits at a terminal is asked, and only a yes goes on."""
        torch.save(1, self.file)
        for answer, expected in (("", 2), ("no", 2), ("y", 0), ("YES", 0)):
            with self.subTest(answer=answer):
                stdin = mock.Mock(isatty=lambda: True)
                asked = mock.patch("builtins.input", return_value=answer)
                with mock.patch("sys.stdin", stdin), asked as question:
                    code, output = self.try_file(yes=False)
                self.assertEqual(expected, code, output)
                self.assertIn("runs whatever code it brings", question.call_args[0][0])

    def test_wrong_use(self) -> None:
        """A file that is not there, or that torch does not load, is told."""
        self.assertIn("model.pt: no such file", self.try_file()[1])
        np.savez(self.folder / "x.npz", np.zeros(2))
        self.file = self.folder / "x.npz"

        code, output = self.try_file()

        self.assertEqual(2, code)
        self.assertIn("npz format, not one that torch loads", output)

    def test_kinds(self) -> None:
        """How a file is loaded is told from its bytes."""
        model = torch.jit.script(torch.nn.ReLU())
        model._save_for_lite_interpreter(str(self.folder / "mobile"))
        program = torch.export.export(torch.nn.ReLU(), (torch.ones(2),))
        torch.export.save(program, self.folder / "exported")
        with torch.package.PackageExporter(self.folder / "package") as exporter:
            exporter.save_text("a", "b", "c")
        torch.save(1, self.folder / "pickle", _use_new_zipfile_serialization=False)

        for kind in ("mobile", "exported", "package", "pickle"):
            self.assertEqual(kind, kind_of(self.folder / kind))


class TestComparison(unittest.TestCase):
    """What is said of a reader's results beside the first one's."""

    def line(self, one: list[float], other: list[float]) -> str:
        first, second = (
            Attempt(name, "ReLU", results=(np.array(values),))
            for name, values in (("1.0.1", one), ("1.1.0", other))
        )
        return try_file._line(second, first)

    def test_results(self) -> None:
        """Equal, or by how much they differ, or that they cannot be compared."""
        nan = float("nan")
        for one, other, words in (
            ([1.0, nan], [1.0, nan], "the same results as 1.0.1"),
            ([1.0, 2.0], [1.0, 2.5], "results differ from those of 1.0.1 by up to 0.5"),
            ([1.0, 2.0], [1.0], "shapes differ from those of 1.0.1"),
            ([1.0], [nan], "results differ from those of 1.0.1 by up to inf"),
            ([1.0, 2.0], [1.0, nan], "results differ from those of 1.0.1 by up to inf"),
        ):
            with self.subTest(words):
                self.assertTrue(self.line(one, other).endswith(words))


if __name__ == "__main__":
    unittest.main()
