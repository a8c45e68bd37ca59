"""Writing mode: what the run was told, writing a golden, and its provenance.

``python -m tools.golden write`` starts the suite under a release with the plan
in the environment variable ``GOLDEN_WRITE``, as JSON.  Without the variable the
suite reads.  Runs on Python 3.7 with torch 1.0.
"""

import datetime
import functools
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Iterator, Optional, Set, Tuple

from common_golden import (
    WRITING_PREFIX,
    Golden,
    GoldenError,
    file_sha256,
    load_provenance,
    record_file,
    save_provenance,
)

TEST_FOLDER = os.path.dirname(os.path.abspath(__file__))
VARIABLE = "GOLDEN_WRITE"
# Characters of an error in a provenance file; stack traces are of no use there.
FAULT_LIMIT = 300
# Best first; what old releases, which do not tell, would have used.
_CPU_FLAGS = ("avx512_vnni", "avx512f", "avx2", "avx")


@dataclass(frozen=True)
class WritingPlan:
    """What ``python -m tools.golden write`` asks of the suite.

    ``release`` names the folder of the goldens; ``into`` is a folder that takes
    the place of ``test/``; ``wheel`` is the file that the release was installed
    from, None for a local build; ``command`` goes into the provenance.
    """

    release: str
    command: str
    into: Optional[str] = None
    rewrite: bool = False
    wheel: Optional[str] = None
    wheel_sha256: Optional[str] = None

    def to_environment(self) -> Dict[str, str]:
        """The environment variable that switches a run into writing mode."""
        return {VARIABLE: json.dumps(asdict(self))}


def read_writing_plan() -> Optional[WritingPlan]:
    """The plan of this run, or None in reading mode."""
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    try:
        return WritingPlan(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise GoldenError(
            f"{VARIABLE} is not a plan ({error}); goldens are written with "
            "python -m tools.golden write"
        ) from error


@dataclass(frozen=True)
class GoldenRequest:
    """A golden to write into ``folder``; see ``golden``."""

    folder: str
    name: str
    kinds: Tuple[str, ...]
    note: Optional[str]
    test_path: str


# Goldens that this process wrote: a rewriting run rewrites each of them once.
_written: Set[Tuple[str, str]] = set()


def write_golden(
    plan: WritingPlan, golden: GoldenRequest, write: Callable[[Dict[str, str]], int]
) -> None:
    """Write a golden whole or not at all, unless it is there.

    ``write(files)`` makes the files (a dict of kind to path) and returns the seed of
    its random numbers.
    """
    folder, name = golden.folder, golden.name
    os.makedirs(folder, exist_ok=True)
    provenance = load_provenance(folder)
    rewrite = plan.rewrite and (folder, name) not in _written
    if name in provenance.goldens and not rewrite:
        return
    temporary = tempfile.mkdtemp(prefix=WRITING_PREFIX, dir=folder)
    try:
        files = {
            kind: os.path.join(temporary, f"{name}.{kind}") for kind in golden.kinds
        }
        seed = write(files)
        records = {kind: record_file(path) for kind, path in files.items()}
        run = describe_run(plan, golden.test_path)
        # Forget the golden before its files change: an interruption here
        # leaves strays that the next run overwrites, not a false hash.
        save_provenance(folder, provenance.without_golden(name))
        for path in files.values():
            os.replace(path, os.path.join(folder, os.path.basename(path)))
    finally:
        shutil.rmtree(temporary)
    written = Golden(run=0, seed=seed, files=records, note=golden.note)
    save_provenance(folder, provenance.with_golden(name, run, written))
    _written.add((folder, name))


def record_fault(folder: str, name: str, kind: str, message: str) -> None:
    """Mark a file of a golden as one that its own writer cannot read back."""
    provenance = load_provenance(folder)
    if name in provenance.goldens:
        fault = message[:FAULT_LIMIT]
        save_provenance(folder, provenance.with_fault(name, kind, fault))


def describe_run(plan: WritingPlan, test_path: str) -> Dict[str, Any]:
    """What provenance says of this run (``common_golden.RUN_FIELDS``).

    The same for each golden that one command makes from the same sources.
    """
    # Here and not above: the tools make plans without importing torch.
    import numpy as np
    import torch

    sources = {
        os.path.relpath(path, TEST_FOLDER).replace(os.sep, "/"): _source_hash(path)
        for path in sorted({os.path.abspath(test_path), *_imported_helpers()})
    }
    return {
        "torch_version": str(torch.__version__),
        # Since 1.1.
        "torch_git": getattr(torch.version, "git_version", None),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_capability": cpu_capability(),
        "numpy": np.__version__,
        "wheel": plan.wheel,
        "wheel_sha256": plan.wheel_sha256,
        "sources": sources,
        "command": plan.command,
        "date": _today(),
    }


def _imported_helpers() -> Iterator[str]:
    """The files below test/ that this process imported, tests excepted."""
    for module in list(sys.modules.values()):
        path = os.path.abspath(getattr(module, "__file__", None) or "")
        is_helper = path.endswith(".py") and path.startswith(TEST_FOLDER + os.sep)
        if is_helper and not os.path.basename(path).startswith(("test_", "__")):
            yield path


_source_hash = functools.lru_cache(maxsize=None)(file_sha256)


@functools.lru_cache(maxsize=None)
def _today() -> str:
    """The day on which this process began to write, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def cpu_capability() -> Optional[str]:
    """The instruction set that torch says it uses, else the CPU's best flag."""
    import torch

    backend = getattr(torch.backends, "cpu", None)
    if hasattr(backend, "get_cpu_capability"):
        return backend.get_cpu_capability()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = set(re.findall(r"\S+", file.read()))
    except OSError:
        return platform.processor() or None
    return next((flag for flag in _CPU_FLAGS if flag in flags), platform.machine())
