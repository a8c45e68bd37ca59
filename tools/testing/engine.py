"""The engine: one interpreter under test, what its suite holds, and running it.

    Engine(plan)  a zygote imports torch
    load(files)   a process imports the files, lists their tests, and stays
    workers()     forked from that process, they run jobs (see running.py)

Files are named relative to the plan's root, with slashes.
"""

import tempfile
import time
from typing import List, Optional, Sequence, Tuple

from tools.testing.jobs import death_of
from tools.testing.listening import Listener, exit_seconds
from tools.testing.output import output_lines
from tools.testing.plan import FORK, SPAWN, Plan
from tools.testing.records import (
    AT,
    EXITED,
    LISTED,
    NO_TORCH,
    OUTCOME,
    READY,
    TIMED_OUT,
    TORCH,
    ListedTest,
    Listing,
    Outcome,
    TorchInfo,
)
from tools.testing.running import Run
from tools.testing.zygotes import EngineError, Line, Process, start_zygote


class Engine:
    """An interpreter that is put to the test as ``plan`` says.

    Used as a context manager: at the end nothing is left of it.  Raises EngineError
    where the interpreter cannot be started.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.start_method = FORK
        self.note = ""  # what the user should know of how workers are started
        self._found = TorchInfo()
        self._torch: Optional[TorchInfo] = None  # once it is known
        self._output = tempfile.TemporaryFile(buffering=0)
        self._listener = Listener(plan)
        try:
            self._root = start_zygote(plan, self._output, self._listener.bell)
        except EngineError:
            self._listener.close()
            self._output.close()
            raise
        self._parent = self._root.line  # of workers
        self._loader = 0  # the number of the process at its end, if it is another
        self._listener.add(self._parent)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._parent is not self._root.line:
            self._listener.hang_up(self._parent)
        # While it imports torch it does not listen, and has started nothing.
        listens = self._torch is not None and not self._torch.error
        self._root.end(politely=listens)
        self._listener.close()
        self._output.close()

    # What there is

    def torch(self) -> TorchInfo:
        """The torch under test; waits until it is imported."""
        deadline = time.monotonic() + self.plan.timeout
        while self._torch is None:
            for source, record in self._listener.hear():
                if source is self._root.line:
                    self._heed(record)
                else:
                    self._listener.put_back(source, record)
            if self._torch is None and self._root.line.closed:
                self._torch = TorchInfo(error=self._how_root_died())
            elif self._torch is None and time.monotonic() > deadline:
                self._root.dump_stack()
                message = f"timed out after {self.plan.timeout:g} s"
                self._torch = TorchInfo(error=self._while_importing(message))
        return self._torch

    def _heed(self, record: dict) -> None:
        """Take note of what the zygote tells when it has begun."""
        if record["event"] == TORCH:
            self._found = TorchInfo(**record["torch"])
        elif record["event"] == NO_TORCH:
            python, message = record["python"], record["message"]
            self._torch = TorchInfo(error=message, python=python)
        elif record["event"] == READY:
            self._torch = self._found
            if record["obstacle"] is not None:
                self.start_method = SPAWN
                self.note = f"workers are spawned: {record['obstacle']}"

    def _how_root_died(self) -> str:
        code = self._root.exit_code()
        status = None if code is None else -code if code < 0 else code << 8
        return self._while_importing(death_of(None, status, 0, None)[1])

    def _while_importing(self, message: str) -> str:
        lines, _ = output_lines(self._output)
        told = f", having printed: {lines[0]}" if lines else ""
        return f"{message} while importing torch{told}"

    def load(self, files: Sequence[str]) -> Listing:
        """Import the files, list their tests, and keep them for the workers.

        A file that crashes or hangs costs only itself.  Without torch nothing is
        listed, and ``listing.torch.error`` says why.
        """
        torch = self.torch()
        deaths: List[Outcome] = []
        waiting = [] if torch.error else list(files)
        while waiting:
            tests: List[ListedTest] = []
            problems: List[Outcome] = []
            death = self._load(waiting, tests, problems)
            if death is None:
                return Listing(torch, tuple(tests), tuple(problems + deaths))
            deaths.append(death)
            self._line(bare=True)
            waiting = [file for file in waiting if file != death.file]
        return Listing(torch, (), tuple(deaths))

    def _load(
        self, files: List[str], tests: List[ListedTest], problems: List[Outcome]
    ) -> Optional[Outcome]:
        """Fill the lists; the outcome of the file that ended the process, if any."""
        process = self._listener.start(self._root.line, {"do": "load", "files": files})
        line = process.line_of_zygote(self._root.line.token)
        self._listener.add(line)
        file, printed = files[0], 0
        ready = None
        while ready is None:
            for source, record in self._listener.hear():
                event = record["event"]
                if source is line and event == READY:
                    ready = record
                elif source is not process:
                    continue
                elif event == AT:
                    file, printed = record["file"], record["printed"]
                elif event == LISTED:
                    defined, golden = record["defined"], record["golden"]
                    tests.append(ListedTest(file, record["test"], defined, golden))
                elif event == OUTCOME:
                    problems.append(Outcome.from_json(record["outcome"]))
                elif event == EXITED and not process.ended:
                    tail = "\n".join(output_lines(process.output, printed)[0])
                    state, message = death_of(
                        process.doomed, record["status"], self.plan.timeout,
                        self.plan.memory_limit,
                    )  # fmt: skip
                    self._let_go(process, line)
                    return Outcome(file, "", state, {}, message, traceback=tail)
                elif event == EXITED:  # it was spawned, and need not stay
                    self._let_go(process, line)
                    return None
        self._adopt(process, line, ready["obstacle"])
        return None

    def _adopt(self, process: Process, line: Line, obstacle: Optional[str]) -> None:
        """Have workers forked by the process that has loaded the test files."""
        self._listener.let_be(process)
        if obstacle is None:
            self._parent, self._loader = line, process.number
            process.close()
        else:
            self.note = f"each worker imports its test files itself: {obstacle}"
            self._let_go(process, line)

    def unload(self) -> Optional[Tuple[str, str]]:
        """End the process that has loaded the test files; state and message if it
        ends oddly.  What these registered for the exit happens now."""
        if self._parent is self._root.line or self._parent.closed:
            return None
        self._parent.request({"do": "leave"}, [])
        seconds = exit_seconds(self.plan)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for _, record in self._listener.hear():
                if record["event"] == EXITED and record["worker"] == self._loader:
                    self._listener.hang_up(self._parent)
                    state, message = death_of(None, record["status"], 0, None)
                    return (state, message) if record["status"] != 0 else None
        self._listener.hang_up(self._parent)
        return TIMED_OUT, f"timed out after {seconds:g} s"

    def _let_go(self, process: Process, line: Line) -> None:
        self._listener.hang_up(line)
        process.close()

    def workers(self) -> Run:
        """Workers for jobs, forked from the process that loaded the test files."""
        return Run(self.plan, self._listener, self._line)

    def _line(self, bare: bool) -> Line:
        """To the process to fork from; ``bare`` has imported nothing but torch.

        A test may have killed the one, and both.
        """
        if not (bare or self._parent.closed):
            return self._parent
        if self._root.line.closed and not self._torch.error:
            self._root.end(politely=False)
            self._root = start_zygote(self.plan, self._output, self._listener.bell)
            self._listener.add(self._root.line)
            self._torch = None
            self.torch()
        return self._root.line
