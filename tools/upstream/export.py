"""The command ``export``: tests, and all that they need, into a PyTorch checkout."""

import argparse
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from common_golden import PROVENANCE_NAME
from common_releases import ReleaseRange

from tools import ROOT
from tools.golden.declared import declared_goldens, list_suite
from tools.testing import exit_codes
from tools.testing.discovery import find_test_files
from tools.testing.display import plural
from tools.testing.options import Options
from tools.testing.records import Listing
from tools.testing.selection import select, without_twins
from tools.upstream.checkout import Checkout, check_free, open_checkout, write_files
from tools.upstream.classes import test_classes
from tools.upstream.content import Chosen, Content, content_of
from tools.upstream.errors import UpstreamError
from tools.upstream.layout import aggregated
from tools.upstream.needs import Tree

HELP = "copy tests, with all that they need, into a PyTorch checkout"
ADDS, REPLACES, EXTENDS = "adds", "replaces", "extends"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``export``."""
    parser.description = HELP
    parser.add_argument(
        "--to", required=True, metavar="CHECKOUT", help="root folder of the checkout"
    )
    for short, long, what in (
        ("-i", "--include", "take the files that have these"),
        (
            "-x",
            "--exclude",
            "and of those leave out the files that have no others than",
        ),
    ):
        parser.add_argument(
            short,
            long,
            nargs="+",
            action="extend",
            default=[],
            metavar="TEST",
            help=f"{what}: folders, files, classes or tests, as run_test.py takes them",
        )
    parser.add_argument(
        "--writers",
        metavar="RANGE",
        help="take the goldens of all these releases, A..B, A.., ..B, A or * (default: "
        "of the fewest that have each format version)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )


def run(args: argparse.Namespace) -> int:
    """Export, and print what was done and the commands that run the tests there."""
    checkout = open_checkout(Path(args.to))
    writers = _writers(args.writers)
    tree = Tree(Path(ROOT))
    chosen = choose(list_suite(), args.include, args.exclude)
    content = content_of(tree, chosen, checkout, writers)
    changes = export(checkout, content, args.dry_run)
    for line in _summary(changes, content):
        print(line)
    if not changes:
        print(f"{checkout.root}: has all of it, nothing to do")
    elif args.dry_run:
        print("--dry-run: nothing was written")
    print(f"run them in {checkout.root}:")
    for command in commands(tree, chosen.files):
        print(f"    {command}")
    return exit_codes.FINE


def _writers(text: str | None) -> ReleaseRange | None:
    try:
        return ReleaseRange.parse(text) if text is not None else None
    except ValueError as error:
        raise UpstreamError(f"--writers {text}: {error}") from error


def choose(listing: Listing, include: Sequence[str], exclude: Sequence[str]) -> Chosen:
    """The files that have tests of ``include``, of all if that is empty.

    Tests of ``exclude`` do not count.  Raises UnmatchedName for a name that is no test,
    file or folder, and UpstreamError where nothing is left.
    """
    # Of what an aggregator has, the files that it comes from: they can be left out.
    listing = replace(listing, tests=without_twins(listing.tests))
    options = Options(include=tuple(include), exclude=tuple(exclude))
    selection = select(find_test_files(ROOT), listing, options)
    if not selection.tests:
        raise UpstreamError(
            "nothing is left to export; leave less out with -x, and name test files, "
            "not what collects their tests"
        )
    files = selection.files
    return Chosen(
        files,
        frozenset(test.name for test in listing.tests if test.file in files),
        tuple(declared_goldens(listing)),
    )


def export(checkout: Checkout, content: Content, dry_run: bool) -> dict[str, str]:
    """Write what the checkout lacks; path to what became of it, in order.

    Raises UpstreamError, and leaves everything as it was, where a file may not be
    written.  With ``dry_run`` nothing is written.
    """
    there = {path: checkout.read(path) for path in content.files}
    new = {path: text for path, text in content.files.items() if text != there[path]}
    check_free(checkout, new)
    if not dry_run:
        write_files(checkout.root, new)
    return {
        path: ADDS
        if there[path] is None
        else EXTENDS
        if path in content.extended
        else REPLACES
        for path in sorted(new)
    }


def _summary(changes: Mapping[str, str], content: Content) -> Iterator[str]:
    """A line for each file, for goldens one for each folder."""
    of_goldens = {
        posixpath.dirname(path)
        for path in content.files
        if posixpath.basename(path) == PROVENANCE_NAME
    }
    counts: Counter[tuple[str, str]] = Counter()
    for path, action in changes.items():
        folder = posixpath.dirname(path)
        counts[f"{folder}/" if folder in of_goldens else path, action] += 1
    for (place, action), count in counts.items():
        files = f" ({plural(count, 'file')})" if place.endswith("/") else ""
        yield f"{action:8} {place}{files}"


def commands(tree: Tree, files: Sequence[str]) -> list[str]:
    """The commands that run the tests of these files from a checkout's root."""
    found: dict[str, list[str]] = {}
    for file in files:
        row = aggregated(file)
        if row is None or row.runs_directly:
            found[f"python {file}"] = []
        else:
            names = [c.name for c in test_classes(tree, file) if c.has_tests]
            found.setdefault(f"python {row.aggregator}", []).extend(names)
    return [" ".join((command, *names)) for command, names in found.items()]
