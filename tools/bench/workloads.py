"""What the runners are to run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tools import ROOT
from tools.bench.tiny_suite import write_tiny_suite
from tools.testing.discovery import find_test_files

# Aggregators list the tests of other files again, which ours runs once; and torch ends
# the process of a test in the last one (SIGSEGV, see the ledger), and so unittest's.
_LEFT_OUT = frozenset(
    {
        "test/test_jit.py",
        "test/test_package.py",
        "test/test_quantization.py",
        "test/mobile/test_lite_interpreter.py",
    }
)


@dataclass(frozen=True)
class Workload:
    """The test files of a tree; ``files`` are relative to ``root``."""

    name: str
    title: str
    root: str
    files: tuple[str, ...]


@contextmanager
def real_suite() -> Iterator[Workload]:
    """The suite of this repository, but for what only ours survives."""
    files = tuple(file for file in find_test_files(ROOT) if file not in _LEFT_OUT)
    yield Workload("real", "the suite of this repository", ROOT, files)


@contextmanager
def tiny_suite() -> Iterator[Workload]:
    """Tiny torch tests in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="torch-bench-") as root:
        write_tiny_suite(root)
        yield Workload("tiny", "tiny torch tests", root, find_test_files(root))


WORKLOADS = {"real": real_suite, "tiny": tiny_suite}
