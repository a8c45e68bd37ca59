"""Finding out what there is to run: tests, ledger, goldens, torch."""

import sys
from typing import List, Tuple

from common_golden import check_folders
from common_ledger import LedgerError
from common_releases import parse_release

from tools.testing.discovery import find_test_files, folder_of_tests
from tools.testing.engine import Engine
from tools.testing.errors import NothingToRun, WrongUse
from tools.testing.fingerprint import fingerprint_of
from tools.testing.found import Found
from tools.testing.history import History
from tools.testing.ledger import rows_of
from tools.testing.options import Options
from tools.testing.records import TorchInfo
from tools.testing.selection import files_to_list, select

OLDEST_RELEASE = "1.0.0"


def find(options: Options, engine: Engine) -> Tuple[Found, History]:
    """What there is to run.

    Raises NothingToRun where there is nothing, WrongUse where something of it cannot
    be used.
    """
    try:
        rows = rows_of(options.root)
    except LedgerError as error:
        raise WrongUse(*error.args) from error
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


def _check_goldens(options: Options) -> None:
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
