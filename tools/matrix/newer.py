"""Reading newer files with older releases: how far back today's can be read.

Nobody promises that; people depend on it when they serve with an older release than
they train with.
"""

from collections.abc import Iterable, Iterator, Mapping

from common_releases import parse_release

from tools.matrix.cells import Cell
from tools.testing.records import SKIPPED

HEADER = ("format", "written by", "all read from", "some read from")


def format_of(cell: Cell) -> str:
    """Area and kind of the file that a cell is about: ``jit script.pt``."""
    area = "/".join(cell.file.split("/")[1:-1]) or cell.file
    kind = dict(cell.parameters).get("file", "")
    return f"{area} {kind}".strip()


def newer_table(cells: Iterable[Cell], releases: Mapping[str, str]) -> Iterator[str]:
    """Lines: for each format the oldest readers of what the newest release wrote."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.writer and cell.state != SKIPPED:
            found.setdefault(format_of(cell), []).append(cell)
    rows = [HEADER]
    for name, own in sorted(found.items()):
        newest = max({cell.writer for cell in own}, key=parse_release)
        rows.append((name, newest, *_oldest(own, newest, releases)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        texts = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(texts).rstrip()


def _oldest(
    cells: Iterable[Cell], writer: str, releases: Mapping[str, str]
) -> tuple[str, str]:
    """The oldest reader from which on all cells of a writer are read, and any."""
    whole: dict[str, bool] = {}
    some: dict[str, bool] = {}
    for cell in cells:
        if cell.writer == writer:
            whole[cell.reader] = whole.get(cell.reader, True) and cell.is_read
            some[cell.reader] = some.get(cell.reader, False) or cell.is_read
    ordered = sorted(whole, key=lambda reader: parse_release(releases[reader]))
    return _from(ordered, whole), _from(ordered, some)


def _from(readers: list[str], holds: Mapping[str, bool]) -> str:
    """The first reader from which on it holds of all; ``none`` where of none."""
    oldest = "none"
    for reader in reversed(readers):
        if not holds[reader]:
            break
        oldest = reader
    return oldest
