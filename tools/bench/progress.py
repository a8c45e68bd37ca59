"""Progress of a benchmark: a bar in a terminal, and a line for each run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.bars import make_bar


@contextmanager
def show_progress(title: str, runs: int) -> Iterator[Callable[[str], None]]:
    """Show progress on standard error; call what it gives with a line a run."""
    bar = make_bar()
    task = bar.add_task(title, total=runs)

    def finished(line: str) -> None:
        bar.advance(task)
        bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    with bar:
        yield finished
