"""Files such as test/test_jit.py hold all tests of a folder, as in PyTorch."""

import subprocess
import sys
import unittest

from tools import ROOT
from tools.testing.discovery import find_test_files
from tools.testing.execution import list_tests
from tools.testing.plan import Plan
from tools.testing.selection import without_twins
from tools.upstream.layout import aggregated, load_aggregated

FILES = [file for file in find_test_files(ROOT) if aggregated(file)]
# Runs each file as a script, in one process for the sake of one import of torch.
RUN = """
import runpy, sys
for file in sys.argv[1:]:
    try:
        runpy.run_path(file, run_name="__main__")
    except RuntimeError as error:
        print(file, error, sep=": ")
"""


class TestAggregators(unittest.TestCase):
    """What they hold, and what the files of their folders say when they are run."""

    def test_each_test_once(self):
        """An aggregator has each test of each file, and a run drops these twins."""
        aggregators = [row.aggregator for row in load_aggregated()]
        listing = list_tests([*FILES, *aggregators], Plan())
        self.assertEqual((), tuple(listing.problems))
        here, there = (
            {(test.defined, test.name) for test in listing.tests if test.file in files}
            for files in (FILES, aggregators)
        )
        self.assertEqual(set(FILES), {file for file, _ in here})
        self.assertEqual(here, there)
        left = {test.file for test in without_twins(listing.tests)}
        self.assertEqual(set(FILES), left)

    def test_each_file_says_what_runs_it(self):
        """A file that is not run as a script names the aggregator."""
        rows = {file: aggregated(file) for file in FILES}
        files = [file for file, row in rows.items() if not row.runs_directly]
        run = subprocess.run(
            [sys.executable, "-c", RUN, *files],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
        )
        self.assertEqual(0, run.returncode, run.stderr)
        told = dict(line.split(": ", 1) for line in run.stdout.splitlines())
        self.assertEqual(set(files), set(told))
        for file, message in told.items():
            with self.subTest(file=file):
                self.assertIn(f"python {rows[file].aggregator} TESTNAME", message)


if __name__ == "__main__":
    unittest.main()
