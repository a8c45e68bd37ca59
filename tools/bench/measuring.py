"""Running the runners, interleaved, and timing them.

The driver runs beside each peer, again and again: driver, peer, driver, peer.  So
whatever slows the machine for a while slows both sides of a ratio.  Each run is a
fresh process; the first one of each runner, round 0, only warms the file system's
cache, and shows whether the runner can do the work at all.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

from tools.bench.errors import BenchError
from tools.bench.runners import DRIVER, IMPORT, UNITTEST, Runner
from tools.bench.workloads import Workload

LIMIT_SECONDS = 1800.0  # for one run
WARM_UP = 0  # the round
TAIL_LINES = 12  # shown of the output of a run that is at fault

# What would steer one runner and not the others, or slow them all.
_DROPPED = (
    "CI",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GOLDEN_WRITE",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "PY_COLORS",
    "TEST_SHARD_INDEX",
    "TEST_TOTAL_SHARDS",
    "XML_OUTPUT_FILE",
)
# OMP_NUM_THREADS is left as the user has it.  The driver gives its workers one thread
# each; with the variable at 1 the peers have that, too.
_SET = {"NO_COLOR": "1"}

_COUNT = """\
import unittest
class Counter:
    def run(self, suite): print(suite.countTestCases())
unittest.main(None, testRunner=Counter(), exit=False)
"""


@dataclass(frozen=True)
class Run:
    """A run to be done.  The runs of one ``pair`` and round belong together."""

    runner: Runner
    pair: str
    round: int


@dataclass(frozen=True)
class Measurement:
    """A run that was done; ``tests`` is how many ran, None where that is unknown."""

    runner: str
    pair: str
    round: int
    seconds: float
    exit_code: int  # below 0: minus the signal
    tests: int | None

    def fault(self, expected: int) -> str:
        """Why its time does not count; empty where it does."""
        if self.seconds >= LIMIT_SECONDS:
            return f"no end within {LIMIT_SECONDS:g} s"
        if self.exit_code:
            return f"exit code {self.exit_code}"
        if self.runner == IMPORT.name or self.tests == expected:
            return ""
        if self.tests is None:
            return "does not tell how many tests it ran"
        return f"ran {self.tests} of {expected} tests"


def plan_runs(runners: Sequence[Runner], rounds: int) -> list[Run]:
    """A warm-up of each runner, then the rounds, the driver beside each peer.

    The import of torch is timed where unittest is: both make the limit.
    """
    timed = [*runners, *([IMPORT] if UNITTEST in runners else [])]
    runs = [Run(runner, runner.name, WARM_UP) for runner in timed]
    peers = [runner for runner in runners if runner is not DRIVER]
    for number in range(1, rounds + 1):
        for peer in peers or [DRIVER]:
            pair = [DRIVER, peer] if DRIVER in runners and peers else [peer]
            pair += [IMPORT] if peer is UNITTEST else []
            runs += [Run(runner, peer.name, number) for runner in pair]
    return runs


class Meter:
    """Times runs of one workload under one interpreter.

    It is a context manager: it has a temporary folder, with the driver's history.
    """

    def __init__(self, python: str, workload: Workload):
        self._python = python
        self._workload = workload
        self._clean_up = ExitStack()

    def __enter__(self) -> "Meter":
        folder = tempfile.TemporaryDirectory(prefix="torch-bench-")
        self._folder = self._clean_up.enter_context(folder)
        self._history = _new_folder(self._folder, "history")
        return self

    def __exit__(self, *_) -> None:
        self._clean_up.close()

    def count_tests(self) -> int:
        """How many tests the workload has, as unittest loads it.

        Raises BenchError where the interpreter does not run.
        """
        command = [self._python, "-c", _COUNT, *self._workload.files]
        output = run_briefly(command, self._workload.root)
        return int(output.split()[-1])

    def measure(self, run: Run) -> tuple[Measurement, str]:
        """Do a run; what was measured, and what was printed."""
        forgetful = run.runner.forgetful
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            history = _new_folder(scratch, "history") if forgetful else self._history
            report = os.path.join(scratch, "report.json")
            env = environment(os.environ, TORCH_TEST_CACHE=history)
            command = run.runner.command(self._python, self._workload, report)
            with open(os.path.join(scratch, "output"), "w+b") as file:
                seconds, exit_code = _time(command, self._workload.root, env, file)
                file.seek(0)
                output = file.read().decode("utf-8", "replace")
            tests = run.runner.count(output, report)
        measurement = Measurement(
            run.runner.name, run.pair, run.round, seconds, exit_code, tests
        )
        return measurement, output


def measure_all(
    meter: Meter, runs: Sequence[Run], expected: int
) -> Iterator[tuple[Measurement, str]]:
    """Do the runs; those of a runner whose warm-up was at fault are left out."""
    faulty = set()
    for run in runs:
        if faulty & {run.runner.name, run.pair}:
            continue
        measurement, output = meter.measure(run)
        if run.round == WARM_UP and measurement.fault(expected):
            faulty.add(run.runner.name)
        yield measurement, output


def environment(inherited: Mapping[str, str], **more: str) -> dict[str, str]:
    """The environment variables of every run, whichever the runner."""
    kept = {name: inherited[name] for name in inherited if name not in _DROPPED}
    return {**kept, **_SET, **more}


def run_briefly(command: Sequence[str], root: str) -> str:
    """What a command prints that is not timed.  Raises BenchError if it fails."""
    try:
        run = subprocess.run(
            command, cwd=root, env=environment(os.environ), encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise BenchError(f"cannot run {command[0]}: {error.strerror}") from error
    if run.returncode:
        tail = "\n".join(run.stderr.splitlines()[-TAIL_LINES:])
        raise BenchError(f"{command[0]} in {root}: exit code {run.returncode}\n{tail}")
    return run.stdout


def _new_folder(parent: str, name: str) -> str:
    path = os.path.join(parent, name)
    os.mkdir(path)
    return path


def _time(
    command: Sequence[str], root: str, env: Mapping[str, str], output: BinaryIO
) -> tuple[float, int]:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=root, env=env, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
    )  # fmt: skip
    # Not wait(timeout): that polls, and would add to the time.
    timer = threading.Timer(LIMIT_SECONDS, _kill, [process])
    timer.start()
    try:
        exit_code = process.wait()
        return time.perf_counter() - began, exit_code
    finally:
        timer.cancel()
        if process.poll() is None:
            _kill(process)
            process.wait()


def _kill(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
