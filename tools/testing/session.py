"""One run of the selected tests: outcomes, verdicts, reports, exit code."""

import sys
import time
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from tools.testing import exit_codes
from tools.testing.console import complain
from tools.testing.display import plural
from tools.testing.engine import Engine
from tools.testing.events import Ended, Event, Finished
from tools.testing.found import Found
from tools.testing.history import History
from tools.testing.interruption import Interruption
from tools.testing.jobs import Job, Test
from tools.testing.ledger import apply_ledger
from tools.testing.narration import Narrator
from tools.testing.options import Options
from tools.testing.records import Outcome, RunInfo, RunResult, is_death, is_failure
from tools.testing.report import Reporter
from tools.testing.reporting import write_reports
from tools.testing.running import Run
from tools.testing.scheduling import make_batches
from tools.testing.sharding import shard_of
from tools.testing.verdicts import (
    MOST_TESTS,
    Cell,
    can_run_again,
    cell_of,
    find_verdicts,
)

_AT_ONCE = 2  # how urgently a run is asked to end; 0: not at all


class Session:
    """Runs what was found with the workers of an engine."""

    def __init__(
        self,
        options: Options,
        engine: Engine,
        history: History,
        found: Found,
        interruption: Interruption,
    ):
        self._options = options
        self._engine = engine
        self._history = history
        self._found = found
        self._interruption = interruption
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
        self._narrator = Narrator(self._reporter, whole=options.verbosity > 0)
        self._outcomes: List[Outcome] = []
        self._finished: Set[str] = set()
        self._died: Set[str] = set()
        self._failures: Dict[Cell, Tuple[Test, ...]] = {}  # with their company
        self._stopped = False  # by --fail-fast
        self._told: Optional[str] = None  # what is wrong with the history

    def show(self) -> int:
        """Tell what would run; the exit code."""
        problems = self._found.selection.problems
        failed = [each for each in problems if is_failure(each.state)]
        if self._options.list_only:
            complain(f"no tests in {each.file}: {each.message}" for each in failed)
        else:
            self._header()
        self._reporter.plan(self._tests, problems)
        return exit_codes.FAILURES if failed else exit_codes.FINE

    def run(self) -> int:
        """Run the tests and write the reports; the exit code."""
        began = time.monotonic()
        try:
            self._header()
            for outcome in self._found.selection.problems:
                self._take(outcome)
            self._run_tests()
            if self._failures and self._options.reruns and not self._urgency:
                self._judge_failures()
            if not self._urgency:
                self._unload()
        finally:
            self._reporter.close()
        if not self._interruption.signals:
            self._judge_whole()
        result = self._result(time.monotonic() - began)
        self._remember()
        problems = write_reports(result, self._options)
        self._reporter.finish(result)
        complain(problems)
        return result.exit_code or (exit_codes.WRONG_USE if problems else 0)

    def _header(self) -> None:
        self._reporter.header(self._tests, self._found.empty, self._durations)
        if self._options.shard is not None:
            number, count = self._options.shard
            selected = plural(len(self._info.selected), "test")
            self._reporter.note(f"shard {number} of {count}, of {selected}")
        if self._engine.note:
            self._reporter.note(self._engine.note)
        self._tell_of_history()

    def _tell_of_history(self) -> None:
        """Say what is wrong with it, once."""
        problem = self._history.problem
        if problem is not None and problem != self._told:
            self._reporter.note(problem)
        self._told = problem

    # Running

    @property
    def _urgency(self) -> int:
        if self._stopped:
            return _AT_ONCE
        return min(_AT_ONCE, len(self._interruption.signals))

    def _events(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """The events of some jobs, told; what is urgent ends them before their time."""
        run = self._engine.workers()
        return self._heeding(run, run.events([] if self._urgency else jobs))

    def _heeding(self, run: Run, events: Iterator[Event]) -> Iterator[Event]:
        heeded = self._urgency
        for event in events:
            self._narrator.tell(event)
            yield event
            if self._urgency > heeded:
                heeded = self._urgency
                run.interrupt(at_once=heeded == _AT_ONCE)

    def _run_tests(self) -> None:
        batches = make_batches(
            self._tests, self._durations, self._engine.plan.jobs, self._options.isolate
        )
        jobs = [Job([(t.file, t.name) for t in batch.tests]) for batch in batches]
        for event in self._events(jobs):
            if isinstance(event, Finished):
                self._finished.add(event.identity)
            elif isinstance(event, Ended):
                outcome = self._take(event.outcome)
                if can_run_again(outcome):
                    self._failures.setdefault(cell_of(outcome), event.company)

    def _unload(self) -> None:
        """See how the process ends that imported the test files."""
        death = self._engine.unload()
        if death is not None:
            run = self._engine.workers()
            tests = [(test.file, test.name) for test in self._tests]
            for event in self._heeding(run, run.search(tests, *death)):
                if isinstance(event, Ended):
                    self._take(event.outcome)

    def _take(self, outcome: Outcome) -> Outcome:
        """Keep and tell an outcome, as the ledger has it."""
        if is_death(outcome.state):
            self._died.add(outcome.identity)
        outcome = self._by_ledger(outcome)
        self._outcomes.append(outcome)
        self._reporter.outcome(outcome)
        if self._options.fail_fast and is_failure(outcome.state):
            self._stopped = True
            if not outcome.parameters:  # nothing more will come of it
                self._finished.add(outcome.identity)
        return outcome

    def _by_ledger(self, outcome: Outcome) -> Outcome:
        return apply_ledger(outcome, self._found.rows, self._info.torch.version)

    # Judging

    def _judge_failures(self) -> None:
        """Run failed tests again, and say of each outcome what that told."""

        def run(jobs: Sequence[Job]) -> Iterator[Outcome]:
            self._reporter.note(f"running {plural(len(jobs), 'failed test')} again")
            for event in self._events(jobs):
                if isinstance(event, Ended):
                    yield self._by_ledger(event.outcome)

        left_out = len({test for test, _ in self._failures}) - MOST_TESTS
        if left_out > 0:
            more = plural(left_out, "failed test")
            self._reporter.note(f"{more} beyond the first {MOST_TESTS} not run again")
        verdicts = find_verdicts(self._failures, run, self._options.reruns)
        if not self._interruption.signals:
            self._outcomes = [
                replace(each, verdict=verdicts.get(cell_of(each), ""))
                for each in self._outcomes
            ]

    def _judge_whole(self) -> None:
        """Add what only the whole of the run can tell."""
        ended = self._finished - self._died
        finished = [test for test in self._tests if test.identity in ended]
        self._outcomes += self._found.stale_rows(
            self._options, finished, self._outcomes
        )
        self._outcomes += self._found.missing_tests(self._history)

    # The result

    def _result(self, seconds: float) -> RunResult:
        not_run = tuple(
            test.identity for test in self._tests if test.identity not in self._finished
        )
        interrupted = bool(self._interruption.signals)
        return RunResult(
            self._info,
            tuple(self._outcomes),
            seconds,
            self._interruption.exit_code if interrupted else self._exit_code(not_run),
            interrupted,
            not_run,
        )

    def _exit_code(self, not_run: Sequence[str]) -> int:
        if not_run or any(is_failure(outcome.state) for outcome in self._outcomes):
            return exit_codes.FAILURES
        # A shard may have none of the tests that there are.
        empty = bool(self._tests) and not self._outcomes
        return exit_codes.NOTHING_RAN if empty else exit_codes.FINE

    def _remember(self) -> None:
        options, history = self._options, self._history
        history.record_listing(self._found.listed, self._found.fingerprint)
        history.record_outcomes(
            self._outcomes,
            partial=options.quick or options.writers != "*",
            sharded=options.shard is not None,
        )
        self._tell_of_history()
