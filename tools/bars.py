"""The progress bar of long-running tools."""

import sys

import rich.progress
from rich.console import Console


def make_bar() -> rich.progress.Progress:
    """A bar on standard error, shown where that is a terminal; a context manager.

    Lines printed on its ``console`` stay above it, and are all that a log has.
    """
    console = Console(file=sys.stderr)
    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
