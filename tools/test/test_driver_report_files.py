"""Report files and output of a run, where they cannot be written, too."""

import contextlib
import json
import os
import subprocess
import unittest
from typing import Iterator, Tuple
from xml.etree import ElementTree

from tools.test.driver_case import LIMIT_SECONDS
from tools.test.run_case import RunCase

SUITE = """
    class TestA(TestCase):
        def test_pass(self): pass
        def test_fail(self): self.fail("it does")
"""
REPORTS = {"--json": "out.json", "--save-xml": "out.xml", "--failed-to": "failed"}
NO_ROOM = "No space left on device; make room there, or name a file elsewhere"


class ReportsCase(RunCase):
    """A run with a failure, and reports below a folder."""

    def setUp(self) -> None:
        super().setUp()
        self.suite(SUITE)
        os.mkdir(self.path("reports"))

    def report_to(self, folder: str, *arguments: str) -> subprocess.CompletedProcess:
        """Run with all reports in a folder of the tree."""
        words = [
            word
            for option, name in REPORTS.items()
            for word in (option, self.path(f"{folder}/{name}"))
        ]
        return self.drive(*words, *arguments)


class TestReportFiles(ReportsCase):
    """Reports are written whole, or it is said why not."""

    def test_written(self) -> None:
        """All reports are there, and nothing beside them."""
        run = self.report_to("reports")

        self.assertEqual((1, ""), (run.returncode, run.stderr))
        self.assertEqual(
            sorted(REPORTS.values()), sorted(os.listdir(self.path("reports")))
        )
        lines = self.read("reports/out.json").splitlines()
        events = [json.loads(line)["event"] for line in lines]
        self.assertEqual(["run", "outcome", "outcome", "end"], events)
        self.assertEqual(1, json.loads(lines[-1])["exit_code"])
        suites = ElementTree.parse(self.path("reports/out.xml")).getroot()
        self.assertEqual(2, len(list(suites.iter("testcase"))))
        self.assertEqual(
            "test/test_suite.py::TestA.test_fail\n", self.read("reports/failed")
        )

    def test_refused(self) -> None:
        """A path that cannot be written ends the run before it begins, in one line."""
        self.suite("class TestA(TestCase):\n    def test_a(self): touch('ran')")
        for option in REPORTS:
            with self.subTest(option):
                path = self.path("nowhere/report")

                run = self.drive(option, path)

                self.assertEqual((2, ""), (run.returncode, run.stdout))
                self.assertRegex(run.stderr, rf"\Aerror: cannot write {path}: .+\n\Z")
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_gone_meanwhile(self) -> None:
        """What cannot be written in the end is told, and the others are written."""
        self.suite("""
            import shutil
            class TestA(TestCase):
                def test_a(self): shutil.rmtree(path_of("gone"))
        """)
        os.mkdir(self.path("gone"))

        run = self.drive(
            "--save-xml", self.path("gone/out.xml"), "--json", self.path("out.json")
        )

        self.assertEqual(2, run.returncode)
        self.assertIn("1 passed, 0 failed, 0 skipped", run.stdout)
        path = self.path("gone/out.xml")
        self.assertRegex(run.stderr, rf"\Aerror: cannot write {path}: .+\n\Z")
        self.assertEqual(1, len(self.result().outcomes))

    def test_device(self) -> None:
        """A device that takes nothing is told of, and stays a device."""
        run = self.drive("--json", "/dev/full", "-k", "test_pass")

        self.assertEqual(2, run.returncode)
        self.assertIn("1 passed, 0 failed, 0 skipped", run.stdout)
        self.assertEqual(f"error: cannot write /dev/full: {NO_ROOM}\n", run.stderr)
        self.assertFalse(os.path.isfile("/dev/full"))

    @contextlib.contextmanager
    def small_disk(self) -> Iterator[str]:
        """A disk of 64 kB at the folder ``disk``; its path."""
        path = self.path("disk")
        os.mkdir(path)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"a tmpfs cannot be mounted here: {error}")
        try:
            yield path
        finally:
            subprocess.run(["umount", path], check=True)

    def test_full_disk(self) -> None:
        """On a full disk the outcomes are told, nothing is half-written, and what an
        earlier run wrote stays."""
        with self.small_disk() as disk:
            self.report_to("disk")
            before = {name: self.read(f"disk/{name}") for name in os.listdir(disk)}
            fill(os.path.join(disk, "filler"))

            run = self.report_to("disk", "-k", "test_pass")

            os.remove(os.path.join(disk, "filler"))
            after = {name: self.read(f"disk/{name}") for name in os.listdir(disk)}
        self.assertEqual(sorted(REPORTS.values()), sorted(before))
        self.assertEqual({**before, "failed": ""}, after)
        self.assertEqual(2, run.returncode)
        self.assertIn("1 passed, 0 failed, 0 skipped", run.stdout)
        paths = self.path("disk/out.xml"), self.path("disk/out.json")
        self.assertEqual(
            [f"error: cannot write {path}: {NO_ROOM}" for path in paths],
            run.stderr.splitlines(),
        )


def fill(path: str) -> None:
    """Write a file until its disk is full."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


class TestGitHub(ReportsCase):
    """On GitHub's runners their pages show the run, too."""

    def run_there(self, *arguments: str) -> Tuple[subprocess.CompletedProcess, str]:
        """A run as on a runner, and what is in the summary of the step."""
        self.write("summary.md", "before\n")
        self.env.update(
            GITHUB_ACTIONS="true",
            GITHUB_STEP_SUMMARY=self.path("summary.md"),
            GITHUB_WORKSPACE=self.root,
        )
        return self.drive(*arguments), self.read("summary.md")

    def test_failure(self) -> None:
        """A failure is annotated, and the summary grows; the counts come last."""
        run, summary = self.run_there()

        self.assertEqual((1, ""), (run.returncode, run.stderr))
        (annotation,) = [x for x in run.stdout.splitlines() if x.startswith("::")]
        self.assertTrue(annotation.startswith("::error file=test/test_suite.py,line="))
        self.assertTrue(summary.startswith("before\n### torch 2"))
        self.assertIn("TestA&#46;test&#95;fail", summary)
        self.assertEqual("1 passed, 1 failed, 0 skipped", run.stdout.splitlines()[-1])

    def test_all_passed(self) -> None:
        """Without a failure there is no annotation."""
        run, summary = self.run_there("-k", "test_pass")

        self.assertEqual(0, run.returncode)
        self.assertNotIn("::error", run.stdout)
        self.assertIn("1 passed", summary)

    def test_elsewhere(self) -> None:
        """Not on such a runner nothing of it is written."""
        self.run_there()
        self.env["GITHUB_ACTIONS"] = "false"
        self.write("summary.md", "before\n")

        run = self.drive()

        self.assertNotIn("::error", run.stdout)
        self.assertEqual("before\n", self.read("summary.md"))


class TestOutput(ReportsCase):
    """What is printed, and to whom."""

    def test_options_that_contradict(self) -> None:
        """-v and -q together are wrong use."""
        run = self.drive("-v", "-q")

        self.assertEqual((2, ""), (run.returncode, run.stdout))
        self.assertRegex(run.stderr, r"\Aerror: .*not allowed with.*\n\Z")

    def drive_unread(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the driver; nobody reads what it prints."""
        receiver, sender = os.pipe()
        os.close(receiver)
        try:
            return subprocess.run(
                self.command(*arguments),
                env={**os.environ, **self.env, "PYTHONUNBUFFERED": ""},
                stdout=sender,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                timeout=LIMIT_SECONDS,
            )
        finally:
            os.close(sender)

    def test_closed_output(self) -> None:
        """Where nobody reads the output the run goes on, silently, and its reports
        and its exit code are as they should be."""
        for variable in "", "true":
            with self.subTest(GITHUB_ACTIONS=variable):
                self.env["GITHUB_ACTIONS"] = variable

                run = self.drive_unread("-q", "--json", self.path("out.json"))

                self.assertEqual((1, ""), (run.returncode, run.stderr))
                self.assertEqual(2, len(self.result().outcomes))

    def test_closed_output_of_list(self) -> None:
        """So it is with --list."""
        run = self.drive_unread("--list")

        self.assertEqual((0, ""), (run.returncode, run.stderr))


if __name__ == "__main__":
    unittest.main()
