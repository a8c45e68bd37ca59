"""``python -m tools.testing merge``: one report of the reports of shards.

The shards of a run are its parts: same torch, same selection, same seed, and each
selected test in exactly one.  What is not so is an error; a test that no shard
tells of is a failure, so that a job which lost tests cannot be green.
"""

import argparse
import sys
from dataclasses import replace
from typing import Callable, Dict, List, Sequence, Tuple

from tools.testing import exit_codes
from tools.testing.console import SafeStream, clean_line
from tools.testing.errors import WrongUse
from tools.testing.failure import failure_line
from tools.testing.files import ReportError, check_writable
from tools.testing.jsonlines import read_json, write_json
from tools.testing.junit import write_junit
from tools.testing.records import MISSING, Outcome, RunResult
from tools.testing.report import summary
from tools.testing.summary import failures

HELP = "join the --json reports of the shards of a run"
EPILOG = """\
exit codes: 0 fine, 1 failures or tests that did not run, 2 wrong use or reports that
do not fit together, 5 nothing ran
"""

Report = Tuple[str, RunResult]  # with its path


class MergeError(WrongUse):
    """The reports do not fit together; one argument for each line to print."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "reports", metavar="FILE", nargs="+", help="what --json wrote, of each shard"
    )
    parser.add_argument("--json", metavar="FILE", help="write the whole run as JSON")
    parser.add_argument("--save-xml", metavar="FILE", help="write it as JUnit XML")


def run(args: argparse.Namespace) -> int:
    """Join the reports; returns the exit code.  Raises MergeError, ReportError."""
    for path in (args.json, args.save_xml):
        if path is not None:
            check_writable(path)
    reports = _read(args.reports)
    result = merge(reports)
    _print(reports, result)
    if args.json is not None:
        write_json(result, args.json)
    if args.save_xml is not None:
        write_junit(result, args.save_xml)
    return result.exit_code


def _read(paths: Sequence[str]) -> List[Report]:
    reports, problems = [], []
    for path in paths:
        try:
            reports.append((path, read_json(path)))
        except ReportError as error:
            problems.append(str(error))
    if problems:
        raise MergeError(*problems)
    return reports


def merge(reports: Sequence[Report]) -> RunResult:
    """The run whose shards these are.  Raises MergeError.

    It took as long as its longest shard; the rest of ``info`` is of the first.
    """
    _check_same(reports)
    _check_shards(reports)
    places = _places(reports)
    results = [result for _, result in reports]
    info = replace(
        results[0].info,
        shard=None,
        command=("-m", "tools.testing", "merge", *(path for path, _ in reports)),
        started=min(result.info.started for result in results),
    )
    outcomes = [outcome for result in results for outcome in result.outcomes]
    outcomes += [_lost(each) for each in info.selected if each not in places]
    return RunResult(
        info,
        tuple(outcomes),
        seconds=max(result.seconds for result in results),
        exit_code=_exit_code(outcomes, reports),
        interrupted=any(result.interrupted for result in results),
        not_run=tuple(each for result in results for each in result.not_run),
    )


def _check_same(reports: Sequence[Report]) -> None:
    aspects: Dict[str, Callable[[RunResult], object]] = {
        "torch": _torch,
        "seed": lambda result: result.info.seed,
        "number of shards": lambda result: result.info.shard and result.info.shard[1],
    }
    problems = []
    for aspect, value_of in aspects.items():
        paths: Dict[object, List[str]] = {}
        for path, result in reports:
            paths.setdefault(value_of(result), []).append(path)
        if len(paths) > 1:
            told = "; ".join(f"{key} in {', '.join(paths[key])}" for key in paths)
            problems.append(f"not of one run, the {aspect} differs: {told}")
    first, result = reports[0]
    for path, other in reports[1:]:
        differing = set(other.info.selected) ^ set(result.info.selected)
        if differing:
            problems.append(
                f"not of one run, the selections differ: {min(differing)} is in one "
                f"of {first} and {path} only"
            )
    if problems:
        raise MergeError(*problems)


def _torch(result: RunResult) -> str:
    torch = result.info.torch
    return f"{torch.version} (git {torch.git_version})"


def _check_shards(reports: Sequence[Report]) -> None:
    """Each shard once, and none missing; what was not sharded is alone."""
    paths: Dict[int, List[str]] = {}
    count = 1
    for path, result in reports:
        number, count = result.info.shard or (1, 1)
        paths.setdefault(number, []).append(path)
    problems = [
        f"shard {number} of {count} is there more than once: {', '.join(paths[number])}"
        "; leave out all but one"
        for number in paths
        if len(paths[number]) > 1
    ]
    given = ", ".join(path for path, _ in reports)
    problems += [
        f"shard {number} of {count} is missing in {given}; add its report"
        for number in range(1, count + 1)
        if number not in paths
    ]
    if problems:
        raise MergeError(*problems)


def _places(reports: Sequence[Report]) -> Dict[str, str]:
    """Identity to the report that tells of it.

    Raises MergeError where two tell of one that was selected.  Fixtures, such as
    ``tearDownModule``, may speak in more than one.
    """
    selected = set(reports[0][1].info.selected)
    places: Dict[str, str] = {}
    twice: Dict[str, str] = {}
    for path, result in reports:
        told = {outcome.identity for outcome in result.outcomes}
        for identity in sorted((told | set(result.not_run)) & selected):
            if places.setdefault(identity, path) != path:
                twice[identity] = path
    if twice:
        identity = min(twice)
        raise MergeError(
            f"the shards overlap, in {len(twice)} tests, such as {identity} in "
            f"{places[identity]} and {twice[identity]}; run the shards again"
        )
    return places


def _lost(identity: str) -> Outcome:
    file, _, test = identity.partition("::")
    return Outcome(file, test, MISSING, message="selected, and no report tells of it")


def _exit_code(outcomes: Sequence[Outcome], reports: Sequence[Report]) -> int:
    if failures(outcomes) or _shortcomings(reports):
        return exit_codes.FAILURES
    return exit_codes.FINE if outcomes else exit_codes.NOTHING_RAN


def _shortcomings(reports: Sequence[Report]) -> List[str]:
    """What no outcome tells: runs that did not come to their end."""
    lines = []
    for path, result in reports:
        if result.interrupted:
            lines.append(f"{path}: the run was interrupted")
        if result.not_run:
            lines.append(f"{path}: {len(result.not_run)} tests did not run")
        ended = result.exit_code in (exit_codes.FINE, exit_codes.NOTHING_RAN)
        if not (ended or result.interrupted or failures(result.outcomes)):
            lines.append(f"{path}: the run ended with exit code {result.exit_code}")
    return lines


def _print(reports: Sequence[Report], result: RunResult) -> None:
    out = SafeStream(sys.stdout)
    out.line(f"torch {clean_line(_torch(result))}, reports: {len(reports)}\n")
    for outcome in failures(result.outcomes):
        out.line(f"{failure_line(outcome)}\n      in {clean_line(outcome.file)}")
    for line in _shortcomings(reports):
        out.line(clean_line(line))
    out.line(summary(result.outcomes))
