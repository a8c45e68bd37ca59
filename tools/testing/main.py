"""``run_test.py`` from its command line to its exit code."""

import os
from typing import Optional, Sequence

from tools.testing import exit_codes
from tools.testing.console import complain
from tools.testing.engine import Engine
from tools.testing.errors import NothingToRun, WrongUse
from tools.testing.files import check_writable
from tools.testing.interruption import Interrupted, Interruption
from tools.testing.options import Options, parse_options
from tools.testing.plan import Plan
from tools.testing.processes import available_bytes

MEMORY_SHARE = 0.8  # of what the machine has left, for all workers together


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the suite as the command line says; the exit code."""
    options = parse_options(arguments)
    with Interruption() as interruption:
        try:
            return _run(options, interruption)
        except WrongUse as error:
            complain(map(str, error.args))
            return exit_codes.WRONG_USE
        except NothingToRun as error:
            complain([f"nothing ran in {options.root}: {error}"])
            return exit_codes.NOTHING_RAN
        except Interrupted:
            complain(["interrupted before any test ran"])
            return interruption.exit_code


def _run(options: Options, interruption: Interruption) -> int:
    for path in filter(None, (options.xml, options.json, options.failed_to)):
        check_writable(path)
    # First of all, for torch to be imported while we look for the tests.
    with Engine(_plan(options)) as engine:
        with interruption.raising():
            # Now, for the same reason.
            from tools.testing.finding import find
            from tools.testing.session import Session

            found, history = find(options, engine)
        session = Session(options, engine, history, found, interruption)
        if options.dry_run or options.list_only:
            return session.show()
        return session.run()


def _plan(options: Options) -> Plan:
    jobs = options.jobs or _cores()
    memory = options.memory_limit
    if memory is None:
        available = available_bytes()
        memory = available and int(available * MEMORY_SHARE / jobs)
    return Plan(
        root=options.root,
        timeout=options.timeout,
        memory_limit=memory,
        start_method=options.start_method,
        jobs=jobs,
        isolate=options.isolate,
        writers=options.writers,
        quick=options.quick,
        seed=options.seed,
        show_locals=options.show_locals,
    )


def _cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
