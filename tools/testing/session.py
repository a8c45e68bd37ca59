"""One run of the selected tests: outcomes, verdicts, reports, exit code."""

import os
import posixpath
import sys
import time
from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, Sequence, Set, Tuple

from common_ledger import LEDGER_PATH, KnownBreak

from tools.testing import exit_codes
from tools.testing.discovery import folder_of_tests
from tools.testing.engine import Engine
from tools.testing.history import History
from tools.testing.interruption import Interruption
from tools.testing.jobs import Job, Test
from tools.testing.ledger import apply_ledger, stale_rows
from tools.testing.options import Options
from tools.testing.output import TAIL_LINES, output_lines
from tools.testing.records import (
    MISSING,
    Listing,
    Outcome,
    RunInfo,
    RunResult,
    is_death,
    is_failure,
)
from tools.testing.report import Reporter
from tools.testing.reporting import write_reports
from tools.testing.running import (
    Began,
    Ended,
    Event,
    Finished,
    Printed,
    Rested,
    Tick,
)
from tools.testing.scheduling import make_batches
from tools.testing.selection import Selection, without_twins
from tools.testing.sharding import shard_of
from tools.testing.verdicts import can_run_again, find_verdicts


@dataclass(frozen=True)
class Found:
    """What there is to run, and what is known of it."""

    files: Tuple[str, ...]  # all of the tree
    imported: Tuple[str, ...]
    fingerprint: str  # of the tree, before that
    listing: Listing
    selection: Selection
    rows: Tuple[KnownBreak, ...]


class Session:
    """Runs what was found with the workers of an engine."""

    def __init__(
        self, options: Options, engine: Engine, history: History, found: Found
    ):
        self._options = options
        self._engine = engine
        self._history = history
        self._found = found
        self._durations = history.durations()
        self._tests = found.selection.tests
        if options.shard is not None:
            self._tests = shard_of(self._tests, self._durations, options.shard)
        self._info = RunInfo(
            torch=found.listing.torch,
            root=options.root,
            command=tuple(sys.argv),
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            seed=options.seed,
            jobs=engine.plan.jobs,
            start_method=engine.start_method,
            shard=options.shard,
            selected=tuple(test.identity for test in found.selection.tests),
        )
        self._reporter = Reporter(options, self._info, found.rows)
        self._run = engine.workers()
        self._outcomes: List[Outcome] = []
        self._finished: Set[str] = set()
        self._died: Set[str] = set()
        self._failures: Dict[Test, Tuple[Test, ...]] = {}  # with their company
        self._stopped = False

    def show(self) -> None:
        """Tell what would run."""
        if not self._options.list_only:
            self._header()
        self._reporter.plan(self._tests, self._found.selection.problems)

    def _header(self) -> None:
        listing = self._found.listing
        heard = {each.file for each in listing.tests + listing.problems}
        empty = [file for file in self._found.imported if file not in heard]
        self._reporter.header(self._tests, empty, self._durations)
        for note in filter(None, (self._engine.note, self._history.problem)):
            self._reporter.note(note)

    def run(self, interruption: Interruption) -> int:
        """Run the tests and write the reports; the exit code."""
        began = time.monotonic()
        try:
            self._header()
            for outcome in self._found.selection.problems:
                self._take(outcome)
            self._run_tests(interruption)
            self._judge_failures(interruption)
        finally:
            self._reporter.close()
        if not interruption.signals:
            self._judge_whole()
        result = self._result(time.monotonic() - began, interruption)
        self._remember()
        problems = write_reports(result, self._options)
        self._reporter.finish(result)
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
        return result.exit_code or (exit_codes.WRONG_USE if problems else 0)

    # Running

    def _run_tests(self, interruption: Interruption) -> None:
        batches = make_batches(
            self._tests, self._durations, self._engine.plan.jobs, self._options.isolate
        )
        jobs = [Job([(t.file, t.name) for t in batch.tests]) for batch in batches]
        began: Dict[str, float] = {}
        for event in self._events(jobs, interruption):
            self._tell(event, began)
            if isinstance(event, Ended):
                self._end(event)

    def _events(
        self, jobs: Sequence[Job], interruption: Interruption
    ) -> Iterator[Event]:
        """The events of some jobs; signals end them before their time."""
        heeded = len(interruption.signals)
        for event in self._run.events([] if heeded else jobs):
            yield event
            if len(interruption.signals) > heeded:
                heeded = len(interruption.signals)
                self._run.interrupt(at_once=heeded > 1)

    def _tell(self, event: Event, began: Dict[str, float]) -> None:
        """Have the user see what happens."""
        reporter = self._reporter
        now = time.monotonic()
        if isinstance(event, Began):
            began.setdefault(event.identity, now)
            reporter.started(event.worker, event.identity, event.parameters)
        elif isinstance(event, Finished):
            self._finished.add(event.identity)
            seconds = now - began.get(event.identity, now)
            reporter.done(event.worker, event.identity, seconds)
        elif isinstance(event, Printed):
            limit = None if self._options.verbosity > 0 else TAIL_LINES
            lines, left_out = output_lines(event.output, event.start, limit)
            reporter.output(event.worker, lines, left_out)
        elif isinstance(event, Rested):
            reporter.idle(event.worker)
        elif isinstance(event, Tick):
            reporter.tick(now)

    def _end(self, event: Ended) -> None:
        outcome = event.outcome
        if is_death(outcome.state):
            self._died.add(outcome.identity)
            self._finished.add(outcome.identity)
        outcome = self._take(outcome)
        if can_run_again(outcome):
            self._failures.setdefault((outcome.file, outcome.test), event.company)

    def _take(self, outcome: Outcome) -> Outcome:
        """Keep and tell an outcome, as the ledger has it."""
        reader = self._info.torch.version
        outcome = apply_ledger(outcome, self._found.rows, reader)
        self._outcomes.append(outcome)
        self._reporter.outcome(outcome)
        if self._options.fail_fast and is_failure(outcome.state) and not self._stopped:
            self._stopped = True
            self._run.interrupt(at_once=True)
        return outcome

    # Judging

    def _judge_failures(self, interruption: Interruption) -> None:
        """Run failed tests again, and say of each outcome what that told."""
        if not (self._failures and self._options.reruns) or self._stopped:
            return
        if interruption.signals:
            return
        self._run = self._engine.workers()

        def run(jobs: Sequence[Job]) -> Iterator[Ended]:
            count = len(jobs)
            self._reporter.note(f"running {count} failed tests again")
            for event in self._events(jobs, interruption):
                if isinstance(event, Ended):
                    reader = self._info.torch.version
                    outcome = apply_ledger(event.outcome, self._found.rows, reader)
                    yield replace(event, outcome=outcome)

        verdicts = find_verdicts(self._failures, run, self._options.reruns)
        if not interruption.signals:
            self._outcomes = [verdicts.apply(outcome) for outcome in self._outcomes]

    def _judge_whole(self) -> None:
        """Add what only the whole of the run can tell."""
        found, options = self._found, self._options
        complete = (
            found.imported == found.files
            and not found.listing.problems
            and options.writers == "*"
            and not options.quick
        )
        finished = [t for t in self._tests if t.identity not in self._died]
        folder = os.path.relpath(folder_of_tests(options.root), options.root)
        ledger = posixpath.join(folder, os.path.basename(LEDGER_PATH))
        self._outcomes += stale_rows(
            found.rows,
            without_twins(found.listing.tests) if complete else None,
            finished,
            self._outcomes,
            self._info.torch.version,
            posixpath.normpath(ledger),
        )
        for file, names in self._history.missing_tests(
            self._listed(), found.fingerprint
        ).items():
            message = f"{len(names)} tests, such as {names[0]}, are not there any more"
            self._outcomes.append(Outcome(file, "", MISSING, message=message))

    def _listed(self) -> Dict[str, List[str]]:
        """The tests of each file that was imported to its end."""
        listing = self._found.listing
        broken = {problem.file for problem in listing.problems}
        listed: Dict[str, List[str]] = {
            file: [] for file in self._found.imported if file not in broken
        }
        for test in listing.tests:
            listed.setdefault(test.file, []).append(test.name)
        return listed

    # The result

    def _result(self, seconds: float, interruption: Interruption) -> RunResult:
        not_run = [t.identity for t in self._tests if t.identity not in self._finished]
        failed = any(is_failure(outcome.state) for outcome in self._outcomes)
        if interruption.signals:
            code = interruption.exit_code
        elif failed:
            code = exit_codes.FAILURES
        else:
            code = exit_codes.FINE if self._outcomes else exit_codes.NOTHING_RAN
        return RunResult(
            self._info,
            tuple(self._outcomes),
            seconds,
            code,
            bool(interruption.signals),
            tuple(not_run),
        )

    def _remember(self) -> None:
        options = self._options
        if not self._engine.plan.python == sys.executable:
            return
        self._history.record_listing(self._listed(), self._found.fingerprint)
        self._history.record_outcomes(
            self._outcomes,
            partial=options.quick or options.writers != "*",
            sharded=options.shard is not None,
        )
