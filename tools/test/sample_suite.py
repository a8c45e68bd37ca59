"""A small suite in a temporary folder, with this project's helper modules."""

import glob
import os
import shutil
import tempfile
import unittest

from common_writing import WritingPlan

from tools import TEST_FOLDER
from tools.testing.execution import run_file
from tools.testing.plan import Plan
from tools.testing.records import Outcome

FILE = "test/area/test_sample.py"

HEADER = """# Owner(s): ["module: serialization"]
import os
import sys

import torch

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from common_utils import GoldenTestCase, golden, load_golden, run_tests


class TestSample(GoldenTestCase):
"""
FOOTER = """

if __name__ == "__main__":
    run_tests()
"""


class SampleSuiteTestCase(unittest.TestCase):
    """Base class: ``self.root`` is the root of a suite of one file."""

    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        self.goldens = os.path.join(self.root, "test", "area", "serialized")
        os.makedirs(os.path.join(self.root, "test", "area"))
        for path in glob.glob(os.path.join(TEST_FOLDER, "common_*.py")):
            shutil.copy(path, os.path.join(self.root, "test"))
        self.write_ledger()

    def write_ledger(self, *rows: str) -> None:
        """Make these the rows of the suite's ledger."""
        header = "test,writers,readers,message,cause,reference"
        with open(os.path.join(self.root, "test", "known_breaks.csv"), "w") as file:
            file.write("\n".join([header, *rows]) + "\n")

    def write_tests(self, body: str) -> None:
        """Make these the methods of ``TestSample``."""
        with open(os.path.join(self.root, FILE), "w") as file:
            file.write(HEADER + body + FOOTER)

    def write_goldens(
        self, test: str, release: str, rewrite: bool = False
    ) -> list[Outcome]:
        """Run a test in writing mode, as if this torch were ``release``."""
        plan = WritingPlan(release=release, command="a test", rewrite=rewrite)
        return self._run(test, plan.to_environment())

    def read_goldens(self, test: str, writers: str = "*") -> list[Outcome]:
        """Run a test in reading mode."""
        return self._run(test, {"GOLDEN_WRITE": None}, writers)

    def _run(self, test: str, env: dict, writers: str = "*") -> list[Outcome]:
        tests = [f"TestSample.{test}"]
        plan = Plan(root=self.root, env=env, writers=writers)
        return list(run_file(FILE, tests, plan))
