"""Base class of the tests that run the driver as its users do, and read its reports."""

import contextlib
import os
import subprocess
import textwrap
import time
from typing import Callable, Iterator, Tuple

import psutil

from tools import ROOT
from tools.test.driver_case import FILE, LIMIT_SECONDS, DriverCase
from tools.testing.jsonlines import read_json
from tools.testing.records import RunResult

# What the tests in the tree have at hand: files of the tree outlive their processes.
HELPERS = """
    def path_of(name): return os.path.join({root!r}, name)
    def exists(name): return os.path.exists(path_of(name))
    def touch(name): open(path_of(name), "a").close()
    def count(name):
        with open(path_of(name), "a") as file: file.write("x")
        return os.path.getsize(path_of(name))
    def fail(name, times):
        if count(name) <= times: raise AssertionError(name)
    def hang(name="hangs"):
        touch(name)
        time.sleep(60)
"""
HANGING = """
    import os, time
    open({path!r}, "w").close()
    time.sleep(60)
"""
# Takes no signal that a process can refuse.
STUBBORN = """
    import signal
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    class TestA(TestCase):
        def test_1(self):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            hang()
        def test_2(self): pass
"""


class RunCase(DriverCase):
    """A tree, the driver on it, and what a run leaves behind.

    Temporary files of a run go to the folder ``tmp`` of the tree, reports to
    ``out.json``.
    """

    def setUp(self) -> None:
        super().setUp()
        self.env["TMPDIR"] = os.path.join(self.root, "tmp")
        os.mkdir(self.env["TMPDIR"])
        for variable in "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI":
            self.env[variable] = ""

    def suite(self, text: str, name: str = FILE) -> None:
        """Write a test file, with the usual imports and helpers before ``text``."""
        helpers = textwrap.dedent(HELPERS).format(root=self.root)
        super().suite(helpers + textwrap.dedent(text), name)

    def path(self, name: str) -> str:
        """The path of a file of the tree, which need not be there."""
        return os.path.join(self.root, *name.split("/"))

    def result(self) -> RunResult:
        """What the report of the last run with ``--json`` says."""
        return read_json(self.path("out.json"))

    def drive_to_result(
        self, *arguments: str
    ) -> Tuple[subprocess.CompletedProcess, RunResult]:
        """Run the driver; the process, and what its report says."""
        run = self.drive("--json", self.path("out.json"), *arguments)
        self.assertEqual("", run.stderr)
        return run, self.result()

    @contextlib.contextmanager
    def started(self, *arguments: str, **options) -> Iterator[subprocess.Popen]:
        """A run of the driver that goes on; what is left of it at the end is killed."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        run = subprocess.Popen(
            self.command("--json", self.path("out.json"), *arguments),
            env={**os.environ, **self.env},
            cwd=ROOT,
            encoding="utf-8",
            **options,
        )
        try:
            with run:
                try:
                    yield run
                finally:
                    run.kill()
        finally:
            for process in self.processes():
                process.kill()

    @contextlib.contextmanager
    def hanging(self, *arguments: str, **options) -> Iterator[subprocess.Popen]:
        """A run that has come to where it hangs."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path("hangs"))
        with self.started(*arguments, **options) as run:
            self.wait_for_file("hangs")
            yield run

    def hang_while(self, place: str) -> None:
        """Have torch, or a test file, hang when it is imported."""
        text = HANGING.format(path=self.path("hangs"))
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")
        if place == "torch":
            self.torch(text)
        else:
            self.write("test/test_hangs.py", text)

    def processes(self) -> list[psutil.Process]:
        """Every process of a run of this tree, by what it has in its environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                environment = process.environ()
                if environment.get("TORCH_TEST_CACHE") == self.env["TORCH_TEST_CACHE"]:
                    found.append(process)
        return found

    def wait_for(self, condition: Callable[[], object], told: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, told)
            time.sleep(0.02)

    def wait_for_file(self, name: str) -> None:
        """Wait until a file of the tree is there."""
        self.wait_for(lambda: os.path.exists(self.path(name)), f"no file {name}")

    def assertNothingLeft(self) -> None:
        """Fail if a process of a run goes on, or a temporary file is left."""
        self.wait_for(lambda: not self.processes(), "processes are left")
        self.assertEqual([], os.listdir(self.env["TMPDIR"]))
