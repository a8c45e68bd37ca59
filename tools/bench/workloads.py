"""What the runners are to run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tools import ROOT
from tools.bench.tiny_suite import write_tiny_suite
from tools.testing.discovery import find_test_files


@dataclass(frozen=True)
class Workload:
    """The test files of a tree; ``files`` are relative to ``root``."""

    name: str
    title: str
    root: str
    files: tuple[str, ...]


@contextmanager
def real_suite() -> Iterator[Workload]:
    """The suite of this repository."""
    yield Workload("real", "the suite of this repository", ROOT, find_test_files(ROOT))


@contextmanager
def tiny_suite() -> Iterator[Workload]:
    """Tiny torch tests in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="torch-bench-") as root:
        write_tiny_suite(root)
        yield Workload("tiny", "tiny torch tests", root, find_test_files(root))


WORKLOADS = {"real": real_suite, "tiny": tiny_suite}
