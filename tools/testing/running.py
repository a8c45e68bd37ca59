"""Running jobs with several workers at a time, and telling what happens."""

import os
import signal
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import (
    BinaryIO,
    Deque,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from common_reading import ReadingPlan

from tools.testing.jobs import ExitSearch, Job, Test, death_of
from tools.testing.listening import Listener
from tools.testing.output import output_lines
from tools.testing.plan import TEST, Plan
from tools.testing.records import (
    AT,
    DONE,
    EXITED,
    IDLE,
    PASSED,
    RETIRED,
    TIMED_OUT,
    Outcome,
    is_failure,
)
from tools.testing.zygotes import Line, Process

LAST_CHANCE_SECONDS = 1.0  # for a test to end after it was interrupted


@dataclass(frozen=True)
class Began:
    """A worker has begun a test or sub-test."""

    worker: int
    identity: str
    parameters: Dict[str, str]


@dataclass(frozen=True)
class Ended:
    """A test or sub-test has an outcome.

    ``company`` are the tests that ran before it in its process, if it failed.
    """

    worker: int
    outcome: Outcome
    company: Tuple[Test, ...] = ()


@dataclass(frozen=True)
class Finished:
    """Nothing more will come of a test."""

    worker: int
    identity: str


@dataclass(frozen=True)
class Printed:
    """A job has ended, and printed this since byte ``start``; read it at once."""

    worker: int
    output: BinaryIO
    start: int


@dataclass(frozen=True)
class Rested:
    """A worker has nothing to do."""

    worker: int


@dataclass(frozen=True)
class Tick:
    """Some time has passed."""


Event = Union[Began, Ended, Finished, Printed, Rested, Tick]


class Worker:
    """A place to run jobs, and the process that holds it at a time, if any."""

    def __init__(self, number: int):
        self.number = number
        self.leave()

    def leave(self) -> None:
        """The process has ended."""
        self.process: Optional[Process] = None
        self.job: Optional[Job] = None
        self.ran: List[Test] = []  # in this process, in order
        self.files: Dict[str, None] = {}  # of what ran, in order
        self.search: Optional[ExitSearch] = None  # that its job is a part of
        self.printed = 0  # bytes, when the job began
        self.dismissed = False

    def dismiss(self) -> None:
        """Have the process end."""
        if not self.dismissed:
            self.process.dismiss()
        self.dismissed = True


class Run:
    """Runs jobs with as many workers as the plan says.

    ``parent`` leads to the zygote that workers are forked from, ``bare`` to the one
    that has imported nothing but torch.
    """

    def __init__(self, plan: Plan, listener: Listener, parent: Line, bare: Line):
        self._plan = plan
        self._listener = listener
        self._parent = parent
        self._bare = bare
        self._queue: Deque[Job] = deque()
        self._workers = [Worker(number) for number in range(plan.jobs)]
        self._interrupted = False

    def events(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run the jobs; yield what happens, something every tenth of a second.

        Each test and each leaf sub-test has its outcome as soon as it ends.  A test
        that ends its process is blamed, and what comes after runs in a fresh one.
        Closing the generator ends the workers.
        """
        self._queue.extend(jobs)
        try:
            while self._queue or any(worker.process for worker in self._workers):
                for worker in self._workers:
                    self._employ(worker)
                told = self._listener.hear()
                for source, record in told:
                    for worker in self._workers:
                        if worker.process is source:
                            yield from self._heed(worker, record)
                            break
                yield Tick()
        finally:
            left = [each.process for each in self._workers if each.process]
            self._listener.end_processes(left)

    def interrupt(self, at_once: bool) -> None:
        """Begin nothing any more; what runs gets a moment to end, or none."""
        self._interrupted = True
        self._queue.clear()
        for worker in self._workers:
            if worker.job is not None and at_once:
                worker.process.kill()
            elif worker.job is not None:
                worker.process.signal(signal.SIGINT)
                worker.process.doomed = TIMED_OUT
                worker.process.deadline = time.monotonic() + LAST_CHANCE_SECONDS

    # Work

    def _employ(self, worker: Worker) -> None:
        """Give a worker that has nothing to do the next job, or have it end."""
        if worker.job is not None or worker.dismissed:
            return
        if worker.process is not None:
            if not self._queue or self._queue[0].fresh:
                worker.dismiss()
                return
            self._begin(worker, self._queue.popleft())
            worker.process.ask_more(self._request(worker.job))
        elif self._queue:
            self._begin(worker, self._queue.popleft())
            line = self._bare if worker.job.bare else self._parent
            worker.process = self._listener.start(line, self._request(worker.job))

    def _begin(self, worker: Worker, job: Job) -> None:
        worker.job, worker.search = job, job.search
        worker.files.update(dict.fromkeys(job.files))

    def _request(self, job: Job) -> dict:
        plan = self._plan
        finished = {job.tests[0][1]: job.told_before} if job.told_before else {}
        return {
            "do": "run",
            "batch": job.batch,
            "seed": plan.seed,
            "show_locals": plan.show_locals,
            "env": ReadingPlan(plan.writers, finished, plan.quick).to_environment(),
        }

    def _heed(self, worker: Worker, record: dict) -> Iterator[Event]:
        """The events in what a worker tells."""
        event, job = record["event"], worker.job
        outcome = job.hear(record) if job is not None else None
        if event == AT and record["test"]:
            identity = f"{record['file']}::{record['test']}"
            yield Began(worker.number, identity, record["parameters"])
        elif event == DONE:
            test = job.ran[-1]
            worker.ran.append(test)
            if self._interrupted:
                worker.process.kill()
            yield Finished(worker.number, "::".join(test))
        elif outcome is not None:
            # Of an interrupted test it is not its own doing how it ended.
            if outcome.state == PASSED or not self._interrupted:
                outcome = self._with_output(worker.process, record, outcome)
                yield self._ended(worker, outcome)
        elif event in (IDLE, RETIRED):
            yield from self._leave_job(worker, *job.after_end(event == RETIRED))
            if event == RETIRED or job.fresh or self._plan.isolate == TEST:
                worker.dismiss()
        elif event == EXITED:
            yield from self._after_exit(worker, record["status"])

    def _ended(self, worker: Worker, outcome: Outcome) -> Ended:
        company = tuple(worker.ran) if is_failure(outcome.state) else ()
        return Ended(worker.number, outcome, company)

    def _leave_job(
        self, worker: Worker, outcomes: Sequence[Outcome], jobs: Sequence[Job]
    ) -> Iterator[Event]:
        """The end of a job, with outcomes for what was left and jobs to come."""
        worker.job = None
        if self._interrupted:
            outcomes, jobs = (), ()
        self._queue.extendleft(reversed(jobs))
        for outcome in outcomes:
            yield self._ended(worker, outcome)
        output = worker.process.output
        yield Printed(worker.number, output, worker.printed)
        worker.printed = output.seek(0, os.SEEK_END)
        yield Rested(worker.number)

    # The end of a process

    def _after_exit(self, worker: Worker, status: Optional[int]) -> Iterator[Event]:
        process, job = worker.process, worker.job
        state, message = death_of(
            process.doomed, status, self._plan.timeout, self._plan.memory_limit
        )
        if job is not None:
            tail = self._tail(process, job.printed)
            yield from self._leave_job(worker, *job.after_death(state, message, tail))
        elif not self._interrupted:
            odd = status != 0 or not process.ended
            message = f"{message}, after its tests had ended"
            for outcome in self._judge_exit(worker, odd, state, message):
                yield self._ended(worker, outcome)
        process.dismiss()
        process.close()
        worker.leave()

    def _judge_exit(
        self, worker: Worker, odd: bool, state: str, message: str
    ) -> List[Outcome]:
        """Outcomes for a process that ended its jobs well, but may have ended oddly.

        If it ran several files, each runs once more by itself, to see which it is.
        """
        if worker.search is not None:
            worker.search.take(worker.files, odd)
        if odd and len(worker.files) == 1:
            tail = self._tail(worker.process, worker.printed)
            (file,) = worker.files
            return [Outcome(file, "", state, {}, message, traceback=tail)]
        if odd:
            search = ExitSearch(worker.files, state, message)
            for file in worker.files:
                tests = [test for test in worker.ran if test[0] == file]
                self._queue.append(Job(tests, True, True, tests, search=search))
        return worker.search.conclusion() if worker.search is not None else []

    # What was printed

    def _tail(self, process: Process, start: int) -> str:
        return "\n".join(output_lines(process.output, start)[0])

    def _with_output(self, process: Process, record: dict, outcome: Outcome) -> Outcome:
        start, stop = record["printed"]
        if not is_failure(outcome.state) or start >= stop:
            return outcome
        lines, left_out = output_lines(process.output, start, stop=stop)
        told = [f"({left_out} lines left out)"] if left_out else []
        return replace(outcome, output="\n".join(told + lines))
