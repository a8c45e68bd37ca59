"""The command ``report``: the matrix as a page, or as a picture."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from common_ledger import load_ledger

from tools.matrix.cells import Reader
from tools.matrix.errors import MatrixError
from tools.matrix.events import Event, find_events
from tools.matrix.grid import LEGEND, Grids, Square, make_grids
from tools.matrix.options import add_store_option
from tools.matrix.store import MatrixStore
from tools.testing.files import ReportError, check_writable, write_atomically

HELP = "write the matrix as one HTML page, or as an SVG picture"
TEMPLATES = Path(__file__).with_name("templates")
MOST_TESTS = 12  # that a square of the page names of each kind of failure
# The picture, in pixels.
SIZE, LEFT, TOP = 18, 64, 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``report``."""
    parser.description = HELP
    add_store_option(parser)
    parser.add_argument("--html", metavar="FILE", help="a page that needs no network")
    parser.add_argument("--svg", metavar="FILE", help="an overview for a README")


def run(args: argparse.Namespace) -> int:
    """Write what was asked for; always 0."""
    if not (args.html or args.svg):
        raise MatrixError("report: name a file, with --html or --svg")
    for path in filter(None, (args.html, args.svg)):
        try:
            check_writable(path)
        except ReportError as error:
            raise MatrixError(str(error)) from error
    with MatrixStore(Path(args.store), create=False) as store:
        readers = store.readers()
        releases = {reader.name: reader.facts["torch"] for reader in readers}
        rows = load_ledger()
        grids = make_grids(store.cells(), releases, rows)
        events = find_events(store.cells(), releases, rows)
    if args.html:
        write_atomically(args.html, page(grids, readers, events))
    if args.svg:
        write_atomically(args.svg, picture(grids))
    return 0


def page(grids: Grids, readers: Sequence[Reader], events: Sequence[Event]) -> str:
    """The HTML page."""
    data = {
        **_squares(grids),
        "legend": [[key, *LEGEND[key]] for key in LEGEND],
        "readers": [{"name": r.name, **_plain(r.facts)} for r in readers],
        "events": [{**event.to_json(), "file": event.file} for event in events],
    }
    # So that no text of a message ends the element that holds it.
    text = json.dumps(data).replace("<", "\\u003c")
    return _template("report.html.j2").render(data=text, legend=LEGEND, grids=grids)


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "name"}


def _squares(grids: Grids) -> dict[str, object]:
    """The squares with each text once, in a list."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    squares = {}
    for (name, writer, reader), square in grids.squares.items():
        key = (
            grids.formats.index(name),
            grids.writers.index(writer),
            grids.readers.index(reader),
        )
        squares["{},{},{}".format(*key)] = [
            [
                group.outcome,
                count,
                number(group.state),
                number(group.error),
                number(group.cause),
                number(group.reference),
                [number(test) for test in _some_tests(square, group)],
                len(square.tests.get(group, ())),
            ]
            for group, count in square.counts.most_common()
        ]
    return {
        "formats": grids.formats,
        "writers": grids.writers,
        "columns": grids.readers,
        "squares": squares,
        "texts": list(texts),
    }


def _some_tests(square: Square, group) -> list[str]:
    return sorted(square.tests.get(group, ()))[:MOST_TESTS]


def picture(grids: Grids) -> str:
    """The SVG: of each writer and reader the share of cells that are read."""
    totals: dict[tuple[str, str], list[int]] = {}
    for (_, writer, reader), square in grids.squares.items():
        total = totals.setdefault((writer, reader), [0, 0])
        for group, count in square.counts.items():
            if group.outcome != "lacking":
                total[0] += count * (group.outcome == "read")
                total[1] += count
    squares = [
        {
            "x": LEFT + SIZE * grids.readers.index(reader),
            "y": TOP + SIZE * grids.writers.index(writer),
            "writer": writer,
            "reader": reader,
            "read": read,
            "all": count,
            "percent": 100 * read // count,
        }
        for (writer, reader), (read, count) in sorted(totals.items())
        if count
    ]
    return _template("overview.svg.j2").render(
        grids=grids, squares=squares, size=SIZE, left=LEFT, top=TOP
    )


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
