"""What one worker is to run, what is left of it, and who is to blame if it dies."""

import os
import signal
from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple

from tools.testing.child.channel import EXIT_UNHEARD
from tools.testing.records import (
    AT,
    CRASHED,
    DONE,
    ERROR,
    NO_END,
    OUT_OF_MEMORY,
    OUTCOME,
    TIMED_OUT,
    Outcome,
)

Test = Tuple[str, str]  # file, Class.test
Parameters = Dict[str, str]


class Job:
    """Tests for one worker process, and what it has told of them.

    ``fresh``: in a process of its own.  ``bare``: in one which has imported nothing but
    torch.  ``muted``: these tests only keep the others company.  ``told``: sub-tests
    of the first test that have their outcome from a process that died in another one.
    """

    def __init__(
        self,
        tests: Sequence[Test],
        fresh: bool = False,
        bare: bool = False,
        muted: Sequence[Test] = (),
        told: Sequence[Parameters] = (),
    ):
        self.tests = tuple(tests)
        self.fresh = fresh
        self.bare = bare
        self.ran: List[Test] = []  # in order, to their ends
        self.told_before = list(told)
        self.printed = 0  # bytes, when what runs now began
        self._muted = frozenset(muted)
        self._told: Dict[Test, List[Parameters]] = {}
        self._waiting = list(tests)
        self._file, self._test, self._parameters = "", "", {}

    @property
    def batch(self) -> List[Tuple[str, List[str]]]:
        """The tests by file, as a worker is asked for them."""
        files: Dict[str, List[str]] = {}
        for file, name in self.tests:
            files.setdefault(file, []).append(name)
        return list(files.items())

    @property
    def files(self) -> Tuple[str, ...]:
        """The files of the tests, each once."""
        return tuple(dict.fromkeys(file for file, _ in self.tests))

    @property
    def is_silent(self) -> bool:
        """Whether nobody wants an outcome of any of its tests."""
        return self._muted.issuperset(self.tests)

    def hear(self, record: dict) -> Optional[Outcome]:
        """Take note of what the worker tells; the outcome in it, if it is news."""
        event = record["event"]
        if event == AT:
            self._file, self._test = record["file"], record["test"]
            self._parameters, self.printed = record["parameters"], record["printed"]
        elif event == DONE:
            test = self._file, record["test"]
            self.ran.append(test)
            self._drop(test)
            self._test, self._parameters = "", {}
        elif event == OUTCOME:
            outcome = Outcome.from_json(record["outcome"])
            test = outcome.file, outcome.test
            news = outcome.parameters not in self._known_before(test)
            self._told.setdefault(test, []).append(outcome.parameters)
            return outcome if news and test not in self._muted else None
        return None

    def _known_before(self, test: Test) -> List[Parameters]:
        return self.told_before if self.tests[:1] == (test,) else []

    def _drop(self, test: Test) -> None:
        self._waiting = [each for each in self._waiting if each != test]

    def again(self) -> List["Job"]:
        """Jobs for what has not ended, by itself: another job may be to blame."""
        if not self._heard():
            return []
        first = self._waiting[0]
        told = self._known_before(first) + self._told.get(first, [])
        return [Job(self._waiting, True, True, tuple(self._muted), told)]

    def after_end(self, retired: bool) -> Tuple[List[Outcome], List["Job"]]:
        """Outcomes and jobs for what a worker did not run that ended the job well.

        If it ``retired``, it was unfit for more tests.
        """
        if retired:
            return [], self._jobs_for_rest()
        message = "the interpreter did not run it"
        return [self._outcome(test, ERROR, message, "") for test in self._heard()], []

    def after_death(
        self, state: str, message: str, tail: str
    ) -> Tuple[List[Outcome], List["Job"]]:
        """Outcomes for who is to blame, and jobs for what is left to run.

        ``tail`` is what the worker printed last.
        """
        test = self._file, self._test
        if test in self._waiting:
            return self._blame_test(test, state, message, tail)
        begun = any(file == self._file for file, _ in self.ran)
        if self._test or begun:
            # A fixture, or the machinery after a test.
            blamed = [self._outcome(test, state, message, tail)]
        else:
            # It died while the file was imported, or sooner.
            stranded = [each for each in self._heard() if self._file in (each[0], "")]
            blamed = [self._outcome(each, state, message, tail) for each in stranded]
            for each in stranded:
                self._drop(each)
        return blamed, self._jobs_for_rest()

    def _blame_test(
        self, test: Test, state: str, message: str, tail: str
    ) -> Tuple[List[Outcome], List["Job"]]:
        known = self._known_before(test)
        inside = bool(self._parameters)
        again = inside and self._parameters not in known
        blamed = []
        if (again or not inside) and test not in self._muted:
            blamed.append(self._outcome(test, state, message, tail, self._parameters))
        self._drop(test)
        jobs = []
        if again:
            told = known + self._told.get(test, []) + [self._parameters]
            jobs.append(Job([test], self.fresh, self.bare, told=told))
        return blamed, jobs + self._jobs_for_rest()

    def _jobs_for_rest(self) -> List["Job"]:
        if not self._heard():
            return []
        return [Job(self._waiting, self.fresh, self.bare, tuple(self._muted))]

    def _heard(self) -> List[Test]:
        """The waiting tests whose outcome somebody wants."""
        return [test for test in self._waiting if test not in self._muted]

    def _outcome(
        self,
        test: Test,
        state: str,
        message: str,
        tail: str,
        parameters: Optional[Parameters] = None,
    ) -> Outcome:
        return Outcome(*test, state, parameters or {}, message, traceback=tail)


class ExitSearch:
    """Which file has processes end oddly after their tests had ended.

    The tests that such a process ran, file by file, run once more in processes of
    their own, and how these end is judged.
    """

    def __init__(self) -> None:
        self._suspected: Dict[Tuple[Test, ...], None] = {}
        self._found: Set[str] = set()
        self._state = self._message = ""

    def suspect(
        self, tests: Iterable[Test], state: str, message: str
    ) -> List[Tuple[Test, ...]]:
        """Tests to run, each group by itself, for a process that ran all of these."""
        self._state, self._message = state, message
        by_file: Dict[str, List[Test]] = {}
        for test in tests:
            by_file.setdefault(test[0], []).append(test)
        groups = [tuple(group) for group in by_file.values()]
        new = [group for group in groups if group not in self._suspected]
        self._suspected.update(dict.fromkeys(new))
        return new

    def find(self, file: str) -> bool:
        """Take note that it is this file; whether that is news."""
        news = file not in self._found
        self._found.add(file)
        return news

    def conclusion(self) -> List[Outcome]:
        """The outcome, once all has run, where no file by itself is to blame."""
        if self._found or not self._suspected:
            return []
        files = list(dict.fromkeys(group[0][0] for group in self._suspected))
        message = (
            f"{self._message}, those of {', '.join(files)}; none does so by itself"
        )
        return [Outcome(files[0], "", self._state, message=message)]


def death_of(
    doomed: Optional[str], status: Optional[int], timeout: float, memory: Optional[int]
) -> Tuple[str, str]:
    """State and message for a process that told of no end.

    ``doomed`` is the state for which the driver ended it, ``status`` how it ended
    (os.waitpid), None if the process that knows has ended, too.
    """
    if doomed == TIMED_OUT:
        return TIMED_OUT, f"timed out after {timeout:g} s"
    if doomed == OUT_OF_MEMORY:
        return OUT_OF_MEMORY, f"took more than {(memory or 0) / 1e6:.0f} MB of memory"
    if status is None:
        return NO_END, "it was ended together with the process it was forked from"
    if os.WIFSIGNALED(status):
        return CRASHED, f"crashed: {_signal_name(os.WTERMSIG(status))}"
    code = os.WEXITSTATUS(status)
    message = f"exited with code {code} without an end record"
    if code == EXIT_UNHEARD:
        message += ", as where a test closes descriptors that are not its own"
    return NO_END, message


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
