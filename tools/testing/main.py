"""``run_test.py`` from its command line to its exit code."""

import os
import posixpath
import sys
import tempfile
import time
from contextlib import closing
from typing import List, Optional, Sequence, Set, Tuple

from common_ledger import LEDGER_PATH, KnownBreak, LedgerError
from common_releases import parse_release

from tools.testing.children import ChildError
from tools.testing.discovery import find_test_files, folder_of_tests
from tools.testing.execution import Listing, TorchInfo, list_tests, run_file
from tools.testing.ledger import apply_ledger, rows_of, stale_rows
from tools.testing.options import Options, parse_options
from tools.testing.records import Outcome, is_death, is_failure
from tools.testing.report import Reporter
from tools.testing.selection import (
    Selection,
    UnmatchedName,
    files_to_list,
    select,
    without_twins,
)

EXIT_FINE = 0
EXIT_FAILURES = 1
EXIT_WRONG_USE = 2
EXIT_NOTHING_RAN = 5
EXIT_INTERRUPTED = 130  # as a shell tells of SIGINT
OLDEST_RELEASE = "1.0.0"


class WrongUse(Exception):
    """The run cannot begin; one argument for each line to print."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the suite as the command line says; the exit code."""
    options = parse_options(arguments)
    try:
        return _run(options)
    except (WrongUse, UnmatchedName, LedgerError, ChildError) as error:
        for problem in error.args:
            print(f"error: {problem}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(options: Options) -> int:
    rows = rows_of(options.root)
    _check_goldens(options)
    files = find_test_files(options.root)
    imported = files_to_list(files, options)
    listing = list_tests(imported, options.root, timeout=options.timeout)
    if files:
        _check_torch(listing.torch)
    selection = select(files, listing, options)
    if not (selection.tests or selection.problems):
        reason = "nothing is left of its tests" if files else "it has no test files"
        print(f"error: nothing ran in {options.root}: {reason}", file=sys.stderr)
        return EXIT_NOTHING_RAN
    reporter = Reporter(listing.torch, options.root, rows, options.verbose)
    reporter.header(selection, _files_without_tests(imported, listing))
    if options.dry_run:
        reporter.plan(selection)
        return EXIT_FINE
    run = _Run(options, selection, rows, reporter)
    try:
        run.run_files()
    except KeyboardInterrupt:
        reporter.failures(run.outcomes)
        reporter.note("\ninterrupted; what finished:")
        reporter.closing(run.outcomes)
        return EXIT_INTERRUPTED
    complete = imported == files and not listing.problems and options.writers == "*"
    run.judge_ledger(without_twins(listing.tests) if complete else None)
    reporter.failures(run.outcomes)
    reporter.closing(run.outcomes)
    failed = any(is_failure(outcome.state) for outcome in run.outcomes)
    return EXIT_FAILURES if failed else EXIT_FINE


class _Run:
    """The outcomes of a run, as they come."""

    def __init__(
        self,
        options: Options,
        selection: Selection,
        rows: Sequence[KnownBreak],
        reporter: Reporter,
    ):
        self._options = options
        self._selection = selection
        self._rows = rows
        self._reporter = reporter
        self._reader = reporter.torch.version
        self._died: Set[Tuple[str, str]] = set()
        self.outcomes: List[Outcome] = list(selection.problems)

    def run_files(self) -> None:
        """Run file after file."""
        for problem in self._selection.problems:
            self._reporter.outcome(problem)
        files = self._selection.files
        for number, file in enumerate(files, 1):
            self._run_file(f"[{number}/{len(files)}]", file)

    def _run_file(self, place: str, file: str) -> None:
        names = [test.name for test in self._selection.tests if test.file == file]
        first, began = len(self.outcomes), time.monotonic()
        with tempfile.TemporaryFile(buffering=0) as output:
            running = run_file(
                file,
                names,
                root=self._options.root,
                timeout=self._options.timeout,
                output=output,
                writers=self._options.writers,
            )
            with closing(running):
                for outcome in running:
                    self._add(outcome)
            seconds = time.monotonic() - began
            outcomes = self.outcomes[first:]
            self._reporter.file(place, file, outcomes, seconds, output)

    def _add(self, outcome: Outcome) -> None:
        if is_death(outcome.state):
            self._died.add((outcome.file, outcome.test))
        outcome = apply_ledger(outcome, self._rows, self._reader)
        self.outcomes.append(outcome)
        self._reporter.outcome(outcome)

    def judge_ledger(self, suite: Optional[Sequence]) -> None:
        """Add a failure for each stale row; ``suite`` is every test, if known."""
        folder = os.path.relpath(
            folder_of_tests(self._options.root), self._options.root
        )
        self.outcomes += stale_rows(
            self._rows,
            suite,
            [t for t in self._selection.tests if (t.file, t.name) not in self._died],
            self.outcomes,
            self._reader,
            posixpath.normpath(posixpath.join(folder, os.path.basename(LEDGER_PATH))),
        )


def _check_goldens(options: Options) -> None:
    # Late, and by the name alone: a mistake in it must not keep --help away.
    from common_golden import check_folders

    problems = check_folders(folder_of_tests(options.root))
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


def _files_without_tests(files: Sequence[str], listing: Listing) -> List[str]:
    heard = {test.file for test in listing.tests}
    heard.update(problem.file for problem in listing.problems)
    return [file for file in files if file not in heard]
