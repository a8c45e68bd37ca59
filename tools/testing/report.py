"""What the user reads of a run: header, progress, failures, and how it all went."""

import os
import sys
from typing import Dict, List, Mapping, Optional, Sequence, TextIO

from common_ledger import KnownBreak

from tools.testing.console import SafeStream, clean_line
from tools.testing.display import (
    Display,
    LogDisplay,
    count_of,
    plural,
    shown_path,
)
from tools.testing.failure import failure_block, failure_line, marked, outcome_line
from tools.testing.options import Options
from tools.testing.plan import SPAWN
from tools.testing.progress import Progress, file_of
from tools.testing.records import (
    KNOWN_BREAK,
    PASSED,
    SKIPPED,
    UNPROMISED,
    ListedTest,
    Outcome,
    RunInfo,
    RunResult,
    TorchInfo,
    is_failure,
)
from tools.testing.summary import count_areas, count_states, failures

_DUMB = ("dumb", "unknown")  # values of TERM
DETAILED = 100  # failures; the others have a line each
_EXPLANATIONS = {
    KNOWN_BREAK: "fail as known_breaks.csv says",
    UNPROMISED: "failed on files of newer releases, which are not promised",
}


def summary(outcomes: Sequence[Outcome]) -> str:
    """``N passed, N failed, N skipped``: how a report closes."""
    counts = count_states(outcomes)
    failed = sum(count for state, count in counts.items() if is_failure(state))
    passed, skipped = counts.get(PASSED, 0), counts.get(SKIPPED, 0)
    return f"{passed} passed, {failed} failed, {skipped} skipped"


class Reporter:
    """Tells of one run on a stream: ``header`` or ``plan``, events, ``finish``.

    In a terminal it shows a live display, from the first ``tick`` on; whatever
    happens, ``close`` ends it.  ``rows`` is the ledger.
    """

    def __init__(
        self,
        options: Options,
        info: RunInfo,
        rows: Sequence[KnownBreak] = (),
        stream: Optional[TextIO] = None,
    ):
        self._options = options
        self._info = info
        self._rows = {row.line: row for row in rows}
        self._out = SafeStream(sys.stdout if stream is None else stream)
        self._ticks = False
        self._sources: Dict[int, Dict[str, None]] = {}  # files by worker
        self._show(Progress((), {}, info.jobs))

    @property
    def broken(self) -> bool:
        """Whether the stream cannot be written to any more; all is silent then."""
        return self._out.broken

    @property
    def _quiet(self) -> bool:
        return self._options.verbosity < 0 or self._options.list_only

    @property
    def _verbose(self) -> bool:
        return self._options.verbosity > 0

    def _show(self, progress: Progress) -> None:
        display = Display if self._quiet else LogDisplay
        self._progress = progress
        self._display: Display = display(self._out, progress)

    # Before the run

    def header(
        self,
        tests: Sequence[ListedTest],
        empty: Sequence[str] = (),
        seconds: Optional[Mapping[str, float]] = None,
    ) -> None:
        """Which torch is tested, and with how much.

        ``tests`` are those that this run is to run; ``empty`` files have no tests;
        ``seconds`` maps identities to how long tests took before.
        """
        self._show(Progress(tests, seconds or {}, self._info.jobs))
        for line in _torch_lines(self._info.torch):
            self.note(line)
        progress = self._progress
        parts = [
            f"{plural(progress.total, 'test')} in {plural(progress.files, 'file')}",
            plural(self._info.jobs, "worker"),
            *(["spawned"] if self._info.start_method == SPAWN else []),
        ]
        self.note(", ".join(parts))
        for file in empty:
            self.note(f"no tests in {file}")

    def plan(self, tests: Sequence[ListedTest], problems: Sequence[Outcome]) -> None:
        """What would run, and which files cannot be imported; for programs, if the
        options say so, nothing but the identities of the tests."""
        if self._options.list_only:
            for test in tests:
                self._line(test.identity)
            return
        files: Dict[str, List[str]] = {}
        for test in tests:
            files.setdefault(test.file, []).append(test.name)
        for file, names in files.items():
            self._line("\n  ".join([file, *names]))
        for problem in problems:
            self._line(f"{problem.file}\n  {problem.state}: {problem.message}")

    # While it runs

    def note(self, text: str) -> None:
        """A line of its own, which is no failure."""
        if not self._quiet:
            self._line(text)

    def started(
        self, worker: int, identity: str, parameters: Mapping[str, str]
    ) -> None:
        """A worker begins a test or sub-test, or goes on with it."""
        self._progress.started(worker, identity, parameters)
        if self._verbose:
            self._sources.setdefault(worker, {})[file_of(identity)] = None

    def outcome(self, outcome: Outcome) -> None:
        """A test or sub-test has an outcome; a failure is told at once."""
        self._progress.outcome(outcome)
        if self._verbose:
            self._line(self._described(outcome))
        elif is_failure(outcome.state):
            self._line(failure_line(outcome))

    def _described(self, outcome: Outcome) -> str:
        lines = [outcome_line(outcome)]
        if outcome.message:
            lines.append(f"      {clean_line(outcome.message)}")
        row = self._rows.get(outcome.row)
        if outcome.state == KNOWN_BREAK and row is not None:
            lines.append(f"      {row.cause} ({row.reference})")
        return "\n".join(lines)

    def done(self, worker: int, identity: str, seconds: float) -> None:
        """A test has ended."""
        file = self._progress.ended(worker, identity, seconds)
        if file is not None:
            self._display.file_done(file)

    def output(self, worker: int, lines: Sequence[str], left_out: int) -> None:
        """What a worker printed since the last time; told if the user wants it all."""
        files = self._sources.pop(worker, {})
        if not (self._verbose and lines):
            return
        sources = ", ".join(map(shown_path, files)) or f"worker {worker}"
        told = [f"output of {clean_line(sources)}:"]
        if left_out:
            told.append(f"  | ({left_out} lines left out)")
        self._line("\n".join(told + marked("\n".join(lines))))

    def idle(self, worker: int) -> None:
        """A worker has nothing to run."""
        self._progress.idle(worker)

    def tick(self, now: float) -> None:
        """Take the time, in seconds of any clock, and refresh the display."""
        if not self._ticks:
            self._ticks = True
            # Only now, when the workers are busy: to import rich takes its time.
            live = _live_display(self._options, self._out, self._progress)
            self._display = live or self._display
        self._display.refresh(now, self._progress.tick(now))

    def close(self) -> None:
        """Leave the terminal as it was; harmless when that is done."""
        self._display.close()
        self._show(self._progress)

    # At the end

    def finish(self, result: RunResult) -> None:
        """Every failure, once; what did not run; the counts.

        The last line is always ``N passed, N failed, N skipped``.
        """
        self.close()
        failed = failures(result.outcomes)
        for outcome in failed[:DETAILED]:
            self._line("\n" + failure_block(outcome, self._info, self._options))
        others = [failure_line(outcome) for outcome in failed[DETAILED:]]
        paragraphs = [
            [f"{plural(len(others), 'more failure')}:", *others] if others else [],
            [] if self._quiet else _table(result.outcomes),
            self._slowest(),
            [*self._extent(result), *_explanations(result), summary(result.outcomes)],
        ]
        for lines in filter(None, paragraphs):
            self._line("\n" + "\n".join(lines))

    def _slowest(self) -> List[str]:
        seconds = sorted(self._progress.seconds.items(), key=lambda item: -item[1])
        rows = [
            f"{taken:8.2f} s  {clean_line(identity)}"
            for identity, taken in seconds[: self._options.slowest]
        ]
        return ["slowest tests:", *rows] if rows else []

    def _extent(self, result: RunResult) -> List[str]:
        """How much of the run took place."""
        total, left = self._progress.total, len(result.not_run)
        if left or result.interrupted:
            reason = "interrupted" if result.interrupted else "incomplete"
            if self._options.fail_fast and not result.interrupted:
                reason = "stopped at the first failure"
            return [f"{reason}: {total - left} of {plural(total, 'test')} ran"]
        if self._quiet:
            return []
        return [f"{plural(total, 'test')} in {result.seconds:.1f} s"]

    def _line(self, text: str) -> None:
        self._display.line(text)


def _live_display(
    options: Options, out: SafeStream, progress: Progress
) -> Optional[Display]:
    """A live display; None where the user, the stream or what is installed forbids."""
    if options.verbosity < 0 or not out.isatty():
        return None
    if os.environ.get("TERM") in _DUMB or os.environ.get("CI"):
        return None
    try:
        from tools.testing.live import LiveDisplay
    except ImportError:  # rich is not installed
        return None
    return LiveDisplay(out, progress)


def _torch_lines(torch: TorchInfo) -> List[str]:
    known = torch.git_version not in (None, "", "Unknown")
    commit = f" (git {torch.git_version[:10]})" if known else ""
    return [
        f"testing torch {torch.version}{commit}",
        f"   from {torch.folder}",
        f"   with Python {torch.python}, {sys.executable}",
    ]


def _table(outcomes: Sequence[Outcome]) -> List[str]:
    """Areas and states; nothing where there is one area, and all of it passed."""
    areas = count_areas(outcomes)
    states = list(count_states(outcomes))
    if not outcomes or (len(areas) == 1 and states == [PASSED]):
        return []
    rows = [["area", *states]]
    for area, counts in areas.items():
        rows.append([clean_line(area), *(str(counts.get(each, 0)) for each in states)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
        for row in rows
    ]


def _explanations(result: RunResult) -> List[str]:
    return [
        f"{count_of(count, state)}: {_EXPLANATIONS[state]}"
        for state, count in count_states(result.outcomes).items()
        if state in _EXPLANATIONS
    ]
