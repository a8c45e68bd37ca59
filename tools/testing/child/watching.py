"""Having tests and sub-tests tell a recorder of their begin and end.

unittest hands the results of sub-tests over as they end from Python 3.11 on, and
only after the whole test before.  A crash would lose them, so tests and sub-tests
are watched from within: ``watched`` wraps ``TestCase.__call__`` and ``subTest``, in
one way for all versions of Python.
"""

import contextlib
import functools
import sys
import unittest

from child.recorder import test_name

# unittest leaves frames of modules with this name out of tracebacks.
__unittest = True


@contextlib.contextmanager
def watched(recorder):
    """While inside, tests and sub-tests tell ``recorder`` of their begin and end."""
    call, subtest = unittest.TestCase.__call__, unittest.TestCase.subTest

    @functools.wraps(call)
    def __call__(case, *args, **kwargs):
        if args[:1] != (recorder,) or recorder.is_running(case):
            return call(case, *args, **kwargs)
        with recorder.around(case):
            return call(case, *args, **kwargs)

    @contextlib.contextmanager
    def subTest(case, *args, **kwargs):
        with subtest(case, *args, **kwargs):
            if case._subtest is None or not recorder.watches_subtests(case):
                yield
                return
            recorder.enter_subtest(case._subtest)
            try:
                yield
            except KeyboardInterrupt:
                raise
            except BaseException:
                recorder.leave_subtest(sys.exc_info()[1])
                raise
            recorder.leave_subtest(None)

    unittest.TestCase.__call__, unittest.TestCase.subTest = __call__, subTest
    try:
        yield
    finally:
        unittest.TestCase.__call__, unittest.TestCase.subTest = call, subtest


class AnnouncingSuite(unittest.TestSuite):
    """Announces each test before the fixtures of its class and module run."""

    def _tearDownPreviousClass(self, test, result):
        # unittest calls this first of all for each test, and once at the end.
        previous = getattr(result, "_previousTestClass", None)
        if previous is not None and previous is not test.__class__:
            result.announce(f"tearDownClass ({previous.__qualname__})")
        super()._tearDownPreviousClass(test, result)
        result.announce("tearDownModule" if test is None else test_name(test))
