"""The command ``bisect``: the first release that fails, among all patch releases."""

import argparse
from collections.abc import Callable, Sequence

from common_releases import parse_release

from tools.golden.declared import declared_goldens, list_suite
from tools.golden.patches import registry_releases
from tools.matrix.cells import cell_of
from tools.matrix.errors import MatrixError
from tools.matrix.reading import Unit, read_unit
from tools.testing.records import SKIPPED

HELP = "find the first release that fails a test, among all patch releases"

Judge = Callable[[str], str]  # of a release the error, or nothing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``bisect``."""
    parser.description = HELP
    parser.add_argument("test", metavar="TEST", help="Class.test, of a golden test")
    parser.add_argument(
        "--writer", metavar="W", required=True, help="the release whose golden is read"
    )
    parser.add_argument(
        "--until", metavar="R", help="the last release to look at (default: the newest)"
    )
    parser.add_argument(
        "--linear", action="store_true", help="try each release, the oldest first"
    )


def run(args: argparse.Namespace) -> int:
    """Print each release that is tried, and the first that fails."""
    file = _file_of(args.test)
    releases = [
        release.version
        for release in registry_releases()
        if parse_release(release.version) >= parse_release(args.writer)
        and (
            not args.until
            or parse_release(release.version) <= parse_release(args.until)
        )
    ]
    if len(releases) < 2:
        raise MatrixError(
            f"--writer {args.writer}: the registry has nothing newer to compare it with"
        )

    def judge(release: str) -> str:
        error = _error(release, file, args.test, args.writer)
        print(f"{release}: {error or 'reads it'}", flush=True)
        return error

    found = first_linear(releases, judge) if args.linear else first_bad(releases, judge)
    if found is None:
        print(f"every release that was tried reads it, up to {releases[-1]}")
    else:
        print(f"first that fails: {found}")
    return 0


def first_bad(releases: Sequence[str], judge: Judge) -> str | None:
    """The first release that fails, by halving; None where the last one does not.

    Finds one place where a release fails and the one before it does not.
    """
    if not judge(releases[-1]):
        return None
    if judge(releases[0]):
        return releases[0]
    good, bad = 0, len(releases) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if judge(releases[middle]):
            bad = middle
        else:
            good = middle
    return releases[bad]


def first_linear(releases: Sequence[str], judge: Judge) -> str | None:
    """The same by trying each."""
    return next((release for release in releases if judge(release)), None)


def _file_of(test: str) -> str:
    files = {g.file for g in declared_goldens(list_suite()) if g.test == test}
    if len(files) != 1:
        raise MatrixError(
            f"{test}: no test with goldens is called so; python run_test.py --dry-run "
            "lists the tests"
        )
    return files.pop()


def _error(release: str, file: str, test: str, writer: str) -> str:
    """The first error of the release with this golden, or nothing."""
    unit = Unit(release, f"{writer}..{writer}", ((file, test),))
    cells = [cell_of(each, release) for each in read_unit(unit).outcomes]
    if all(cell.state == SKIPPED for cell in cells):
        raise MatrixError(f"torch {release} does not run {test}: {cells[0].message}")
    return next((cell.message[:160] for cell in cells if cell.is_broken), "")
