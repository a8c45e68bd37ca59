"""Hearing out zygotes and the processes they start, and holding these to limits."""

import os
import selectors
import shutil
import tempfile
import time
from typing import Dict, List, Optional, Sequence, Tuple, Union

from tools.testing.plan import Plan
from tools.testing.processes import resident_bytes
from tools.testing.records import (
    END,
    EXITED,
    IDLE,
    OUT_OF_MEMORY,
    STARTED,
    TIMED_OUT,
)
from tools.testing.zygotes import Line, Process

# How long to wait for news of zygotes.  Workers write to pipes, which are emptied
# that often: to wake for each of their records would cost as much as small tests do.
POLL_SECONDS = 0.02
START_SECONDS = 10.0  # for a zygote to start a process
EXIT_GRACE_SECONDS = 10.0  # from the end record to the exit, at most

Source = Union[Line, Process]


def exit_seconds(plan: Plan) -> float:
    """How long a process may take to exit, once it has done what it was asked for."""
    return min(EXIT_GRACE_SECONDS, plan.timeout)


class Listener:
    """All lines and processes of one engine.

    A process is heard of until a last record, EXITED, with its status; None where
    the zygote that knows it has ended, too.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        self._scratch: Optional[str] = None  # once there is somebody to remove it
        self._selector = selectors.DefaultSelector()
        # A worker that has nothing to do rings it, not to wait for the next look at
        # its pipe.
        self._bell, self.bell = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self.bell, False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._processes: Dict[int, Process] = {}
        self._count = 0
        self._put_back: List[Tuple[Source, dict]] = []

    def add(self, line: Line) -> None:
        """Hear this zygote from now on."""
        self._selector.register(line, selectors.EVENT_READ)

    def hang_up(self, line: Line) -> None:
        """Have a zygote end, and all that it started."""
        if not line.closed:
            self._selector.unregister(line)
        line.close()

    def start(self, line: Line, request: dict) -> Process:
        """Have a zygote start a process."""
        self._count += 1
        if self._scratch is None:
            self._scratch = tempfile.mkdtemp(prefix="torch-test-")
        scratch = os.path.join(self._scratch, str(self._count))
        process = Process(self._count, line, scratch)
        process.ask(request)
        process.deadline = time.monotonic() + START_SECONDS
        self._processes[process.number] = process
        return process

    def hear(self) -> List[Tuple[Source, dict]]:
        """What was told until now; waits a moment for it.  Enforces the limits."""
        told, self._put_back = self._put_back, []
        for key, _ in self._selector.select(POLL_SECONDS):
            if key.fileobj == self._bell:
                os.read(self._bell, 1 << 16)
            else:
                told += self._hear_line(key.fileobj)
        for process in list(self._processes.values()):
            if process.line.closed:
                told += self._bury(process, None)
                continue
            told += self._hear_process(process)
            self._enforce_limits(process)
        return told

    def put_back(self, source: Source, record: dict) -> None:
        """Have this told again: it is for somebody else."""
        self._put_back.append((source, record))

    def _hear_line(self, line: Line) -> List[Tuple[Source, dict]]:
        told: List[Tuple[Source, dict]] = []
        for record in line.read():
            process = self._processes.get(record.get("worker"))
            if record["event"] == STARTED and process is not None:
                process.pid = record["pid"]
                if process.unwanted:
                    process.kill()
                process.deadline = time.monotonic() + self._plan.timeout
            elif record["event"] == EXITED and process is not None:
                told += self._bury(process, record["status"])
            else:
                told.append((line, record))
        if line.closed:
            self._selector.unregister(line)
        return told

    def _hear_process(self, process: Process) -> List[Tuple[Source, dict]]:
        records = process.read()
        if records and process.doomed is None:
            process.deadline = time.monotonic() + self._plan.timeout
        for record in records:
            if record["event"] == IDLE and process.doomed is None:
                process.deadline = float("inf")  # it waits for us
            elif record["event"] == END:
                process.ended = True
                process.deadline = time.monotonic() + exit_seconds(self._plan)
        return [(process, record) for record in records]

    def _bury(
        self, process: Process, status: Optional[int]
    ) -> List[Tuple[Source, dict]]:
        told = self._hear_process(process)
        del self._processes[process.number]
        shutil.rmtree(process.scratch, ignore_errors=True)
        return told + [(process, {"event": EXITED, "status": status})]

    def _enforce_limits(self, process: Process) -> None:
        limit = self._plan.memory_limit
        if time.monotonic() > process.deadline:
            if process.pid is None:  # its zygote does not answer
                process.line.shut_down()
            elif process.doomed is None:
                process.doom(TIMED_OUT)
            else:
                process.kill()
        elif limit and process.pid is not None and process.doomed is None:
            if (resident_bytes(process.pid) or 0) > limit:
                process.doom(OUT_OF_MEMORY)

    def let_be(self, process: Process) -> None:
        """Neither hear this process any more, nor hold it to limits."""
        del self._processes[process.number]

    def end_processes(self, processes: Sequence[Process]) -> None:
        """End these at once, and let go of them."""
        left = [each for each in processes if each.number in self._processes]
        for process in left:
            process.kill()
        deadline = time.monotonic() + EXIT_GRACE_SECONDS
        while left and time.monotonic() < deadline:
            gone = {id(s) for s, record in self.hear() if record["event"] == EXITED}
            for process in left:
                process.kill()  # it may have been too young to have a number
                if id(process) in gone:
                    process.dismiss()
                    process.close()
            left = [each for each in left if id(each) not in gone]

    def close(self) -> None:
        """Let go of everything; all lines must have been hung up."""
        for process in self._processes.values():
            process.close()
        self._selector.close()
        os.close(self._bell)
        os.close(self.bell)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
