"""What the user reads: header, a line for each file, failures, closing line."""

import os
import shlex
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO, Dict, List, Sequence, TextIO

from common_ledger import KnownBreak

from tools import ROOT
from tools.testing.execution import TorchInfo
from tools.testing.output import TAIL_LINES, output_lines
from tools.testing.records import (
    FAILED,
    KNOWN_BREAK,
    PASSED,
    SENTENCES,
    SKIPPED,
    STALE_ROW,
    UNPROMISED,
    Outcome,
    is_failure,
)
from tools.testing.selection import Selection

_WIDTH = max(map(len, SENTENCES))
_EXPLANATIONS = {
    KNOWN_BREAK: "fail as known_breaks.csv says",
    UNPROMISED: "failed on files of newer releases, which are not promised",
}


def summary(outcomes: Sequence[Outcome]) -> str:
    """``N passed, N failed, N skipped``: how a report closes."""
    counts = _count(outcomes)
    return ", ".join(f"{counts[state]} {state}" for state in (PASSED, FAILED, SKIPPED))


def _count(outcomes: Sequence[Outcome]) -> Dict[str, int]:
    return Counter(
        FAILED if is_failure(outcome.state) else outcome.state for outcome in outcomes
    )


@dataclass
class Reporter:
    """Writes the report of one run to ``stream``, as the run goes."""

    torch: TorchInfo
    root: str
    rows: Sequence[KnownBreak] = ()
    verbose: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stdout)

    def header(self, selection: Selection, empty: Sequence[str]) -> None:
        """Which torch is tested, and with how much; ``empty`` files have no tests."""
        commit = f" (git {self.torch.git_version[:10]})" if _git(self.torch) else ""
        self._print(f"testing torch {self.torch.version}{commit}")
        self._print(f"   from {self.torch.folder}")
        self._print(f"   with Python {self.torch.python}, {sys.executable}")
        count, files = len(selection.tests), len(selection.files)
        self._print(f"{count} tests in {files} files")
        for file in empty:
            self._print(f"no tests in {file}")

    def plan(self, selection: Selection) -> None:
        """What would run."""
        for file in selection.files:
            self._print(file)
            for test in selection.tests:
                if test.file == file:
                    self._print(f"  {test.name}")
        for problem in selection.problems:
            self._print(f"{problem.file}\n  {problem.state}: {problem.message}")

    def outcome(self, outcome: Outcome) -> None:
        """One outcome, where the user wants them all."""
        if not self.verbose:
            return
        text = f"  {outcome.state:<{_WIDTH}} {outcome.name}  {outcome.seconds:.2f} s"
        if outcome.message:
            text += f"\n      {outcome.message}"
        for row in self.rows:
            if outcome.state == KNOWN_BREAK and row.line == outcome.row:
                text += f"\n      {row.cause} ({row.reference})"
        self._print(text)

    def file(
        self, place: str, file: str, outcomes: Sequence[Outcome], seconds: float,
        output: BinaryIO,
    ) -> None:  # fmt: skip
        """A file is done; ``place`` is such as ``[1/3]``."""
        counts = _count(outcomes)
        order = (PASSED, FAILED, SKIPPED, KNOWN_BREAK, UNPROMISED)
        told = [_counted(counts[state], state) for state in order if counts[state]]
        name = file[len("test/") :] if file.startswith("test/") else file
        told = ", ".join(told) or "nothing ran"
        self._print(f"{place} {name}  {told}  {seconds:.1f} s")
        self._output(name, output)

    def _output(self, name: str, output: BinaryIO) -> None:
        limit = None if self.verbose else TAIL_LINES
        lines, left_out = output_lines(output, limit=limit)
        if not lines:
            return
        self._print(f"output of {name}:")
        if left_out:
            self._print(f"  | ({left_out} lines left out, all with -v)")
        for line in lines:
            self._print(f"  | {line}")

    def failures(self, outcomes: Sequence[Outcome]) -> None:
        """Every failure, once, with what is needed to look into it."""
        for outcome in outcomes:
            if is_failure(outcome.state):
                self._print("\n" + "\n".join(self._failure(outcome)))

    def _failure(self, outcome: Outcome) -> List[str]:
        lines = [
            "=" * 70,
            f"{outcome.state.upper()}: {outcome.name}",
            f"  in {outcome.file}",
            f"  {outcome.state}: {SENTENCES[outcome.state]}",
            f"  {outcome.message}",
        ]
        if outcome.traceback.strip():
            lines += ["", *outcome.traceback.rstrip().splitlines(), ""]
        if outcome.writer is not None:
            lines.append(f"  written by torch {outcome.writer}")
        lines.append(f"  tested torch {self.torch.version} from {self.torch.folder}")
        lines.append(f"  reproduce: {self._reproduce(outcome)}")
        return lines

    def _reproduce(self, outcome: Outcome) -> str:
        if outcome.state == STALE_ROW:
            words = [os.path.join(ROOT, "run_test.py")]
            words += [] if self.root == ROOT else ["--root", self.root]
            words += ["-k", "*." + outcome.message.partition(":")[0].partition("(")[0]]
        else:
            words = [os.path.join(self.root, outcome.file), *_run_name(outcome.test)]
        words = [_python(), _near(words[0]), *words[1:]]
        return " ".join(shlex.quote(word) for word in words)

    def closing(self, outcomes: Sequence[Outcome]) -> None:
        """The counts; the last line is always ``N passed, N failed, N skipped``."""
        counts = _count(outcomes)
        self._print("")
        for state, explanation in _EXPLANATIONS.items():
            if counts[state]:
                self._print(f"{_counted(counts[state], state)}: {explanation}")
        self._print(summary(outcomes))

    def note(self, text: str) -> None:
        """A line of its own."""
        self._print(text)

    def _print(self, text: str) -> None:
        # What tests say may hold what the terminal's encoding lacks.
        encoding = getattr(self.stream, "encoding", None) or "ascii"
        safe = text.encode(encoding, "backslashreplace").decode(encoding)
        print(safe, file=self.stream, flush=True)


def _run_name(test: str) -> List[str]:
    """What to ask a test file for; nothing where the whole file is to blame."""
    fixture, _, class_name = test.rstrip(")").partition(" (")
    if class_name:
        return [class_name]
    return [] if fixture in ("", "tearDownModule") else [fixture]


def _near(path: str) -> str:
    """The path as seen from here, or the absolute one if it is elsewhere."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def _git(torch: TorchInfo) -> bool:
    return torch.git_version not in (None, "", "Unknown")


def _counted(count: int, state: str) -> str:
    plural = "s" if state == KNOWN_BREAK and count != 1 else ""
    return f"{count} {state}{plural}"


def _python() -> str:
    found = shutil.which("python")
    same = found is not None and os.path.samefile(found, sys.executable)
    return "python" if same else sys.executable
