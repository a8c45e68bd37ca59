"""The command ``events``: each break and mend, by cause."""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from common_ledger import load_ledger
from common_releases import parse_release

from tools.matrix.events import (
    NEW,
    Event,
    few,
    find_events,
    shortened,
    writers_text,
)
from tools.matrix.newer import newer_table
from tools.matrix.options import add_store_option
from tools.matrix.store import MatrixStore

HELP = "list what each release broke and mended, by cause"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``events``."""
    parser.description = HELP
    add_store_option(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--json", action="store_true", help="print a list of objects instead"
    )
    kinds.add_argument(
        "--newer",
        action="store_true",
        help="instead: for each format, how far back today's files can be read",
    )


def run(args: argparse.Namespace) -> int:
    """Print them; always 0."""
    with MatrixStore(Path(args.store), create=False) as store:
        releases = {reader.name: reader.facts["torch"] for reader in store.readers()}
        if args.newer:
            for line in newer_table(store.cells(), releases):
                print(line)
            return 0
        events = find_events(store.cells(), releases, load_ledger())
    if args.json:
        print(json.dumps([event.to_json() for event in events], indent=1))
        return 0
    for line in event_lines(events):
        print(line)
    return 0


def event_lines(events: Sequence[Event]) -> Iterator[str]:
    """The events for people: a paragraph for each cause, of most writers first."""
    causes: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        # What has no cause yet is told apart by its error.
        error = shortened(event.error) if event.cause == NEW else ""
        causes.setdefault((event.cause, error), []).append(event)
    for (cause, _), found in sorted(causes.items(), key=lambda item: _weight(item[1])):
        reference = f" [{found[0].reference}]" if found[0].reference else ""
        yield f"{cause}{reference}"
        for (broke, mended), same in groupby(
            sorted(found, key=_span), key=attrgetter("broke", "mended")
        ):
            group = list(same)
            tests = sorted({event.test for event in group})
            written_by = (writer for event in group for writer in event.writers)
            until = f", mended by {mended}" if mended else ""
            yield (
                f"    broken by {broke}{until}: written by "
                f"{writers_text(written_by)}; {few(tests)}"
            )
        yield f"    {found[0].error[:200]}"
        yield ""
    yield f"{len(events)} events of {len(causes)} causes"


def _weight(events: Sequence[Event]) -> tuple[int, int]:
    writers = {writer for event in events for writer in event.writers}
    return (-len(writers), -sum(event.cells for event in events))


def _span(event: Event) -> tuple:
    mended = parse_release(event.mended) if event.mended else (99,)
    return (parse_release(event.broke), mended, event.broke, event.mended or "")
