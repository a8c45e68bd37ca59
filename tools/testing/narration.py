"""Having the user see what the workers do."""

import time
from typing import Dict

from tools.testing.events import Began, Event, Finished, Printed, Rested, Tick
from tools.testing.output import TAIL_LINES, output_lines
from tools.testing.report import Reporter


class Narrator:
    """Tells a reporter of events, other than outcomes, as they come.

    ``whole``: of what was printed all, and not its end.
    """

    def __init__(self, reporter: Reporter, whole: bool):
        self._reporter = reporter
        self._limit = None if whole else TAIL_LINES
        self._began: Dict[str, float] = {}

    def tell(self, event: Event) -> None:
        """Have the user see what happens."""
        reporter, now = self._reporter, time.monotonic()
        if isinstance(event, Began):
            self._began.setdefault(event.identity, now)
            reporter.started(event.worker, event.identity, event.parameters)
        elif isinstance(event, Finished):
            seconds = now - self._began.pop(event.identity, now)
            reporter.done(event.worker, event.identity, seconds)
        elif isinstance(event, Printed):
            lines, left_out = output_lines(event.output, event.start, self._limit)
            reporter.output(event.worker, lines, left_out)
        elif isinstance(event, Rested):
            reporter.idle(event.worker)
        elif isinstance(event, Tick):
            reporter.tick(now)
