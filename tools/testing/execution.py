"""What an interpreter's suite holds, and running one file of it.

The interpreter may be of another release than the driver's: this is what the
writing of goldens and the matrix are built on, too.  Files are named relative to
``root``, with slashes.
"""

import os
import sys
import tempfile
from dataclasses import dataclass, field
from typing import BinaryIO, Dict, Iterator, List, Optional, Sequence, Tuple

from common_reading import ReadingPlan

from tools import ROOT
from tools.testing.children import TIMEOUT_SECONDS, run_child
from tools.testing.discovery import folder_of_tests
from tools.testing.output import output_lines
from tools.testing.records import (
    AT,
    DEATH,
    DONE,
    ERROR,
    LISTED,
    NO_TORCH,
    OUTCOME,
    TORCH,
    Outcome,
)

Environment = Optional[Dict[str, Optional[str]]]


@dataclass(frozen=True)
class TorchInfo:
    """The torch that an interpreter imports, or why there is none."""

    version: str = ""
    git_version: Optional[str] = None
    folder: str = ""
    python: str = ""
    error: str = ""


@dataclass(frozen=True)
class ListedTest:
    """One test; ``defined`` is the file of its class, ``golden`` what it says of
    the goldens that it writes (None: it has none)."""

    file: str
    name: str
    defined: str
    golden: Optional[dict] = field(default=None, compare=False)


@dataclass(frozen=True)
class Listing:
    """The tests of some files, and outcomes for files that cannot be imported."""

    torch: TorchInfo
    tests: Tuple[ListedTest, ...]
    problems: Tuple[Outcome, ...]


def list_tests(
    files: Sequence[str],
    root: str = ROOT,
    python: str = sys.executable,
    env: Environment = None,
    timeout: float = TIMEOUT_SECONDS,
    output: Optional[BinaryIO] = None,
) -> Listing:
    """Import the files under ``python`` and list their tests.

    A file that crashes or hangs costs only itself.  Without torch nothing is
    listed, and ``listing.torch.error`` says why.  Raises ChildError where the
    interpreter cannot be started.
    """
    torch = TorchInfo()
    tests: List[ListedTest] = []
    problems: List[Outcome] = []
    waiting = list(files)
    command = ("--path", folder_of_tests(root), "list")
    with _Output(output) as out:
        while waiting:
            out.mark()
            before = len(waiting)
            file = ""
            for record in run_child(
                (*command, *waiting), python, root, env, timeout, out.stream
            ):
                event = record["event"]
                if event == TORCH:
                    torch = TorchInfo(**record["torch"])
                elif event == NO_TORCH:
                    return Listing(_no_torch(record), (), ())
                elif event == AT:
                    file = record["file"]
                    waiting.remove(file)
                elif event == LISTED:
                    tests.append(
                        ListedTest(
                            file, record["test"], record["defined"], record["golden"]
                        )
                    )
                elif event == OUTCOME:
                    problems.append(Outcome.from_json(record["outcome"]))
                elif event == DEATH and not file:
                    message = f"{record['message']} while importing torch"
                    return Listing(TorchInfo(error=message), (), ())
                elif event == DEATH:
                    # What it told of this file is not the whole file.
                    tests = [test for test in tests if test.file != file]
                    problems.append(_died(file, "", {}, record, out.tail()))
            if len(waiting) == before:
                break
    return Listing(torch, tuple(tests), tuple(problems))


def run_file(
    file: str,
    tests: Sequence[str],
    root: str = ROOT,
    python: str = sys.executable,
    env: Environment = None,
    timeout: float = TIMEOUT_SECONDS,
    output: Optional[BinaryIO] = None,
    writers: str = "*",
) -> Iterator[Outcome]:
    """Run tests (``Class.test``) of a file under ``python``; yield the outcomes.

    Each test and each leaf sub-test has one, as soon as it ends.  A test that
    ends its interpreter is blamed, and what comes after runs in a fresh one: the
    tests that follow, and of its own sub-tests, if it reads goldens, the others.
    ``env`` changes the environment: a value of None removes a variable.
    ``timeout`` is in seconds, for each test and sub-test.  ``output``, a binary
    file, receives what the tests print.  ``writers`` is the range of releases
    whose goldens are read.  Raises ChildError where the interpreter cannot be
    started.  Closing the generator ends the interpreter.
    """
    waiting = list(tests)
    finished: Dict[str, List[Dict[str, str]]] = {}
    command = ("--path", folder_of_tests(root), "run", file)
    with _Output(output) as out:
        while waiting:
            out.mark()
            progress = False
            place, parameters, reason = "", {}, {}
            # Only of what is begun again: an environment variable holds 128 kB.
            begun = {test: finished[test] for test in waiting if test in finished}
            plan = ReadingPlan(writers, begun).to_environment()
            told = {test: list(parameters) for test, parameters in finished.items()}
            for record in run_child(
                (*command, *waiting), python, root, {**plan, **(env or {})}, timeout,
                out.stream,
            ):  # fmt: skip
                event = record["event"]
                if event == AT:
                    place, parameters = record["test"], record["parameters"]
                elif event == OUTCOME:
                    outcome = Outcome.from_json(record["outcome"])
                    finished.setdefault(outcome.test, []).append(outcome.parameters)
                    # A test that was begun again may tell what it told before.
                    if outcome.parameters not in told.get(outcome.test, ()):
                        yield outcome
                elif event == DONE:
                    place, parameters, progress = "", {}, True
                    waiting = [test for test in waiting if test != record["test"]]
                elif event in (DEATH, NO_TORCH):
                    reason = record
            if "state" in reason and (place or progress):
                known = finished.setdefault(place, [])
                again = bool(parameters) and parameters not in told.get(place, ())
                if not again:
                    waiting = [test for test in waiting if test != place]
                if again or not parameters:
                    yield _died(file, place, parameters, reason, out.tail())
                known.append(parameters)
                progress = True
            if not progress:
                # Nothing got anywhere: a fresh interpreter would fare no better.
                for test in waiting:
                    yield _stranded(file, test, reason, out.tail())
                return


def _no_torch(record: dict) -> TorchInfo:
    return TorchInfo(error=record["message"], python=record["python"])


def _died(
    file: str, test: str, parameters: Dict[str, str], record: dict, tail: str
) -> Outcome:
    return Outcome(
        file, test, record["state"], parameters, record["message"], traceback=tail
    )


def _stranded(file: str, test: str, reason: dict, tail: str) -> Outcome:
    """The outcome of a test that the interpreter never came to."""
    if "state" in reason:
        return _died(file, test, {}, reason, tail)
    message = reason.get("message") or "the interpreter did not run it"
    return Outcome(file, test, ERROR, message=message, traceback=tail)


class _Output:
    """Where children print: the caller's file, or one of our own."""

    def __init__(self, stream: Optional[BinaryIO]):
        self._owned = (
            None if stream is not None else tempfile.TemporaryFile(buffering=0)
        )
        self.stream = stream if stream is not None else self._owned
        self._start = 0

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, *_) -> None:
        if self._owned is not None:
            self._owned.close()

    def mark(self) -> None:
        """The next child begins to print here."""
        self._start = self.stream.seek(0, os.SEEK_END)

    def tail(self) -> str:
        """The end of what the child printed since."""
        lines, left_out = output_lines(self.stream, self._start)
        if left_out:
            lines.insert(0, f"({left_out} lines left out)")
        return "".join(line + "\n" for line in lines)
