"""The report files that a run was asked for."""

import os
import sys
from typing import Callable, List, Optional

from tools.testing.console import SafeStream
from tools.testing.files import ReportError, write_atomically
from tools.testing.github import annotations, write_step_summary
from tools.testing.jsonlines import write_json
from tools.testing.junit import write_junit
from tools.testing.options import Options
from tools.testing.records import MISSING, STALE_ROW, RunResult, is_failure


def write_reports(result: RunResult, options: Options) -> List[str]:
    """Write all of them; a sentence for each that could not be written.

    On GitHub's runners, also what their pages show.
    """
    reports = (
        (options.xml, write_junit),
        (options.json, write_json),
        (options.failed_to, write_failed),
        (_on_github("GITHUB_STEP_SUMMARY"), write_step_summary),
    )
    problems = []
    for path, write in reports:
        if path:
            problems += _try_to(write, result, path)
    if _on_github("GITHUB_ACTIONS"):
        out = SafeStream(sys.stdout)
        for line in annotations(result, _on_github("GITHUB_WORKSPACE")):
            out.line(line)
    return problems


def write_failed(result: RunResult, path: str) -> None:
    """Write the names of what failed, one a line, as ``-i @FILE`` reads them."""
    names = dict.fromkeys(
        outcome.identity
        for outcome in result.outcomes
        if is_failure(outcome.state) and outcome.state not in (STALE_ROW, MISSING)
    )
    write_atomically(path, "".join(f"{name}\n" for name in names))


def _on_github(variable: str) -> Optional[str]:
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    return os.environ.get(variable)


def _try_to(
    write: Callable[[RunResult, str], None], result: RunResult, path: str
) -> List[str]:
    try:
        write(result, path)
    except ReportError as error:
        return [str(error)]
    return []
