"""The runners: how each is called, and how it tells how many tests it ran.

Peers get their best known flags.  pytest does without its cache, and without a
report of each sub-test that passed, which cost 5% of the real suite's time.
unittest-parallel shares out classes, not tests, because then it leaves out
``setUpClass``.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from tools import ROOT
from tools.bench.workloads import Workload
from tools.testing.discovery import TEST_FILE
from tools.testing.files import ReportError
from tools.testing.jsonlines import read_json

WORKERS = 2
_JOBS = str(WORKERS)

_RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s$", re.MULTILINE)
_PYTEST_SUMMARY = re.compile(r"^(.*) in [\d.]+s(?: \([\d:]+\))?$", re.MULTILINE)
_PYTEST_TESTS = re.compile(r"\b(\d+) (?:passed|failed|skipped|xfailed|xpassed)\b")


@dataclass(frozen=True)
class Runner:
    """``command(python, workload, report)`` runs a workload in the workload's root;
    ``count(output, report)`` is the number of tests that then ran, None where it
    cannot be told.  ``report`` is the path of a file that it may write."""

    name: str
    title: str
    command: Callable[[str, Workload, str], list[str]]
    count: Callable[[str, str], int | None]
    needs: tuple[str, ...] = ()  # distributions
    forgetful: bool = False  # each run gets an empty TORCH_TEST_CACHE


def count_of_unittest(output: str, report: str = "") -> int | None:
    """The sum of the lines that close a unittest run."""
    counts = [int(count) for count in _RAN.findall(output)]
    return sum(counts) if counts else None


def count_of_pytest(output: str, report: str = "") -> int | None:
    """The tests, not the sub-tests, in the last line of pytest."""
    summaries = _PYTEST_SUMMARY.findall(output)
    if not summaries:
        return None
    return sum(int(count) for count in _PYTEST_TESTS.findall(summaries[-1]))


def count_of_driver(output: str, report: str) -> int | None:
    """The tests in the driver's own report that have an outcome."""
    try:
        outcomes = read_json(report).outcomes
    except ReportError:
        return None
    return len({each.identity for each in outcomes if each.test})


def _driver(python: str, workload: Workload, report: str) -> list[str]:
    script = os.path.join(ROOT, "run_test.py")
    options = ["-j", _JOBS, "--root", workload.root, "--json", report]
    return [python, script, *options, "-i", *workload.files]


def _unittest(python: str, workload: Workload, report: str) -> list[str]:
    return [python, "-m", "unittest", *workload.files]


def _pytest(*flags: str) -> Callable[[str, Workload, str], list[str]]:
    options = ["-q", "-p", "no:cacheprovider", "-o", "verbosity_subtests=0", *flags]

    def command(python: str, workload: Workload, report: str) -> list[str]:
        return [python, "-m", "pytest", *options, *workload.files]

    return command


def _unittest_parallel(python: str, workload: Workload, report: str) -> list[str]:
    where = ["-t", ".", "-s", "test", "-p", TEST_FILE]
    how = ["-j", _JOBS, "--level", "class"]
    return [python, "-m", "unittest_parallel", *how, *where]


def _process_per_file(python: str, workload: Workload, report: str) -> list[str]:
    script = os.path.join(os.path.dirname(__file__), "process_per_file.py")
    return [python, script, _JOBS, *workload.files]


def _import(python: str, workload: Workload, report: str) -> list[str]:
    return [python, "-c", "import torch"]


DRIVER = Runner("driver", f"run_test.py -j {_JOBS}", _driver, count_of_driver)
UNITTEST = Runner("unittest", "python -m unittest", _unittest, count_of_unittest)
_XDIST = ("pytest", "pytest-xdist")
RUNNERS = (
    DRIVER,
    Runner(
        "driver-first", f"run_test.py -j {_JOBS}, first run", _driver, count_of_driver,
        forgetful=True,
    ),
    UNITTEST,
    Runner("pytest", "pytest", _pytest(), count_of_pytest, ("pytest",)),
    Runner(
        "xdist-load", f"pytest-xdist -n {_JOBS} --dist load",
        _pytest("-n", _JOBS, "--dist", "load"), count_of_pytest, _XDIST,
    ),
    Runner(
        "xdist-loadfile", f"pytest-xdist -n {_JOBS} --dist loadfile",
        _pytest("-n", _JOBS, "--dist", "loadfile"), count_of_pytest, _XDIST,
    ),
    Runner(
        "unittest-parallel", f"unittest-parallel -j {_JOBS}",
        _unittest_parallel, count_of_unittest, ("unittest-parallel",),
    ),
    Runner(
        "process-per-file", f"a process per file, {_JOBS} at a time",
        _process_per_file, count_of_unittest,
    ),
)  # fmt: skip
# No runner of tests: it belongs to the limit.
IMPORT = Runner("import", "import torch", _import, lambda output, report: None)
