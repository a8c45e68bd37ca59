"""The plan of a run: which interpreter is put to the test, and how."""

import sys
from dataclasses import dataclass, field
from typing import Dict, Optional

from tools import ROOT

TIMEOUT_SECONDS = 300.0  # without a record; one test or sub-test takes that at most
BATCH, TEST = "batch", "test"  # how tests are kept apart
FORK, SPAWN = "fork", "spawn"  # how workers are started


@dataclass(frozen=True)
class Plan:
    """Which interpreter runs which tree, and within which limits.

    ``env`` changes the environment: a value of None removes a variable.
    ``timeout`` is in seconds, for each test and sub-test; ``memory_limit`` in bytes,
    for each worker with its children.  ``writers`` is the range of releases whose
    goldens are read.
    """

    root: str = ROOT
    python: str = sys.executable
    env: Dict[str, Optional[str]] = field(default_factory=dict)
    timeout: float = TIMEOUT_SECONDS
    memory_limit: Optional[int] = None
    start_method: Optional[str] = None
    jobs: int = 1
    isolate: str = BATCH  # or TEST: a process for each test
    writers: str = "*"
    quick: bool = False
    seed: int = 0
    show_locals: bool = False
