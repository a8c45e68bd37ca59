"""The live display in a terminal; the only module that needs rich."""

from typing import List, Optional, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from tools.testing.console import SafeStream, clean_line
from tools.testing.display import Display, shown_path, time_left
from tools.testing.progress import SLOW_SECONDS, Progress, RunningTest
from tools.testing.records import FAILED, PASSED

REFRESH_SECONDS = 0.1  # no oftener than this
_BAR_WIDTH = 30  # characters, less in a narrow terminal


class LiveDisplay(Display):
    """What each worker runs, and a bar, below the lines that stay."""

    def __init__(self, out: SafeStream, progress: Progress):
        super().__init__(out, progress)
        self._lines: List[str] = []  # to be shown with the next refresh
        self._now = 0.0
        self._shown = float("-inf")  # when it was last refreshed
        self._console = Console(file=out, highlight=False)
        # Refreshed by the caller's loop: a thread would forbid to fork.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            get_renderable=self._rendered,
            vertical_overflow="crop",
        )
        self._live.start()

    def _write(self, text: str) -> None:
        # With the next refresh: many lines at once cost little.
        self._lines.append(text)

    def refresh(self, now: float, slow: Sequence[RunningTest]) -> None:
        """As the base class; slow tests are told in their rows."""
        self._now = now
        if now - self._shown >= REFRESH_SECONDS:
            self._shown = now
            self._show_lines()
            self._live.refresh()

    def close(self) -> None:
        """As the base class."""
        if self._live.is_started:
            self._show_lines()
            self._live.stop()

    def _show_lines(self) -> None:
        if self._lines:
            text = "".join(f"{line}\n" for line in self._lines)
            self._lines.clear()
            # A segment is written as it is: nothing is marked up, wrapped or cut.
            self._console.print(Segments([Segment(text)]), soft_wrap=True)

    def _rendered(self) -> Group:
        room = self._console.height - 2  # for the bar, and the line of the cursor
        rows = [self._row(running) for running in self._progress.running.values()]
        return Group(*rows[:room], self._bar())

    def _row(self, running: Optional[RunningTest]) -> Text:
        row = Text(no_wrap=True, overflow="ellipsis")
        if running is None:
            return row
        seconds = running.seconds(self._now)
        if seconds >= SLOW_SECONDS:
            row.append(f"{seconds:5.0f} s  slow  ", "yellow")
        else:
            row.append(f"{seconds:5.0f} s  " if seconds >= 1 else " " * 9)
        row.append(clean_line(running.name))
        row.append(f"  {shown_path(running.file)}", "dim")
        return row

    def _bar(self) -> Text:
        progress = self._progress
        width = min(_BAR_WIDTH, self._console.width // 3)
        filled = width * progress.done // max(progress.total, 1)
        full, empty = ("#", "-") if self._console.options.ascii_only else ("━", "━")
        bar = Text(no_wrap=True, overflow="ellipsis")
        bar.append(full * filled, "green")
        bar.append(empty * (width - filled), "dim")
        bar.append(f"  {progress.done}/{progress.total} tests")
        bar.append(f"  {progress.counts[PASSED]} passed")
        if progress.counts[FAILED]:
            bar.append(f"  {progress.counts[FAILED]} failed", "bold red")
        bar.append(f"  {time_left(progress, self._now)}")
        return bar
