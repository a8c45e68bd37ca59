"""What the user sees while tests run: little, lines in a log, or a live display."""

from typing import List, Mapping, Optional, Sequence

from tools.testing.console import SafeStream, clean, clean_line
from tools.testing.progress import FileProgress, Progress, RunningTest
from tools.testing.records import (
    FAILED,
    KNOWN_BREAK,
    PASSED,
    SKIPPED,
    UNPROMISED,
)

LOG_SECONDS = 30.0  # so often a log says at least how far the run is


class Display:
    """Shows the lines that it is given, and nothing else; base of the others."""

    def __init__(self, out: SafeStream, progress: Progress):
        self._out = out
        self._progress = progress

    def line(self, text: str) -> None:
        """A line of its own, or some; what is unsafe in it is escaped."""
        self._write(clean(text))

    def _write(self, text: str) -> None:
        self._out.line(text)

    def file_done(self, file: FileProgress) -> None:
        """All tests of a file have ended."""

    def refresh(self, now: float, slow: Sequence[RunningTest]) -> None:
        """Some time has passed; tests that are to be announced as slow."""

    def close(self) -> None:
        """Leave the terminal as it was; once, or more often."""


class LogDisplay(Display):
    """A line for each file, for slow tests, and now and then for the whole."""

    _told: Optional[float] = None  # when a line last said how far the run is

    def file_done(self, file: FileProgress) -> None:
        """As the base class."""
        place = f"[{self._progress.files_done}/{self._progress.files}]"
        told = counted(file.counts) or "nothing ran"
        self.line(f"{place} {shown_path(file.name)}  {told}  {file.seconds:.1f} s")

    def refresh(self, now: float, slow: Sequence[RunningTest]) -> None:
        """As the base class."""
        for running in slow:
            name, file = clean_line(running.name), shown_path(running.file)
            self.line(f"slow: {name} running for {running.seconds(now):.0f} s, {file}")
        if self._told is None:
            self._told = now
        elif now - self._told >= LOG_SECONDS:
            self._told = now
            self.line(", ".join(self._standing(now)))

    def _standing(self, now: float) -> List[str]:
        progress = self._progress
        words = [f"{progress.done} of {plural(progress.total, 'test')} done"]
        words += [f"{progress.counts[FAILED]} failed", time_left(progress, now)]
        return [word for word in words if word]


def counted(counts: Mapping[str, int]) -> str:
    """``120 passed, 1 failed, 2 known breaks``: what there is of each state."""
    order = (PASSED, FAILED, SKIPPED, KNOWN_BREAK, UNPROMISED)
    return ", ".join(count_of(counts[state], state) for state in order if counts[state])


def count_of(count: int, state: str) -> str:
    """``2 known breaks``, ``2 passed``."""
    return plural(count, state) if state == KNOWN_BREAK else f"{count} {state}"


def plural(count: int, noun: str) -> str:
    """``1 test``, ``2 tests``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def time_left(progress: Progress, now: float) -> str:
    """``about 12 s left``, as far as it can be told."""
    seconds = progress.seconds_left(now)
    if seconds is None or progress.done == progress.total:
        return ""
    if seconds < 60:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


def shown_path(file: str) -> str:
    """A test file's path, without the folder that all of them have."""
    return clean_line(file[len("test/") :] if file.startswith("test/") else file)
