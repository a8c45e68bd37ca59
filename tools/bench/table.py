"""A comparison as a table in Markdown, aligned so that it is read as it is, too."""

from collections.abc import Sequence

from tools.bench.comparison import Comparison, Limit, Row, Spread
from tools.bench.runners import DRIVER, RUNNERS

_TITLES = {runner.name: runner.title for runner in RUNNERS}
_HEAD = ("runner", "tests", "seconds", f"÷ {DRIVER.title}", "÷ limit")
_NONE = "–"


def to_markdown(comparison: Comparison, workers: int) -> str:
    """The table, and below it what the limit is made of."""
    rows = [_HEAD, *map(_cells, comparison.rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|-" + "-|-".join("-" * width for width in widths) + "-|")
    lines += ["", "median (lowest to highest); ratios are of runs side by side"]
    if comparison.limit:
        lines.append(_limit(comparison.limit, workers))
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    first = (_TITLES[row.runner], _NONE if row.tests is None else str(row.tests))
    if row.fault:
        return (*first, row.fault, _NONE, _NONE)
    to_driver = "1" if row.runner == DRIVER.name else _spread(row.to_driver)
    return (*first, _spread(row.seconds), to_driver, _spread(row.to_limit))


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return _NONE
    return f"{spread.median:.2f} ({spread.lowest:.2f} to {spread.highest:.2f})"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths))
    return "| " + " | ".join(padded) + " |"


def _limit(limit: Limit, workers: int) -> str:
    return (
        f"limit {_spread(limit.seconds)} s: one import of torch, "
        f"{limit.of_import.median:.2f} s, and what unittest takes beyond it, "
        f"{limit.of_unittest.median:.2f} s less the import, shared by {workers} workers"
    )
