"""Shards of a run, on one machine or several, and the reports of all of them."""

import os
import subprocess
import sys
import unittest
from typing import List, Tuple
from xml.etree import ElementTree

from tools import ROOT
from tools.test.run_case import RunCase
from tools.testing.jsonlines import read_json
from tools.testing.records import RunResult

NAMES = [f"{letter}{number}" for letter in "AB" for number in range(6)]


class TestShards(RunCase):
    """Each shard runs its part, and says of how much."""

    def setUp(self) -> None:
        super().setUp()
        for letter in "AB":
            methods = [
                f"    def test_{name}(self): count({name!r})\n"
                for name in NAMES
                if name.startswith(letter)
            ]
            text = "".join([f"class Test{letter}(TestCase):\n", *methods])
            self.suite(text, f"test/test_{letter.lower()}.py")

    def run_shards(self, count: int) -> List[str]:
        """Run all shards; the paths of their reports."""
        paths = []
        for number in range(1, count + 1):
            paths.append(self.path(f"{number}.json"))
            run = self.drive("--shard", str(number), str(count), "--json", paths[-1])
            self.assertEqual((0, ""), (run.returncode, run.stderr))
        return paths

    def merge(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the command that joins reports."""
        return subprocess.run(
            [sys.executable, "-m", "tools.testing", "merge", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def assertEachRunOnce(self) -> None:
        """Fail unless three shards run each test once, and together all."""
        for name in filter(os.path.exists, map(self.path, NAMES)):
            os.remove(name)

        paths = self.run_shards(3)
        merged = self.merge(*paths, "--json", self.path("out.json"))

        self.assertEqual(["x"] * len(NAMES), [self.read(name) for name in NAMES])
        self.assertEqual((0, ""), (merged.returncode, merged.stderr))
        self.assertIn("12 passed, 0 failed, 0 skipped", merged.stdout)
        self.assertEqual(12, len({each.name for each in self.result().outcomes}))

    def test_without_durations(self) -> None:
        """Each test is in one shard, and merged they are a complete run."""
        self.assertEachRunOnce()

    def test_with_durations(self) -> None:
        """So it is where earlier runs tell how long tests take."""
        self.drive()

        self.assertEachRunOnce()

    def test_lost_shard(self) -> None:
        """Without one of the shards nothing is merged."""
        paths = self.run_shards(3)

        merged = self.merge(paths[0], paths[2])

        self.assertEqual((2, ""), (merged.returncode, merged.stdout))
        self.assertIn("shard 2 of 3 is missing", merged.stderr)

    def test_stopped_shard(self) -> None:
        """That a shard stopped before its end is told."""
        self.suite("""
            class TestF(TestCase):
                def test_1(self): self.fail("it does")
                def test_2(self): hang()
        """)
        arguments = "--fail-fast", "-j", "1", "--json", self.path("out.json")
        self.drive("-i", "TestF", "--shard", "1", "1", *arguments)

        merged = self.merge(self.path("out.json"))

        self.assertEqual(1, merged.returncode)
        self.assertIn("out.json: 1 tests did not run", merged.stdout)

    def test_told(self) -> None:
        """The header says which part of how many tests it is."""
        run = self.drive("--shard", "2", "3")

        self.assertIn("\nshard 2 of 3, of 12 tests\n", run.stdout)


class TestSmallShards(RunCase):
    """More shards than tests."""

    def setUp(self) -> None:
        super().setUp()
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")

    def run_both(self) -> Tuple[List[subprocess.CompletedProcess], List[RunResult]]:
        """Run two shards of one test; the one that has it comes first."""
        found = []
        for index in "0", "1":
            self.env.update(
                TEST_TOTAL_SHARDS="2",
                TEST_SHARD_INDEX=index,
                TEST_SHARD_STATUS_FILE=self.path(f"status{index}"),
                XML_OUTPUT_FILE=self.path(f"out{index}.xml"),
            )
            path = self.path(f"{index}.json")
            found.append((self.drive("--json", path), read_json(path)))
        found.sort(key=lambda pair: -len(pair[1].outcomes))
        return [run for run, _ in found], [result for _, result in found]

    def test_environment(self) -> None:
        """Bazel's variables ask for a shard and an XML report, and are answered."""
        _, results = self.run_both()

        self.assertEqual({(1, 2), (2, 2)}, {result.info.shard for result in results})
        cases = 0
        for index in "01":
            self.assertEqual("", self.read(f"status{index}"))
            report = ElementTree.parse(self.path(f"out{index}.xml"))
            cases += len(list(report.iter("testcase")))
        self.assertEqual(1, cases)

    def test_empty(self) -> None:
        """A shard that has no test of those selected is fine, and says so."""
        runs, results = self.run_both()

        self.assertEqual([1, 0], [len(result.outcomes) for result in results])
        self.assertEqual([(0, ""), (0, "")], [(r.returncode, r.stderr) for r in runs])
        self.assertIn("0 tests in 0 files", runs[1].stdout)
        self.assertRegex(runs[1].stdout, r"\nshard . of 2, of 1 test\n")

    def test_nothing_selected(self) -> None:
        """Where no test at all is selected each shard is an error."""
        run = self.drive("--shard", "1", "2", "-k", "nonsense")

        self.assertEqual(5, run.returncode)
        self.assertIn("nothing ran", run.stderr)


if __name__ == "__main__":
    unittest.main()
