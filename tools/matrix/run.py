"""The command ``run``: read with each reader what is not known yet."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import rich.progress
from common_releases import ReleaseRange

from tools import TEST_FOLDER
from tools.bars import make_bar
from tools.golden.declared import declared_goldens, list_suite
from tools.golden.errors import GoldenToolError
from tools.matrix import reading
from tools.matrix.cells import Reader, Target
from tools.matrix.errors import MatrixError
from tools.matrix.executors import open_executor
from tools.matrix.options import add_store_option, add_writers_option, parse_range
from tools.matrix.packing import pack
from tools.matrix.readers import choose_readers, default_jobs
from tools.matrix.reading import ReaderError, UnitResult, read_unit
from tools.matrix.store import MatrixStore
from tools.matrix.targets import find_targets
from tools.matrix.work import Work, plan_work, settled, stale_targets
from tools.testing.zygotes import EngineError

HELP = "read the goldens with each release, as far as it is not known what happens"
EXIT_FINE, EXIT_INCOMPLETE, EXIT_INTERRUPTED = 0, 2, 130
# Submitted at a time for each that is being read: enough to keep an executor busy.
AHEAD = 2


@dataclass
class ReaderReport:
    """What this run made of one reader; ``waiting`` are units that are not read."""

    reader: Reader
    waiting: int = 0
    states: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    error: str | None = None

    def line(self) -> str:
        """The report for people."""
        states = ", ".join(f"{n} {state}" for state, n in self.states.most_common())
        spent = ", ".join(f"{what} {s:.0f} s" for what, s in self.seconds.items())
        told = f"{self.reader.name}: {states or 'nothing read'}"
        told += f" ({spent})" if spent else ""
        return f"{told}; error: {self.error}" if self.error else told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.description = HELP
    add_store_option(parser)
    parser.add_argument(
        "--readers",
        metavar="RANGE",
        help="releases of the table (A..B, A.., ..B, A), 'local' for the torch that "
        "runs this, or several with commas (default: the whole table)",
    )
    add_writers_option(parser)
    parser.add_argument(
        "--only", metavar="PATTERN", default="", help="tests or files so called"
    )
    parser.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        type=int,
        default=default_jobs(),
        help="units that are read at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few writers of each golden"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask cluster, tcp://HOST:PORT"
    )


def run(args: argparse.Namespace) -> int:
    """Read what is missing; returns the exit code."""
    if args.jobs < 1:
        raise MatrixError(f"-j {args.jobs}: at least 1")
    writers = parse_range("--writers", args.writers)
    listing = list_suite()
    readers = choose_readers(args.readers, listing.torch)
    targets = find_targets(
        declared_goldens(listing), Path(TEST_FOLDER), writers, args.only
    )
    with MatrixStore(Path(args.store)) as store:
        if not args.only and writers == ReleaseRange():
            # These are all there are: what else is known is of goldens that are gone.
            store.forget_all_but((t.file, t.test, t.writer) for t in targets)
        work, reports = _plan(store, readers, targets, writers, args.quick)
        code = EXIT_FINE
        try:
            _work_off(store, work, reports, args)
        except KeyboardInterrupt:
            print("interrupted; the same command goes on from here", file=sys.stderr)
            code = EXIT_INTERRUPTED
    _print_summary(list(reports.values()), len(targets))
    failed = any(report.error for report in reports.values())
    return code or (EXIT_INCOMPLETE if failed else EXIT_FINE)


def _plan(
    store: MatrixStore,
    readers: Iterable[Reader],
    targets: tuple[Target, ...],
    writers: ReleaseRange,
    quick: bool,
) -> tuple[list[Work], dict[str, ReaderReport]]:
    """The work of each reader, and its report, which is empty yet."""
    work: list[Work] = []
    reports = {reader.name: ReaderReport(reader) for reader in readers}
    for report in reports.values():
        stale = stale_targets(targets, store.digests(report.reader))
        own = list(plan_work(report.reader.name, stale, targets, writers, quick))
        report.waiting = len(own)
        work += own
    return work, reports


def _work_off(
    store: MatrixStore,
    work: list[Work],
    reports: dict[str, ReaderReport],
    args: argparse.Namespace,
) -> None:
    """Have the executor read all units, and keep what comes of each at once."""
    reading.stop.clear()
    waiting = iter(work)
    pending: dict[Future, Work] = {}
    with open_executor(args.scheduler, args.jobs) as executor, make_bar() as bar:
        task = bar.add_task("files", total=sum(each.cost for each in work))
        try:
            while True:
                for each in islice(waiting, args.jobs * AHEAD - len(pending)):
                    unit = each.unit
                    if args.scheduler:
                        unit = replace(unit, files=pack(Path(TEST_FOLDER), unit.tests))
                    pending[executor.submit(read_unit, unit)] = each
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    each = pending.pop(future)
                    _take(store, each, future, reports[each.unit.reader], bar)
                    bar.advance(task, each.cost)
        except BaseException:
            # Units that are being read end at their next sign of life.
            reading.stop.set()
            for future in pending:
                future.cancel()
            raise


def _take(
    store: MatrixStore,
    work: Work,
    future: Future,
    report: ReaderReport,
    bar: rich.progress.Progress,
) -> None:
    """Keep what came of a unit."""
    report.waiting -= 1
    try:
        result = future.result()
    except (GoldenToolError, ReaderError, EngineError, OSError) as error:
        # Once: each unit of this reader says the same.
        report.error = report.error or str(error)
    else:
        _keep(store, work, result, report)
    if not report.waiting:
        bar.console.print(report.line(), markup=False, highlight=False, soft_wrap=True)


def _keep(
    store: MatrixStore, work: Work, result: UnitResult, report: ReaderReport
) -> None:
    report.reader.facts.update(result.facts)
    report.seconds.update(result.seconds)
    store.begin(report.reader)
    digests, cells = settled(work, result)
    store.save(work.unit.reader, digests, cells)
    report.states.update(cell.state for cell in cells)


def _print_summary(reports: list[ReaderReport], targets: int) -> None:
    cells = sum(sum(report.states.values()) for report in reports)
    failed = [report for report in reports if report.error]
    left = sum(report.waiting for report in reports)
    print(
        f"{len(reports)} readers, {targets} goldens by test and writer: "
        f"{cells} cells read, {left} units left"
    )
    for report in failed:
        print(f"error: {report.reader.name}: {report.error}", file=sys.stderr)
