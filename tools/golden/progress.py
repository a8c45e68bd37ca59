"""Progress of long work: a bar in a terminal, a line now and then in a log."""

from collections.abc import Iterator
from contextlib import contextmanager

import rich.progress

from tools.bars import make_bar


class Progress:
    """Counts releases, and the tests of the one at work."""

    def __init__(self, releases: int, bar: rich.progress.Progress) -> None:
        self._bar = bar
        self._releases = bar.add_task("releases", total=releases)
        self._tests = bar.add_task("tests", total=None, visible=False)
        self._reached: set[str] = set()

    def start(self, release: str) -> None:
        """Work on a release begins."""
        self._reached.clear()
        self._bar.update(self._releases, description=f"torch {release}")
        self._bar.update(self._tests, visible=False)

    def expect(self, tests: int) -> None:
        """So many tests will run under the release."""
        self._bar.reset(self._tests, total=tests, visible=True)

    def reached(self, test: str) -> None:
        """An outcome of this test came."""
        self._reached.add(test)
        self._bar.update(self._tests, completed=len(self._reached))

    def say(self, line: str) -> None:
        """A line for the user, above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def finish(self, line: str) -> None:
        """The release is done; ``line`` says what became of it."""
        self._bar.advance(self._releases)
        self.say(line)


@contextmanager
def show_progress(releases: int) -> Iterator[Progress]:
    """Show progress on standard error while the block runs."""
    with make_bar() as bar:
        yield Progress(releases, bar)
