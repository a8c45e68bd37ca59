"""The command ``accept``: the ledger of known breaks, rewritten from the cells.

A row that describes nothing any more goes; one that lists what passes is narrowed where
that can be done by its ranges; what no row lists becomes a row without cause, which the
suite refuses to load until somebody has found it.  Rows keep their cause and their
place, comments stay.
"""

import argparse
import csv
import fnmatch
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common_ledger import LEDGER_PATH, KnownBreak, cell_name, load_ledger
from common_releases import ReleaseRange, parse_release

from tools import TEST_FOLDER
from tools.golden.declared import DeclaredGolden, declared_goldens, list_suite
from tools.golden.releases import load_releases
from tools.matrix.cells import Cell
from tools.matrix.errors import MatrixError
from tools.matrix.events import expects, find_row, is_promised, shortened
from tools.matrix.options import add_store_option
from tools.matrix.readers import choose_readers
from tools.matrix.store import MatrixStore
from tools.matrix.targets import find_targets
from tools.matrix.work import stale_targets
from tools.testing.files import write_atomically
from tools.testing.records import SKIPPED, Listing

HELP = "rewrite known_breaks.csv from a complete run"
EXIT_FINE, EXIT_OPEN = 0, 1


@dataclass(frozen=True)
class Change:
    """What becomes of one row: None where it goes, and why."""

    row: KnownBreak
    after: KnownBreak | None
    why: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``accept``."""
    parser.description = HELP
    add_store_option(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would change, and change nothing",
    )


def run(args: argparse.Namespace) -> int:
    """Rewrite the ledger; 1 where rows without cause, or conflicts, are left."""
    rows = load_ledger()
    with MatrixStore(Path(args.store), create=False) as store:
        listing = list_suite()
        goldens = tuple(declared_goldens(listing))
        _check_complete(store, listing, goldens)
        releases = {reader.name: reader.facts["torch"] for reader in store.readers()}
        cells = [
            cell
            for cell in store.cells()
            if cell.state != SKIPPED and cell.writer and is_promised(cell, releases)
        ]
    unread = {test.name for test in listing.tests} - {each.test for each in goldens}
    changes = list(find_changes(rows_told_of(rows, unread), cells, releases))
    added = list(new_rows(rows, cells, releases))
    for change in changes:
        print(f"line {change.row.line}: {change.why}")
    for row in added:
        print(f"new, its cause is to be found: {row[0]} {row[1]} read by {row[2]}")
    if not args.dry_run:
        path = Path(LEDGER_PATH)
        write_atomically(LEDGER_PATH, rewritten(path.read_text(), changes, added))
    conflicts = any(change.after is change.row for change in changes)
    return EXIT_OPEN if added or conflicts else EXIT_FINE


def _check_complete(
    store: MatrixStore, listing: Listing, goldens: Iterable[DeclaredGolden]
) -> None:
    """Raise MatrixError where the store lacks a reader or a target."""
    targets = find_targets(goldens, Path(TEST_FOLDER))
    lacking = [
        reader.name
        for reader in choose_readers("*", listing.torch)
        if stale_targets(targets, store.digests(reader))
    ]
    if lacking:
        raise MatrixError(
            f"{store.path}: not complete, {len(lacking)} of {len(load_releases())} "
            f"readers have goldens to read, such as {lacking[0]}; first: "
            "python -m tools.matrix run"
        )


def rows_told_of(
    rows: Iterable[KnownBreak], unread: Iterable[str]
) -> Iterator[KnownBreak]:
    """The rows that the matrix tells of: none of tests that it does not read."""
    unread = tuple(unread)
    for row in rows:
        if not any(_may_list(row, test) for test in unread):
            yield row


def find_changes(
    rows: Iterable[KnownBreak], cells: Sequence[Cell], releases: Mapping[str, str]
) -> Iterator[Change]:
    """The rows that change; ``cells`` are those that count, no skipped ones."""
    by_test: dict[str, list[Cell]] = {}
    for cell in cells:
        by_test.setdefault(cell.test, []).append(cell)
    for row in rows:
        listed = [
            cell
            for test, own in by_test.items()
            if _may_list(row, test)
            for cell in own
            if row.lists(_name(cell), cell.writer, releases[cell.reader])
        ]
        failing = [c for c in listed if c.is_dead or expects(row, c.message)]
        failing = [c for c in failing if c.is_broken]
        if not failing:
            yield Change(row, None, "describes nothing any more: it goes")
        elif any(not cell.is_broken for cell in listed):
            yield _narrowed(row, listed, failing, releases)


def _may_list(row: KnownBreak, test: str) -> bool:
    pattern, has_parameters, _ = row.test.partition("(")
    if fnmatch.fnmatchcase(test, pattern):
        return True
    # A star may stand for the parameters, too.
    return "*" in pattern and not has_parameters and test.startswith(row.stem)


def _name(cell: Cell) -> str:
    return cell_name(cell.test, dict(cell.parameters))


def _narrowed(
    row: KnownBreak,
    listed: Sequence[Cell],
    failing: Sequence[Cell],
    releases: Mapping[str, str],
) -> Change:
    """The row with the smallest ranges that hold what fails."""
    writers = _span([cell.writer for cell in failing])
    readers = _span([releases[cell.reader] for cell in failing])
    newest = max(map(parse_release, releases.values()))
    if row.readers.until is None and parse_release(str(readers.until)) == newest:
        readers = replace(readers, until=None)  # releases to come are listed, too
    narrow = replace(row, writers=writers, readers=readers)
    passing = [
        cell
        for cell in listed
        if not cell.is_broken
        and narrow.lists(_name(cell), cell.writer, releases[cell.reader])
    ]
    if passing:
        cell = passing[0]
        return Change(
            row,
            row,
            f"lists {len(passing)} cells that pass, such as {_name(cell)} of "
            f"{cell.writer} read by {cell.reader}: split it by hand",
        )
    return Change(row, narrow, f"narrowed to {writers} read by {readers}")


def _span(versions: Iterable[str]) -> ReleaseRange:
    # A wheel's version may be 2.2.2+cu121.
    releases = sorted(set(map(parse_release, versions)))
    ordered = [".".join(map(str, release)) for release in releases]
    return ReleaseRange(ordered[0], ordered[-1])


def new_rows(
    rows: Sequence[KnownBreak], cells: Iterable[Cell], releases: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Rows, without cause and reference, for what fails and no row lists."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.is_broken and not find_row(rows, cell, releases[cell.reader]):
            error = shortened(cell.message).replace("#", "*")
            groups.setdefault((_name(cell), error), []).append(cell)
    for (name, error), own in sorted(groups.items()):
        writers = _span(cell.writer for cell in own)
        readers = _span(releases[cell.reader] for cell in own)
        yield name, str(writers), str(readers), error, "", ""


def rewritten(
    text: str, changes: Iterable[Change], added: Iterable[Sequence[str]]
) -> str:
    """The text of the ledger after the changes; all other lines stay as they are."""
    lines: list[str | None] = list(text.splitlines())
    for change in changes:
        if change.after is not change.row:
            lines[change.row.line - 1] = change.after and _line(_fields(change.after))
    kept = [line for line in lines if line is not None]
    return "\n".join([*kept, *map(_line, added)]) + "\n"


def _fields(row: KnownBreak) -> tuple[str, ...]:
    return (
        row.test,
        str(row.writers),
        str(row.readers),
        row.message,
        row.cause,
        row.reference,
    )


def _line(fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(fields)
    return buffer.getvalue()
