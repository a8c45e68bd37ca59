"""Runs test files with plain unittest and prints what it tells, as JSON.

    python plain_unittest.py FOLDER FILE.py ...

Each file gives one object: ``tests`` in the order in which they are to run, and
``events``.  It shares no code with the driver, nor with its tests.
"""

import json
import sys
import unittest


class PlainResult(unittest.TestResult):
    """Notes each call, in order.

    An event has the number of its test, None for a fixture; the parameters of its
    sub-test, None where it is about the test; and the keys of the sub-test and of
    those around it, innermost first, to see which of them holds which.
    """

    def __init__(self, tests):
        super().__init__()
        self.events = []
        self._numbers = {id(test): number for number, test in enumerate(tests)}
        self._kept = []

    def _note(self, test, what, text=""):
        sub = getattr(test, "params", None)
        case = test if sub is None else test.test_case
        parameters = None
        if sub is not None:
            self._kept.append(sub)  # else the next one may get its id
            parameters = {name: as_text(value) for name, value in sub.items()}
            if test._message is not unittest.case._subtest_msg_sentinel:
                parameters["msg"] = as_text(test._message)
        self.events.append(
            {
                "test": self._numbers.get(id(case)),
                "fixture": None if id(case) in self._numbers else case.id(),
                "parameters": parameters,
                "levels": [id(level) for level in sub.maps] if sub is not None else [],
                "what": what,
                "text": text,
            }
        )

    def _note_error(self, test, what, error):
        self._note(test, what, self._exc_info_to_string(error, test))

    def startTest(self, test):
        super().startTest(test)
        self._note(test, "start")

    def addSuccess(self, test):
        self._note(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note_error(test, "failed", err)

    def addError(self, test, err):
        super().addError(test, err)
        self._note_error(test, "error", err)

    def addSkip(self, test, reason):
        self._note(test, "skipped", str(reason))

    def addExpectedFailure(self, test, err):
        self._note(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, "unexpected success")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is None:
            self._note(subtest, "passed")
        elif issubclass(err[0], test.failureException):
            self._note_error(subtest, "failed", err)
        else:
            self._note_error(subtest, "error", err)


def as_text(value):
    """``str``, or what there is where that fails."""
    try:
        return str(value)
    except Exception:
        return object.__repr__(value)


def flat(suite):
    """The tests of a suite, in order."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flat(item)
        else:
            yield item


def describe(test):
    """What a test is: name, class, and whether it is marked as failing."""
    module = type(test).__module__
    identity = test.id()
    if identity.startswith(module + "."):
        identity = identity[len(module) + 1 :]
    method = getattr(test, test._testMethodName, None)
    mark = "__unittest_expecting_failure__"
    return {
        "name": identity,
        "class": type(test).__qualname__,
        "module": module,
        "marked": bool(getattr(test, mark, False) or getattr(method, mark, False)),
    }


def run(folder, file):
    """What unittest tells of one file."""
    suite = unittest.TestLoader().discover(folder, pattern=file)
    tests = list(flat(suite))
    described = [describe(test) for test in tests]
    result = PlainResult(tests)
    suite.run(result)
    return {
        "tests": described,
        "events": result.events,
        "successful": result.wasSuccessful(),
    }


def main(folder, *files):
    told = {file: run(folder, file) for file in files}
    # Tests print what they like, the last line is ours.
    print("\n" + json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
