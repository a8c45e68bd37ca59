"""The command ``write``: the suite in writing mode, under each release.

A golden that a provenance file knows is written; it is not made again, so an
interrupted command goes on where it was.  One release that fails does not stop
the others.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from common_golden import WRITING_PREFIX, GoldenError, load_provenance
from common_releases import parse_release
from common_writing import WritingPlan

from tools.golden.declared import (
    DeclaredGolden,
    declared_goldens,
    list_suite,
    matching,
    test_folder,
)
from tools.golden.environments import (
    Environment,
    EnvironmentCache,
    default_folder,
    local_environment,
)
from tools.golden.errors import GoldenToolError
from tools.golden.locks import exclusive_lock_if_free
from tools.golden.progress import Progress, show_progress
from tools.golden.releases import LOCAL, Release, find_release, load_releases
from tools.testing.execution import run_file
from tools.testing.fingerprint import digest
from tools.testing.plan import Plan
from tools.testing.records import SKIPPED, Outcome, is_failure
from tools.testing.zygotes import EngineError

HELP = "write goldens with each release, or those that are missing"
EXIT_FINE, EXIT_UNWRITTEN, EXIT_ERROR = 0, 1, 2


@dataclass(frozen=True)
class Request:
    """What the user asked for; ``releases`` holds None for the local torch."""

    releases: tuple[Release | None, ...]
    only: str | None
    into: Path
    rewrite: bool

    def command(self, release: str) -> str:
        """The command that writes one release's goldens, for the provenance."""
        words = ["python -m tools.golden write --release", release]
        words += ["--only", self.only] if self.only else []
        words += ["--rewrite"] if self.rewrite else []
        return " ".join(words)


@dataclass
class Report:
    """What became of one release's goldens: reasons, each with names of goldens."""

    release: str
    written: int = 0
    present: int = 0
    unwritten: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    error: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``write``."""
    parser.description = HELP
    parser.add_argument(
        "--release",
        action="append",
        metavar="R",
        help="a release of the table, or 'local': the running interpreter's torch; "
        "may be repeated (default: the whole table)",
    )
    parser.add_argument(
        "--only", metavar="PATTERN", help="tests or files whose name contains it"
    )
    parser.add_argument(
        "--into", metavar="DIR", help="write below DIR instead of below test/"
    )
    parser.add_argument(
        "--rewrite",
        action="store_true",
        help="write again what is written: its provenance changes",
    )


def run(args: argparse.Namespace) -> int:
    """Write what is missing; returns the exit code."""
    names = args.release or [release.version for release in load_releases()]
    releases = tuple(
        None if name == LOCAL else find_release(name) for name in dict.fromkeys(names)
    )
    request = Request(releases, args.only, test_folder(args.into), args.rewrite)
    listing = list_suite()
    goldens = matching(declared_goldens(listing), args.only or "")
    reports: list[Report] = []
    with show_progress(len(releases)) as progress:
        try:
            for release in releases:
                name = release.version if release else listing.torch.version
                progress.start(name)
                reports.append(
                    _write_release(request, release, name, goldens, progress)
                )
                progress.finish(_one_line(reports[-1]))
        except KeyboardInterrupt:
            print("interrupted; the same command goes on from here", file=sys.stderr)
            _print_summary(reports)
            return 130
    _print_summary(reports)
    if any(report.error for report in reports):
        return EXIT_ERROR
    return EXIT_UNWRITTEN if any(r.unwritten for r in reports) else EXIT_FINE


def _write_release(
    request: Request,
    release: Release | None,
    name: str,
    goldens: Sequence[DeclaredGolden],
    progress: Progress,
) -> Report:
    report = Report(name)
    wanted = [golden for golden in goldens if name in golden.releases]
    try:
        missing = [g for g in wanted if not g.is_written(request.into, name)]
        to_write = wanted if request.rewrite else missing
        report.present = len(wanted) - len(to_write)
        if to_write:
            with ExitStack() as stack:
                stack.enter_context(_alone(request.into, name))
                if release is None:
                    environment = local_environment()
                else:
                    cache = EnvironmentCache(note=progress.say)
                    environment = stack.enter_context(cache.use(release))
                outcomes = _run_tests(request, environment, name, to_write, progress)
            _judge(report, request, name, to_write, outcomes)
    except (GoldenToolError, GoldenError, EngineError, OSError) as error:
        report.error = str(error)
    return report


@contextmanager
def _alone(into: Path, release: str) -> Iterator[None]:
    """Keep other processes from writing goldens of the release below ``into``.

    Each would save a provenance that lacks what the other has written.
    """
    locks = default_folder().expanduser().absolute() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    place = f"writing-{release}-{digest(str(into))[:16]}"
    with exclusive_lock_if_free(locks / place) as is_free:
        if not is_free:
            raise GoldenToolError(
                f"another process writes goldens of torch {release} below {into}; "
                "wait for it, then run the same command again"
            )
        yield


def _run_tests(
    request: Request,
    environment: Environment,
    release: str,
    goldens: Iterable[DeclaredGolden],
    progress: Progress,
) -> list[Outcome]:
    """Run the tests of these goldens in writing mode; their outcomes."""
    plan = WritingPlan(
        release=release,
        command=request.command(LOCAL if environment.wheel is None else release),
        into=str(request.into),
        rewrite=request.rewrite,
        wheel=environment.wheel,
        wheel_sha256=environment.wheel_sha256,
    )
    tests: dict[str, list[str]] = {}
    for golden in goldens:
        _remove_leftovers(golden.release_folder(request.into, release))
        names = tests.setdefault(golden.file, [])
        if golden.test not in names:
            names.append(golden.test)
    progress.expect(sum(len(names) for names in tests.values()))
    outcomes: list[Outcome] = []
    interpreter = Plan(python=str(environment.python), env=plan.to_environment())
    for file, names in tests.items():
        with closing(run_file(file, names, interpreter)) as running:
            for outcome in running:
                outcomes.append(outcome)
                progress.reached(outcome.test)
    return outcomes


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed writer left half made."""
    for leftover in folder.glob(f"{WRITING_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            os.unlink(leftover)


def _judge(
    report: Report,
    request: Request,
    release: str,
    goldens: Iterable[DeclaredGolden],
    outcomes: Sequence[Outcome],
) -> None:
    """Say of each golden whether it was written, and what its writer makes of it."""
    for golden in goldens:
        folder = golden.release_folder(request.into, release)
        record = load_provenance(str(folder)).goldens.get(golden.name)
        if record is None:
            names = report.unwritten.setdefault(_reason(golden, outcomes), [])
            names.append(golden.name)
            continue
        report.written += 1
        for kind, fault in sorted(record.faults.items()):
            names = report.faults.setdefault(_shortened(fault), [])
            names.append(f"{golden.name}.{kind}")


def _reason(golden: DeclaredGolden, outcomes: Sequence[Outcome]) -> str:
    own = [outcome for outcome in outcomes if outcome.test == golden.test]
    for state in (is_failure, SKIPPED.__eq__):
        for outcome in own:
            if state(outcome.state):
                return f"{outcome.state}: {_shortened(outcome.message)}"
    return "the test ended without writing it"


def _count(reasons: dict[str, list[str]]) -> int:
    return sum(map(len, reasons.values()))


def _shortened(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def _one_line(report: Report) -> str:
    if report.error:
        return f"{report.release}: error: {report.error}"
    counts = [f"{report.written} written", f"{report.present} there already"]
    if report.unwritten:
        counts.append(f"{_count(report.unwritten)} could not be written")
    if report.faults:
        counts.append(f"{_count(report.faults)} files it cannot read back itself")
    return f"{report.release}: {', '.join(counts)}"


def _print_summary(reports: Sequence[Report]) -> None:
    for report in sorted(reports, key=lambda report: parse_release(report.release)):
        for title, reasons in (
            ("could not be written", report.unwritten),
            ("written, but its writer fails to read it back", report.faults),
        ):
            for reason, names in reasons.items():
                print(f"{report.release}: {title}: {reason}")
                print(*(f"    {name}" for name in names), sep="\n")
        if report.error:
            print(f"error: {report.release}: {report.error}", file=sys.stderr)
    written = sum(report.written for report in reports)
    present = sum(report.present for report in reports)
    unwritten = sum(_count(report.unwritten) for report in reports)
    print(f"{written} written, {present} there already, {unwritten} not written")
