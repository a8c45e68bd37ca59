"""``python -m tools.bench driver``: our driver against the runners that exist."""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from tools.bench.comparison import compare
from tools.bench.errors import BenchError
from tools.bench.measuring import (
    TAIL_LINES,
    WARM_UP,
    Measurement,
    Meter,
    measure_all,
    plan_runs,
    run_briefly,
)
from tools.bench.progress import show_progress
from tools.bench.runners import RUNNERS, WORKERS, Runner
from tools.bench.table import to_markdown
from tools.bench.workloads import WORKLOADS, Workload
from tools.testing.files import check_writable, write_atomically

HELP = "our driver against unittest, pytest, pytest-xdist and unittest-parallel"
ROUNDS = 5

_VERSIONS = """\
import json, platform, sys
from importlib import metadata
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS),
        metavar="NAME", help="only these: " + ", ".join(WORKLOADS),
    )  # fmt: skip
    names = [runner.name for runner in RUNNERS]
    parser.add_argument(
        "--runner", nargs="+", choices=names, default=names,
        metavar="NAME", help="only these: " + ", ".join(names),
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=_positive, default=ROUNDS, metavar="N",
        help="how often each is measured, beside a warm-up (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--python", default=sys.executable,
        help="the interpreter that runs them all (default: this one)",
    )  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write each run to this file")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 where every runner did all of its work, 1 if not.

    Raises BenchError, or ReportError for ``--json``.
    """
    if args.json:
        check_writable(args.json)
    runners = [runner for runner in RUNNERS if runner.name in args.runner]
    names = [runner.name for runner in runners]
    machine = _machine(args.python, runners)
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    results, fine = [], True
    for name in args.workload:
        with WORKLOADS[name]() as workload:
            tests, measurements = _measure(args.python, workload, runners, args.rounds)
        comparison = compare(names, measurements, tests, WORKERS)
        fine = fine and not any(row.fault for row in comparison.rows)
        count = f"{tests} tests in {len(workload.files)} files"
        print(f"\n{name}: {workload.title}, {count}\n")
        print(to_markdown(comparison, WORKERS), flush=True)
        results.append(_result(workload, tests, measurements))
    if args.json:
        content = {"machine": machine, "workloads": results}
        write_atomically(args.json, json.dumps(content, indent=1) + "\n")
    return 0 if fine else 1


def _measure(
    python: str, workload: Workload, runners: Sequence[Runner], rounds: int
) -> tuple[int, list[Measurement]]:
    """The number of tests, and what was measured."""
    measurements = []
    runs = plan_runs(runners, rounds)
    with (
        Meter(python, workload) as meter,
        show_progress(workload.name, len(runs)) as finished,
    ):
        tests = meter.count_tests()
        for measurement, output in measure_all(meter, runs, tests):
            measurements.append(measurement)
            finished(_line(workload, measurement, measurement.fault(tests), output))
    return tests, measurements


def _line(workload: Workload, run: Measurement, fault: str, output: str) -> str:
    place = "warm-up" if run.round == WARM_UP else f"round {run.round}"
    line = f"{workload.name} {place} {run.runner} {run.seconds:.2f} s"
    if not fault:
        return line
    tail = "".join(f"\n  | {text}" for text in output.splitlines()[-TAIL_LINES:])
    return f"{line}: {fault}{tail}"


def _machine(python: str, runners: Sequence[Runner]) -> Mapping[str, object]:
    """What the numbers depend on.  Raises BenchError where a peer is missing."""
    needs = list(dict.fromkeys(name for runner in runners for name in runner.needs))
    command = [python, "-c", _VERSIONS, "torch", *needs]
    versions = json.loads(run_briefly(command, os.getcwd()))
    missing = [name for name in needs if versions[name] is None]
    if missing:
        raise BenchError(
            f"{python} has no {', '.join(missing)}: run {python} -m pip install -e "
            "'.[bench]', or name the other runners with --runner"
        )
    now = datetime.now(timezone.utc)
    return {
        "started": now.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        **versions,
    }


def _result(workload: Workload, tests: int, measurements: list[Measurement]) -> dict:
    return {
        "workload": workload.name,
        "files": len(workload.files),
        "tests": tests,
        "runs": [dataclasses.asdict(measurement) for measurement in measurements],
    }


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number above 0: {text}")
    return int(text)
