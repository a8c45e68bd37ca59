"""What the generated files import."""

import logging
import unittest


class OddArguments(Exception):
    def __init__(self, first, *, second):  # noqa: B042 - pickle is to stumble
        super().__init__(first)


class NoText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class NumberForText(Exception):
    def __str__(self):
        return 3


class NoRepresentation:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __str__(self):
        return "has no repr"


class NoTextAtAll:
    def __str__(self):
        raise RuntimeError("no str")


class Never(Exception):
    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None


class OtherSkip(unittest.SkipTest):
    pass


class Mixin:
    def setUp(self):
        super().setUp()
        self.addCleanup(self.mixed_in)

    def mixed_in(self):
        pass

    def test_mixed_in(self):
        self.assertFalse(hasattr(self, "missing"))


class OwnRun(unittest.TestCase):
    """As torch's base class does, it has a run of its own."""

    def run(self, result=None):
        self.ran = True
        return super().run(result)


class TestShared(unittest.TestCase):
    def test_a(self):
        self.assertTrue(type(self).__name__)

    def test_b(self):
        with self.subTest(shared=True):
            self.skipTest("shared")


def add(a, b):
    """
    >>> add(1, 2)
    3
    """
    return a + b


class OtherId(unittest.TestCase):
    def id(self):
        return super().id() + " (other)"


class OwnCall(unittest.TestCase):
    def __call__(self, *arguments):
        return super().__call__(*arguments)


def fail(text):
    raise AssertionError(text)


def break_down(text):
    raise LookupError(text)


def skip(text):
    raise unittest.SkipTest(text)


def nothing(text):
    pass


def log(text):
    logging.getLogger().warning(text)
    return True
