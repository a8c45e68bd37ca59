"""Exported tests run in a checkout by PyTorch's own means, and can fail there."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from tools import ROOT
from tools.golden.declared import list_suite
from tools.test.checkout_case import make_checkout, snapshot
from tools.upstream.__main__ import main

# The five systems that PyTorch has, too, and how each is started there.
SYSTEMS = {
    "test/mobile/test_bytecode.py": "test/mobile/test_bytecode.py",
    "test/jit/test_save_load.py": "test/test_jit.py",
    "test/jit/test_save_load_for_op_version.py": "test/test_jit.py",
    "test/jit/test_upgraders.py": "test/test_jit.py",
    "test/package/test_package_bc.py": "test/test_package.py",
    "test/package/test_package_fx.py": "test/package/test_package_fx.py",
    "test/quantization/bc/test_backward_compatibility.py": (
        "test/quantization/bc/test_backward_compatibility.py"
    ),
}
# Python runs it first: whoever reads a file of our repository fails.
GUARD = f"""
    import sys

    def refuse(event, arguments):
        if event == "open" and str(arguments[0]).startswith({ROOT + os.sep!r}):
            raise RuntimeError(f"reads {{arguments[0]}}")

    sys.addaudithook(refuse)
    """
LIMIT_SECONDS = 300
PARALLEL = 2


class TestExported(unittest.TestCase):
    """A tree laid out as PyTorch's that has received the five systems."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.guard = Path(folder.name, "guard")
        cls.guard.mkdir()
        (cls.guard / "sitecustomize.py").write_text(textwrap.dedent(GUARD))
        cls.root = make_checkout(Path(folder.name).resolve() / "checkout")
        cls.report = cls.root.parent / "report.xml"
        cls.listing = list_suite()
        cls.export()
        files = sorted(set(SYSTEMS.values()))
        pytest = ("-m", "pytest", "-q", f"--junit-xml={cls.report}", "test")
        with ThreadPoolExecutor(PARALLEL) as pool:
            started = [pool.submit(cls.start, *pytest)]
            started += [pool.submit(cls.start, file, "-v") for file in files]
            runs = [each.result() for each in started]
        cls.pytest, cls.runs = runs[0], dict(zip(files, runs[1:]))

    @classmethod
    def export(cls) -> str:
        """Export the systems into the checkout; what the command printed."""
        out = io.StringIO()
        listed = mock.patch("tools.upstream.export.list_suite", lambda: cls.listing)
        with listed, contextlib.redirect_stdout(out):
            code = main(["export", "--to", str(cls.root), "--include", *SYSTEMS])
        if code:
            raise RuntimeError(out.getvalue())
        return out.getvalue()

    @classmethod
    def start(cls, *arguments: str) -> subprocess.CompletedProcess:
        """Run Python in the checkout, without anything of our repository."""
        names = ("PYTHONPATH", "GOLDEN_READ", "GOLDEN_WRITE", "CI")
        env = {name: text for name, text in os.environ.items() if name not in names}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cls.root,
            env={**env, "PYTHONPATH": str(cls.guard), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
        )

    def expected(self, *files: str) -> set[str]:
        """The tests (``Class.test``) that our suite has in these files."""
        tests = {test.name for test in self.listing.tests if test.defined in files}
        self.assertTrue(tests)
        return tests

    def test_python(self) -> None:
        """``python test/<file>.py`` runs each test of each system, and all pass."""
        for started, run in self.runs.items():
            with self.subTest(started):
                self.assertEqual(0, run.returncode, run.stdout[-3000:])
                ran = re.findall(
                    r"^(test\w+) \((?:\w+\.)*(\w+)\.\1\)", run.stdout, re.M
                )
                files = [file for file, by in SYSTEMS.items() if by == started]
                found = {f"{of_class}.{test}" for test, of_class in ran}
                self.assertEqual(set(), self.expected(*files) - found)

    def test_pytest(self) -> None:
        """``pytest`` from the checkout's root runs them as well, and all pass."""
        self.assertEqual(0, self.pytest.returncode, self.pytest.stdout[-3000:])
        cases = xml.etree.ElementTree.parse(self.report).iter("testcase")
        found = {
            (case.get("classname", "").rpartition(".")[2], case.get("name"))
            for case in cases
        }
        names = {f"{of_class}.{test}" for of_class, test in found}
        self.assertEqual(set(), self.expected(*SYSTEMS) - names)

    def test_again(self) -> None:
        """A second export of them changes nothing, and says so."""
        before = snapshot(self.root)
        self.assertIn("has all of it, nothing to do", self.export())
        self.assertEqual(before, snapshot(self.root))

    def test_guard(self) -> None:
        """What reads a file of our repository would fail in these runs."""
        run = self.start("-c", f"open({ROOT + '/README.md'!r})")
        self.assertNotEqual(0, run.returncode)
        self.assertIn("RuntimeError: reads ", run.stdout)

    def test_can_fail(self) -> None:
        """An exported test notices an altered golden there."""
        golden = self.root / "test/cpp/jit/script_module_v4.ptl"
        content = golden.read_bytes()
        self.addCleanup(golden.write_bytes, content)
        golden.write_bytes(content + b" ")
        name = "testVariousModelVersions.test_get_model_bytecode_version"
        run = self.start("test/mobile/test_bytecode.py", name)
        self.assertNotEqual(0, run.returncode)
        self.assertIn("script_module_v4.ptl: not the file that was written", run.stdout)


if __name__ == "__main__":
    unittest.main()
