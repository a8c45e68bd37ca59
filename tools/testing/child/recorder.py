"""The unittest result that turns a run into outcomes, one a leaf sub-test."""

import contextlib
import hashlib
import random
import re
import sys
import traceback
import unittest
from itertools import takewhile

# Bound here: a test may replace it in its module while it runs.
from os import fstat
from time import perf_counter
from unittest.util import strclass

from child.channel import flush_output
from child.surroundings import Watch
from records import (
    AT,
    CHANGED,
    DONE,
    ERROR,
    FAILED,
    KNOWN_BREAK,
    MESSAGE_LIMIT,
    OUTCOME,
    PASSED,
    SKIPPED,
    UNEXPECTED_PASS,
    UNPROMISED,
    Outcome,
    is_failure,
)

# unittest leaves frames of modules with this name out of tracebacks.
__unittest = True

TRACEBACK_LIMIT = 100000  # characters, of which the middle is left out
_FIXTURE = re.compile(r"(\w+) \((.*)\)")


def test_name(test: unittest.TestCase) -> str:
    """``Class.test``: the test's id without its module."""
    identity, prefix = test.id(), type(test).__module__ + "."
    return identity[len(prefix) :] if identity.startswith(prefix) else identity


def _scopes(test):
    """What unittest calls the class and the module of a test."""
    return strclass(type(test)), type(test).__module__


def one_line(error: BaseException) -> str:
    """``RuntimeError: first paragraph``, white space made single blanks.

    What torch's own TestCase adds, how to run the test, is a paragraph of its own.
    """
    try:
        text = str(error).strip()
    except BaseException as second:  # noqa: B036 - a test may have written it
        text = f"(its __str__ raised {type(second).__name__})"
    return _shortened(f"{type(error).__name__}: {text}").rstrip(": ")


def _shortened(message: str) -> str:
    paragraph = message.strip().partition("\n\n")[0][: 4 * MESSAGE_LIMIT]
    return " ".join(paragraph.split())[:MESSAGE_LIMIT].rstrip()


def seed_all(seed, identity):
    """Seed the generators of random numbers, by the run's seed and a test's name.

    All forks share their parent's state otherwise.  CUDA's generators are left out:
    to seed them is to initialise it.
    """
    digest = hashlib.sha256(f"{seed} {identity}".encode("utf-8", "replace"))
    number = int(digest.hexdigest()[:8], 16)
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)
    generator = getattr(sys.modules.get("torch"), "default_generator", None)
    if generator is not None:
        generator.manual_seed(number)


def _printed():
    """How many bytes were printed so far."""
    flush_output()
    try:
        return fstat(1).st_size
    except OSError:
        return 0  # a test closed it


class _Frame:
    """A test or sub-test that is running."""

    def __init__(self, test, parameters):
        self.test = test
        self.parameters = parameters
        self.started = perf_counter()
        self.printed = _printed()
        self.has_inner = False
        self.state = None
        self.message = ""
        self.traceback = ""
        self.row = None

    def note(self, state, message="", traceback="", row=None):
        """Remember what happened: the first thing stays, but a failure wins."""
        worse = is_failure(state)
        if self.state is None or (worse and not is_failure(self.state)):
            self.state, self.message, self.row = state, message, row
            self.traceback = traceback
        elif worse:
            self.traceback += "\n" + traceback

    def note_change(self, text):
        """Remember what was left changed: a failure of its own, or beside another."""
        if self.state in (None, PASSED, SKIPPED):
            self.state, self.message = CHANGED, text
        else:
            self.message += f" (and it {text})"

    @property
    def speaks(self):
        """Whether there is an outcome to report, besides those further in."""
        return not (self.has_inner and self.state in (None, PASSED))


class Recorder(unittest.TestResult):
    """Sends announcements and outcomes of the tests of one file."""

    def __init__(self, send, file, tests, seed, show_locals):
        super().__init__()
        self._send = send
        self._file = file
        self._waiting = list(tests)
        self._class_names = {strclass(type(t)): type(t).__qualname__ for t in tests}
        self._seed = seed
        self._show_locals = show_locals
        self._frames = []
        self._fit = True
        self._watch = Watch()

    def finish(self):
        """Tell what the fixtures left changed; whether the process is fit for more."""
        if self._fit:  # else a test has told already what there still is
            self._restore(
                self._watch, lambda text: self._send_outcome("", CHANGED, text)
            )
        return self._fit

    def _restore(self, watch, report):
        changes, undone = watch.restore()
        if changes:
            report("; ".join(changes))
        self._fit = self._fit and undone

    # Announcements

    def announce(self, name, parameters=None):
        """Say what comes next, so that it can be blamed."""
        self._send(
            AT, file=self._file, test=name, parameters=parameters or {},
            printed=_printed(),
        )  # fmt: skip

    @contextlib.contextmanager
    def around(self, test):
        """While inside, ``test`` runs; its outcome is told at the end."""
        seed_all(self._seed, test_name(test))
        watch = Watch()
        self._waiting = [each for each in self._waiting if each is not test]
        frame = _Frame(test, {})
        self._frames = [frame]
        try:
            yield
        except KeyboardInterrupt as error:
            self._note_error(frame, error)
        if not frame.has_inner and frame.state is None:
            frame.note(ERROR, "it ended without telling how")
        self._restore(watch, frame.note_change)
        self._report(frame)
        self._frames = []
        self._send(DONE, test=test_name(test))
        self.shouldStop = not self._fit

    def is_running(self, test):
        """Whether this is the test that runs, and not one that it runs itself."""
        return bool(self._frames) and self._frames[0].test is test

    def enter_subtest(self, subtest):
        """A sub-test begins."""
        self._frames[-1].has_inner = True
        self._frames.append(_Frame(subtest, _parameters(subtest)))
        self.announce(test_name(self._frames[0].test), self._frames[-1].parameters)

    def leave_subtest(self, error):
        """The innermost sub-test ends, by the exception ``error`` if not None."""
        frame = self._frames.pop()
        if error is None:
            frame.note(PASSED)
        else:
            self._note_error(frame, error)
        self._report(frame)
        self.announce(test_name(self._frames[0].test), self._frames[-1].parameters)

    def watches_subtests(self, test):
        """Whether sub-tests count: a test that is expected to fail is one unit."""
        if not self.is_running(test):
            return False
        method = getattr(test, test._testMethodName, None)
        mark = "__unittest_expecting_failure__"
        return not (getattr(test, mark, False) or getattr(method, mark, False))

    # What unittest and the suite's base class report

    def addSuccess(self, test):
        super().addSuccess(test)
        self._frames[0].note(PASSED)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note_error(self._frames[0], err[1])

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self._note_error(self._frames[0], err[1])
        else:
            self._report_fixture(test, ERROR, one_line(err[1]), self._format(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not isinstance(test, unittest.TestCase):
            self._report_fixture(test, SKIPPED, str(reason), "")
            return
        # A sub-test that is watched has told us itself.
        if not self.watches_subtests(getattr(test, "test_case", None)):
            self._frames[0].note(SKIPPED, str(reason))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None and not self.watches_subtests(test):
            self._note_error(self._frames[0], err[1])

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._frames[0].note(PASSED, "failed as it is marked to")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._frames[0].note(UNEXPECTED_PASS, "passed, but is marked expectedFailure")

    def addKnownBreak(self, test, message, row):
        """The running test or sub-test failed as ``row`` of the ledger says."""
        self._frame_of(test).note(KNOWN_BREAK, _shortened(message), row=row.line)

    def addUnpromised(self, test, message):
        """The running test or sub-test failed on a file of a newer release."""
        self._frame_of(test).note(UNPROMISED, _shortened(message))

    # Outcomes

    def _frame_of(self, test):
        # By identity: sub-tests of all tests are equal to each other.
        return next((f for f in self._frames if f.test is test), self._frames[0])

    def _note_error(self, frame, error):
        if isinstance(error, unittest.SkipTest):
            frame.note(SKIPPED, str(error))
        elif type(error).__name__ == "UnexpectedPass":
            frame.note(UNEXPECTED_PASS, one_line(error), self._format(error))
        elif isinstance(error, self._frames[0].test.failureException):
            frame.note(FAILED, one_line(error), self._format(error))
        else:
            frame.note(ERROR, one_line(error), self._format(error))

    def _format(self, error):
        text = self._format_whole(error)
        left_out = len(text) - TRACEBACK_LIMIT
        if left_out <= 0:
            return text
        half = TRACEBACK_LIMIT // 2
        note = f"\n({left_out} characters left out)\n"
        return f"{text[:half]}{note}{text[-half:]}"

    def _format_whole(self, error):
        test = self._frames[0].test if self._frames else unittest.TestCase()
        try:
            if self._show_locals:
                return _with_locals(error)
            info = type(error), error, error.__traceback__
            return self._exc_info_to_string(info, test)
        except BaseException as second:  # noqa: B036
            # The exception's own methods fail, such as __str__.
            lines = traceback.format_tb(error.__traceback__)
            return "".join(lines) + f"{one_line(error)} ({one_line(second)})"

    def _report(self, frame):
        if frame.speaks:
            name = test_name(self._frames[0].test if self._frames else frame.test)
            self._send_outcome(
                name, frame.state, frame.message, frame.traceback,
                parameters=frame.parameters, row=frame.row,
                seconds=perf_counter() - frame.started, since=frame.printed,
            )  # fmt: skip

    def _report_fixture(self, holder, state, message, traceback):
        """An error or skip in a fixture of a class or module."""
        fixture, scope = _FIXTURE.fullmatch(holder.id()).groups()
        stranded = []
        if fixture.startswith("setUp"):
            # What it keeps from running comes next.
            stranded = list(takewhile(lambda t: scope in _scopes(t), self._waiting))
        if not stranded:
            class_name = self._class_names.get(scope) if "Class" in fixture else None
            name = f"{fixture} ({class_name})" if class_name else fixture
            self._send_outcome(name, state, message, traceback)
        self._waiting = self._waiting[len(stranded) :]
        for test in stranded:
            name = test_name(test)
            self._send_outcome(name, state, f"{fixture}: {message}", traceback)
            self._send(DONE, test=name)

    def _send_outcome(self, test, state, message, traceback="", since=None, **others):
        outcome = Outcome(
            self._file, test, state, message=message, traceback=traceback, **others
        )
        now = _printed()
        printed = [now if since is None else since, now]
        self._send(OUTCOME, outcome=outcome.to_json(), printed=printed)


def _with_locals(error):
    told = traceback.TracebackException(
        type(error), error, error.__traceback__, capture_locals=True
    )
    return "".join(told.format())


def _parameters(subtest):
    """The parameters of a sub-test and of those around it, outermost first."""
    parameters = {}
    for level in reversed(subtest.params.maps):
        parameters.update((str(name), _text(value)) for name, value in level.items())
    if subtest._message is not unittest.case._subtest_msg_sentinel:
        parameters["msg"] = _text(subtest._message)
    return parameters


def _text(value):
    try:
        return str(value)
    except Exception:
        return object.__repr__(value)
