"""One failure as the user reads it, and the command that shows it again."""

import os
import re
import shlex
import shutil
import sys
from functools import lru_cache
from typing import List

from common_releases import parse_release

from tools import ROOT
from tools.testing.console import clean_line
from tools.testing.options import TIMEOUT_SECONDS, Options
from tools.testing.records import (
    CHANGED,
    IN_COMPANY,
    MISSING,
    OUT_OF_MEMORY,
    SENTENCES,
    STALE_ROW,
    TIMED_OUT,
    UNEXPECTED_PASS,
    VERDICTS,
    Outcome,
    RunInfo,
    is_death,
)

_STATE_WIDTH = len(UNEXPECTED_PASS)  # two are longer, and rare
# A main block that runs tests; those of some files refuse to.
_MAIN = re.compile(r"^if\s+__name__\b.*\b(run_tests|main)\(", re.MULTILINE | re.DOTALL)


def outcome_line(outcome: Outcome) -> str:
    """State, name and time, aligned."""
    name = clean_line(outcome.name)
    return f"  {outcome.state:<{_STATE_WIDTH}} {name}  {outcome.seconds:.2f} s"


def failure_line(outcome: Outcome) -> str:
    """A failure on one line."""
    return f"{outcome_line(outcome)}  {clean_line(outcome.message)}".rstrip()


def failure_block(outcome: Outcome, info: RunInfo, options: Options) -> str:
    """Everything about a failure that is needed to look into it."""
    lines = [
        "=" * 70,
        f"{outcome.state.upper()}: {clean_line(outcome.name)}",
        f"  in {clean_line(outcome.file)}",
        f"  {outcome.state}: {SENTENCES[outcome.state]}",
    ]
    if outcome.verdict:
        lines.append(f"  {outcome.verdict}: {VERDICTS[outcome.verdict]}")
    if outcome.message:
        lines.append(f"  {outcome.message}")
    if outcome.traceback.strip():
        lines += ["", outcome.traceback.rstrip(), ""]
    if outcome.output.strip():
        lines += ["  it printed:", *marked(outcome.output.rstrip()), ""]
    if outcome.writer is not None:
        lines.append(f"  written by torch {clean_line(outcome.writer)}")
    lines.append(f"  tested torch {info.torch.version} from {info.torch.folder}")
    lines.append(f"  reproduce: {command(outcome, info, options)}")
    return "\n".join(lines)


def marked(text: str) -> List[str]:
    """The lines of what a test printed, marked as such."""
    return [f"  | {line}" for line in text.split("\n")]


def command(outcome: Outcome, info: RunInfo, options: Options) -> str:
    """The command line that shows a failure again, from the current folder."""
    if outcome.state == STALE_ROW:
        test = outcome.message.partition(":")[0].partition("(")[0]
        words = [*_runner(info), "-k", f"*.{test}"]
    elif outcome.verdict == IN_COMPANY or outcome.state == MISSING:
        words = list(info.command)  # it takes the whole run
    elif _shows_without_driver(outcome, info):
        file = os.path.join(info.root, outcome.file)
        words = [_near(file), *_run_name(outcome.test)]
    else:
        name = "::".join([outcome.file, *_run_name(outcome.test)])
        words = [*_runner(info), "-i", name, *_limits(outcome, info, options)]
    return " ".join(shlex.quote(word) for word in [_python(), *words])


def _shows_without_driver(outcome: Outcome, info: RunInfo) -> bool:
    """Whether running the file itself shows the failure."""
    if is_death(outcome.state) or outcome.state == CHANGED or info.seed:
        return False
    # That it cannot be imported shows without a main block, too.
    return not outcome.test or _has_main(os.path.join(info.root, outcome.file))


@lru_cache(maxsize=None)
def _has_main(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _MAIN.search(file.read()) is not None
    except OSError:
        return False


def _runner(info: RunInfo) -> List[str]:
    script = _near(os.path.join(ROOT, "run_test.py"))
    return [script] if info.root == ROOT else [script, "--root", info.root]


def _limits(outcome: Outcome, info: RunInfo, options: Options) -> List[str]:
    """What the failure may depend on, besides its test."""
    words = []
    if outcome.writer is not None and _is_release(outcome.writer):
        words += ["--writer", outcome.writer]
    if outcome.state == TIMED_OUT and options.timeout != TIMEOUT_SECONDS:
        words += ["--timeout", f"{options.timeout:g}"]
    if outcome.state == OUT_OF_MEMORY and options.memory_limit is not None:
        words += ["--memory-limit", str(options.memory_limit)]
    if info.seed:
        words += ["--seed", str(info.seed)]
    return words


def _is_release(name: str) -> bool:
    try:
        parse_release(name)
    except ValueError:
        return False
    return True


def _run_name(test: str) -> List[str]:
    """What to ask a file for; nothing where all of it is to blame."""
    fixture, _, class_name = test.rstrip(")").partition(" (")
    if class_name:
        return [class_name]
    return [fixture] if "." in fixture else []


def _near(path: str) -> str:
    """The path as seen from here, or the absolute one if it is elsewhere."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


@lru_cache(maxsize=None)
def _python() -> str:
    found = shutil.which("python")
    same = found is not None and os.path.samefile(found, sys.executable)
    return "python" if same else sys.executable
