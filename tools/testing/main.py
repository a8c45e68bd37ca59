"""``run_test.py`` from its command line to its exit code."""

import os
import sys
from typing import List, Optional, Sequence, Tuple

from common_ledger import LedgerError
from common_releases import parse_release

from tools.testing import exit_codes
from tools.testing.console import complain
from tools.testing.discovery import find_test_files, folder_of_tests
from tools.testing.engine import Engine
from tools.testing.files import ReportError, check_writable
from tools.testing.fingerprint import fingerprint_of
from tools.testing.found import Found
from tools.testing.history import History
from tools.testing.interruption import Interrupted, Interruption
from tools.testing.ledger import rows_of
from tools.testing.options import Options, parse_options
from tools.testing.plan import Plan
from tools.testing.processes import available_bytes
from tools.testing.records import TorchInfo
from tools.testing.selection import UnmatchedName, files_to_list, select
from tools.testing.session import Session
from tools.testing.zygotes import EngineError

OLDEST_RELEASE = "1.0.0"
MEMORY_SHARE = 0.8  # of what the machine has left, for all workers together


class WrongUse(Exception):
    """The run cannot begin; one argument for each line to print."""


class NothingToRun(Exception):
    """There is no test to run; the message says why."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the suite as the command line says; the exit code."""
    options = parse_options(arguments)
    wrong = (WrongUse, UnmatchedName, LedgerError, EngineError, ReportError)
    with Interruption() as interruption:
        try:
            return _run(options, interruption)
        except wrong as error:
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
            found, history = _find(options, engine)
        session = Session(options, engine, history, found, interruption)
        if options.dry_run or options.list_only:
            return session.show()
        return session.run()


def _find(options: Options, engine: Engine) -> Tuple[Found, History]:
    """What there is to run; raises NothingToRun where there is nothing."""
    rows = rows_of(options.root)
    files = find_test_files(options.root)
    fingerprint = fingerprint_of(options.root)
    _check_goldens(options)
    if not files:
        raise NothingToRun("it has no test files")
    torch = engine.torch()
    _check_torch(torch)
    history = History(options.root, torch)
    last_failed = history.last_failed() if options.last_failed else None
    if last_failed == ():
        raise NothingToRun("nothing failed when it last ran")
    imported = files_to_list(files, options, last_failed)
    listing = engine.load(imported)
    selection = select(files, listing, options, last_failed)
    if not (selection.tests or selection.problems):
        raise NothingToRun("nothing is left of its tests")
    return Found(files, imported, fingerprint, listing, selection, rows), history


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


def _check_goldens(options: Options) -> None:
    # Late, and by the name alone: a mistake in it must not keep --help away.
    from common_golden import check_folders

    problems: List[str] = check_folders(folder_of_tests(options.root))
    if problems:
        raise WrongUse(*problems)


def _check_torch(torch: TorchInfo) -> None:
    install = f"install one with {sys.executable} -m pip install torch"
    if torch.error:
        raise WrongUse(f"no torch to test ({torch.error}); {install}")
    try:
        too_old = parse_release(torch.version) < parse_release(OLDEST_RELEASE)
    except ValueError as error:
        raise WrongUse(f"{error}, in {torch.folder}; {install}") from error
    if too_old:
        raise WrongUse(
            f"torch {torch.version} in {torch.folder} is too old, the suite needs "
            f"{OLDEST_RELEASE} or newer; {install}"
        )
