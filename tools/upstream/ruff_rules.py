"""The rules of PyTorch's tree that ruff knows, at its line length."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tools.upstream.errors import UpstreamError
from tools.upstream.problem import Problem

LINE_LENGTH = 88
# Style, unused and unknown names, bugbear (B904: raise ... from), bare asserts,
# raise Exception, and ``type: ignore`` and ``noqa`` that do not say what they are for.
RULES = "E,W,F,B,S101,TRY002,PGH003,PGH004"
TARGET = "py37"  # the suite's oldest Python
NO_PYTHON = "invalid-syntax"  # what ruff tells of whatever rules were asked for
FOUND_SOMETHING = 1  # ruff's exit code


def ruff_problems(root: Path, paths: Sequence[str]) -> list[Problem]:
    """What ruff finds in files of a tree, whatever settings lie around them.

    Raises UpstreamError where there is no ruff, or it does not run.
    """
    if not paths:
        return []
    command = [
        *(_ruff(), "check", "--isolated", "--no-cache", "--output-format", "json"),
        *("--line-length", str(LINE_LENGTH), "--target-version", TARGET),
        *("--select", RULES, "--", *paths),
    ]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if run.returncode not in (0, FOUND_SOMETHING):
        raise UpstreamError(f"ruff failed: {run.stderr.strip()}")
    return [_problem(root, found) for found in json.loads(run.stdout)]


def _ruff() -> str:
    """That of the running environment, else one on the PATH."""
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("ruff", path=scripts) or shutil.which("ruff")
    if found is None:
        raise UpstreamError(
            f"no ruff here; install it with {sys.executable} -m pip install ruff"
        )
    return found


def _problem(root: Path, found: dict) -> Problem:
    path = os.path.relpath(found["filename"], os.path.realpath(root))
    line = found["location"]["row"]
    return Problem(path.replace(os.sep, "/"), line, found["code"], found["message"])
