"""Progress of a benchmark: a bar in a terminal, and a line for each run."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rich.progress
from rich.console import Console


@contextmanager
def show_progress(title: str, runs: int) -> Iterator[Callable[[str], None]]:
    """Show progress on standard error; call what it gives with a line a run."""
    console = Console(file=sys.stderr)
    bar = rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    task = bar.add_task(title, total=runs)

    def finished(line: str) -> None:
        bar.advance(task)
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    with bar:
        yield finished
