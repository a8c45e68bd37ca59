"""Running jobs with several workers at a time, and telling what happens."""

import os
import signal
import time
from collections import deque
from dataclasses import replace
from typing import (
    Callable,
    Deque,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
)

from common_reading import ReadingPlan

from tools.testing.events import Began, Ended, Event, Finished, Printed, Rested, Tick
from tools.testing.jobs import ExitSearch, Job, Test, death_of
from tools.testing.listening import Listener, exit_seconds
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
        self.bare = False  # its process began with nothing imported but torch
        self.printed = 0  # bytes, when the job began
        self.dismissed = False
        self.spoilt = False  # an interruption may have made its last outcome

    def dismiss(self) -> None:
        """Have the process end."""
        if not self.dismissed:
            self.process.dismiss()
        self.dismissed = True


class Run:
    """Runs jobs with as many workers as the plan says.

    ``line`` finds the zygote that workers are forked from: for a bare one, that which
    has imported nothing but torch.
    """

    def __init__(self, plan: Plan, listener: Listener, line: Callable[[bool], Line]):
        self._plan = plan
        self._listener = listener
        self._line = line
        self._queue: Deque[Job] = deque()
        self._workers = [Worker(number) for number in range(plan.jobs)]
        self._search = ExitSearch()
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
            for outcome in [] if self._interrupted else self._search.conclusion():
                yield Ended(0, outcome)
        finally:
            left = [each.process for each in self._workers if each.process]
            self._listener.end_processes(left)

    def search(
        self, tests: Sequence[Test], state: str, message: str
    ) -> Iterator[Event]:
        """Look for the file because of which a process ended so after its tests."""
        message = f"{message}, after its tests had ended"
        groups = self._search.suspect(tests, state, message)
        return self.events([_silent(group) for group in groups])

    def interrupt(self, at_once: bool) -> None:
        """Begin nothing any more; what runs gets a moment to end, or none."""
        self._interrupted = True
        self._queue.clear()
        for worker in self._workers:
            if worker.job is not None and (at_once or worker.process.pid is None):
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
            line = self._line(worker.job.bare)
            worker.bare = line is self._line(True)
            worker.process = self._listener.start(line, self._request(worker.job))

    def _begin(self, worker: Worker, job: Job) -> None:
        worker.job = job
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
            if not worker.spoilt:
                yield Finished(worker.number, "::".join(test))
        elif outcome is not None:
            # Of an interrupted test it is not its own doing how it ended.
            worker.spoilt |= self._interrupted and outcome.state != PASSED
            if not worker.spoilt:
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
        job, worker.job = worker.job, None
        if self._interrupted:
            outcomes, jobs = (), ()
        self._queue.extendleft(reversed(jobs))
        for outcome in outcomes:
            yield self._ended(worker, outcome)
        if not self._interrupted:
            left = {test for each in jobs for test in each.tests}.union(job.ran)
            for test in job.tests:
                if test not in left:
                    yield Finished(worker.number, "::".join(test))
        output = worker.process.output
        yield Printed(worker.number, output, worker.printed)
        worker.printed = output.seek(0, os.SEEK_END)
        yield Rested(worker.number)

    # The end of a process

    def _after_exit(self, worker: Worker, status: Optional[int]) -> Iterator[Event]:
        process, job = worker.process, worker.job
        limit = self._plan.timeout if job is not None else exit_seconds(self._plan)
        state, message = death_of(
            process.doomed, status, limit, self._plan.memory_limit
        )
        if job is not None and status is None and not worker.bare:
            # Any test of any worker may have killed the process they came from.
            yield from self._leave_job(worker, [], job.again())
            self._suspect(worker, state, message)
        elif job is not None:
            tail = self._tail(process, job.printed)
            outcomes, jobs = job.after_death(state, message, tail)
            if job.is_silent:
                outcomes = self._judge_exit(worker, state, message)
            elif status is None:
                self._search.find(job.files[0])
            yield from self._leave_job(worker, outcomes, jobs)
        elif not self._interrupted:
            message = f"{message}, after its tests had ended"
            if status != 0 or not process.ended:
                for outcome in self._judge_exit(worker, state, message):
                    yield self._ended(worker, outcome)
        process.dismiss()
        process.close()
        worker.leave()

    def _judge_exit(self, worker: Worker, state: str, message: str) -> List[Outcome]:
        """Outcomes for a process that ended its jobs well, and then itself oddly.

        If it may have been another file's doing, each of its files runs once more by
        itself, to see which it is.
        """
        if worker.bare and len(worker.files) == 1:
            (file,) = worker.files
            if not self._search.find(file):
                return []  # told before
            tail = self._tail(worker.process, worker.printed)
            return [Outcome(file, "", state, {}, message, traceback=tail)]
        self._suspect(worker, state, message)
        return []

    def _suspect(self, worker: Worker, state: str, message: str) -> None:
        for tests in self._search.suspect(worker.ran, state, message):
            self._queue.append(_silent(tests))

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


def _silent(tests: Sequence[Test]) -> Job:
    """A job that is run in order to see how its process ends."""
    return Job(tests, fresh=True, bare=True, muted=tests)
