"""The commands ``write`` and ``verify``, on copies of the suite."""

import contextlib
import io
import json
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

from common_golden import load_provenance, save_provenance

from tools import ROOT, TEST_FOLDER
from tools.golden import verify, write
from tools.golden.__main__ import main
from tools.golden.declared import declared_goldens, list_suite
from tools.golden.environments import Environment, EnvironmentCache
from tools.golden.errors import GoldenToolError

SERIALIZED = Path("quantization", "serialized")


class GoldenCommandTestCase(unittest.TestCase):
    """Base class: ``self.folder`` takes goldens, ``self.golden`` runs a command."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def golden(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of ``python -m tools.golden``."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = main(arguments)
        return code, output.getvalue()


class TestWrite(GoldenCommandTestCase):
    """Writing with the running interpreter's torch, and with releases that fail."""

    def write_local(self, *arguments: str) -> tuple[int, str]:
        into = ("--into", str(self.folder))
        return self.golden("write", "--release", "local", *into, *arguments)

    def test_local(self):
        """The local torch writes into a folder of its full version, and once only."""
        code, output = self.write_local("--only", "TestSerialization.test_conv3d")
        (release,) = (self.folder / SERIALIZED).iterdir()
        before = load_provenance(str(release))
        again, summary = self.write_local("--only", "TestSerialization.test_conv3d")

        self.assertEqual((0, 0), (code, again), output)
        self.assertIn("2 written, 0 there already, 0 not written", output)
        self.assertIn("0 written, 2 there already, 0 not written", summary)
        self.assertEqual(before, load_provenance(str(release)))
        self.assertIn("TestSerialization.test_conv3d_relu", before.goldens)
        self.assertIsNone(before.runs[0]["wheel"])

    def test_interrupted(self):
        """A writer that was killed is continued: what it had done stays as it was."""
        only = ("--only", "TestSerialization.test_conv")
        command = [sys.executable, "-m", "tools.golden", "write", "--release", "local"]
        process = subprocess.Popen(
            [*command, "--into", str(self.folder), *only],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        release = self._wait_for_goldens(process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = load_provenance(str(release)).goldens
        (release / ".writing-left").mkdir()

        code, output = self.write_local(*only)

        after = load_provenance(str(release)).goldens
        self.assertEqual(0, code, output)
        self.assertLess(len(before), len(after))
        self.assertEqual(before, {name: after[name] for name in before})
        self.assertEqual([], list(release.glob(".writing-*")))

    def _wait_for_goldens(self, process) -> Path:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            for path in self.folder.glob(f"{SERIALIZED}/*/provenance.json"):
                if load_provenance(str(path.parent)).goldens:
                    return path.parent
            time.sleep(0.01)
        raise AssertionError("the writer wrote nothing")

    def test_one_release_that_fails_does_not_stop_the_others(self):
        """An environment that cannot be made is told; the other release is written."""
        local = Environment("1.9.1", Path(sys.executable), "torch.whl", "0" * 64)

        @contextlib.contextmanager
        def use(cache, release):
            if release.version == "1.8.1":
                raise GoldenToolError("cannot make it; free some disk")
            yield local

        with mock.patch.object(EnvironmentCache, "use", use):
            code, output = self.golden(
                "write", "--release", "1.8.1", "--release", "1.9.1",
                "--into", str(self.folder), "--only", "test_conv3d_relu",
            )  # fmt: skip

        self.assertEqual(2, code)
        self.assertIn("error: 1.8.1: cannot make it; free some disk", output)
        provenance = load_provenance(str(self.folder / SERIALIZED / "1.9.1"))
        self.assertEqual(["TestSerialization.test_conv3d_relu"],
                         list(provenance.goldens))  # fmt: skip
        self.assertEqual("torch.whl", provenance.runs[0]["wheel"])

    def test_what_a_release_cannot_write_is_told(self):
        """A golden that was not written is listed with its reason, exit code 1."""
        failing = {"ATEN_CPU_CAPABILITY": "default", "PYTHONPATH": str(self.folder)}
        (self.folder / "sitecustomize.py").write_text(
            "import torch\ndef fail(*a, **k): raise OSError('no pen')\n"
            "torch.jit.save = fail\n"
        )
        with mock.patch.dict(os.environ, failing):
            code, output = self.write_local("--only", "test_conv3d_relu")

        self.assertEqual(1, code)
        self.assertIn("error: OSError: no pen\n    TestSerialization.test_co", output)
        self.assertIn("0 written, 0 there already, 1 not written", output)

    def test_two_writers(self):
        """A release that another process writes is told, and nothing is written."""
        with write._alone(self.folder, list_suite().torch.version):
            code, output = self.write_local("--only", "test_conv3d_relu")

        self.assertEqual(2, code)
        self.assertIn("another process writes goldens of torch", output)
        self.assertFalse((self.folder / SERIALIZED).exists())

    def test_wrong_use(self):
        """Unknown release, pattern and folder: one line with what to do, exit 2."""
        for arguments, words in (
            (("--release", "1.99.0"), "error: unknown release 1.99.0"),
            (("--only", "no_such"), "error: --only no_such: no test"),
            (("--into", os.devnull), "error: --into"),
        ):
            with self.subTest(arguments=arguments):
                code, output = self.golden("write", *arguments)
                self.assertEqual((2, 1), (code, output.count("\n")), output)
                self.assertIn(words, output)

    def test_corrupt_provenance(self):
        """A corrupt provenance file stops its release, and is left as it was."""
        path = self.folder / SERIALIZED / "1.9.1" / "provenance.json"
        path.parent.mkdir(parents=True)
        path.write_text("{")

        code, output = self.golden(
            "write", "--release", "1.9.1", "--into", str(self.folder),
            "--only", "test_conv3d_relu",
        )  # fmt: skip

        self.assertEqual(2, code)
        self.assertIn("provenance.json: corrupt provenance", output)
        self.assertEqual("{", path.read_text())


class TestVerify(GoldenCommandTestCase):
    """Each thing that can be wrong with goldens is found in a copy of one area's."""

    @classmethod
    def setUpClass(cls) -> None:
        declared = declared_goldens(list_suite())
        cls.goldens = [g for g in declared if g.folder == SERIALIZED.as_posix()]

    def setUp(self) -> None:
        super().setUp()
        own = Path(TEST_FOLDER, SERIALIZED)
        shutil.copytree(own, self.folder / "test" / SERIALIZED)
        self.release = self.folder / "test" / SERIALIZED / "1.8.1"

    def problems(self) -> list[str]:
        return list(verify.find_problems(self.goldens, self.folder / "test"))

    def check_found(self, words: str) -> None:
        problems = self.problems()
        self.assertTrue(any(words in line for line in problems), problems)

    def edit_provenance(self, edit) -> None:
        path = self.release / "provenance.json"
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(content))

    def test_untouched_goldens(self):
        """Nothing is wrong with goldens that nobody touched."""
        self.assertEqual([], self.problems())

    def test_altered_and_missing_file(self):
        """A file with another hash, and one that is not there."""
        (self.release / "TestSerialization.test_linear.input.pt").write_bytes(b"?")
        (self.release / "TestSerialization.test_conv2d.input.pt").unlink()

        problems = self.problems()

        self.assertEqual(2, len(problems), problems)
        self.assertIn("missing", problems[0])
        self.assertIn("not the file that was written", problems[1])

    def test_golden_without_provenance(self):
        """A golden that its provenance lost is missing, and its files are strays."""
        name = "TestSerialization.test_linear"
        provenance = load_provenance(str(self.release))
        save_provenance(str(self.release), provenance.without_golden(name))

        self.check_found(f"{name}: missing; write it with python -m tools.golden")
        self.check_found(f"{name}.input.pt: not in provenance.json")

    def test_whole_release_missing(self):
        """A release that has no folder lacks every golden that it has to have."""
        shutil.rmtree(self.release)

        expected = [golden for golden in self.goldens if "1.8.1" in golden.releases]
        self.assertEqual(len(expected), len(self.problems()))

    def test_golden_of_no_test(self):
        """A golden whose test is gone or renamed is an orphan."""
        self.goldens = [g for g in self.goldens if "linear_relu" not in g.name]

        self.check_found("1.8.1/TestSerialization.test_linear_relu: no test declares")

    def test_other_kinds(self):
        """A golden with other files than its test declares."""

        def edit(content):
            files = content["goldens"]["TestSerialization.test_linear"]["files"]
            del files["traced.pt"]

        self.edit_provenance(edit)

        self.check_found("its test declares")

    def test_incomplete_provenance(self):
        """A run that does not say what wrote the goldens."""

        def edit(content):
            del content["runs"][0]["wheel_sha256"]
            content["runs"][0]["numpy"] = None
            content["goldens"]["TestSerialization.test_linear"]["run"] = 7

        self.edit_provenance(edit)

        for words in ("run 0 lacks wheel_sha256", "run 0 lacks numpy", "by run 7"):
            self.check_found(words)

    def test_corrupt_provenance(self):
        """A corrupt file is one problem, not a crash."""
        (self.release / "provenance.json").write_text("{")

        self.check_found("corrupt provenance")

    def test_exit_code(self):
        """The command exits with 1 and the list if there is a problem, else 0."""
        fine, _ = self.golden("verify")
        with mock.patch.object(verify, "find_problems", return_value=["wrong"]):
            bad, output = self.golden("verify")

        self.assertEqual((0, 1), (fine, bad))
        self.assertIn("wrong\n", output)


class TestSummary(unittest.TestCase):
    """What the user reads at the end."""

    def test_faults_are_told(self):
        """Files that their own writer cannot read back are in the summary."""
        report = write.Report("1.3.1", written=1, faults={"broken": ["A.b.traced.pt"]})
        output = io.StringIO()

        with contextlib.redirect_stdout(output):
            write._print_summary([report])

        self.assertEqual(
            "1.3.1: written, but its writer fails to read it back: broken\n"
            "    A.b.traced.pt\n"
            "1 written, 0 there already, 0 not written\n",
            output.getvalue(),
        )


if __name__ == "__main__":
    unittest.main()
