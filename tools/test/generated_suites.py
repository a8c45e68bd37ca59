"""Hypothesis strategies for test files: what unittest lets people write.

``trees`` is the way in.  Each statement that ends something carries a mark of its
own, such as ``mark7``, which then stands in the traceback or in the reason.
"""

import itertools
import os
import re
from dataclasses import dataclass, field
from typing import Dict, List

from hypothesis import strategies as st

PARTS_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "suite_parts.py")
HEADER = """
import asyncio, doctest, unittest, warnings
import parts
"""

# The end of a test, sub-test or fixture.
ENDS = (
    'parts.fail("MARK")',
    'raise ValueError("MARK")',
    'raise unittest.SkipTest("MARK")',
    'raise ValueError("MARK", "\\udcff\\0 \\x1b[1m\\n\\nnew paragraph")',
    'raise parts.NoText("MARK")',
    'raise parts.NumberForText("MARK")',
    'raise parts.OddArguments("MARK", second=2)',
    'raise parts.Never("MARK")',
    'raise parts.OtherSkip("MARK")',
    'raise AssertionError("MARK") from KeyError("MARK")',
    'raise StopIteration("MARK")',
    'raise LookupError("MARK") from parts.NoText("MARK")',
)
OF_TEST = ENDS + (
    'self.fail("MARK")',
    'self.fail("MARK")',
    'self.skipTest("MARK")',
    'self.skipTest("MARK")',
    'self.assertEqual({1: "a"}, {1: "b"}, "MARK")',
    'raise self.failureException("MARK")',
    "self.skipTest(None)",
    "parts.TestShared('test_b').debug()",
    "return",
    "return 'MARK'",
)
JUMPS = ("pass", "continue", "break")
# What lets the test go on.
HARMLESS = (
    "pass",
    "with self.assertRaises(ValueError): raise ValueError('MARK')",
    "with self.assertWarns(UserWarning): warnings.warn('MARK')",
    "with self.assertLogs(): self.assertTrue(parts.log('MARK'))",
    "parts.TestShared('test_b')(unittest.TestResult())",
    "print('MARK', chr(0xdcff).encode('utf-8', 'surrogateescape'))",
)
# unittest lets these through from fixtures and coroutines, and does not survive it.
OF_BODY = OF_TEST + ('raise SystemExit("MARK")', 'raise GeneratorExit("MARK")')
OF_PARTS = ["parts.OwnRun", "parts.OwnCall", "parts.OtherId"]
CALLS = ("fail", "break_down", "skip", "nothing")
PARAMETERS = (
    "",
    "a=1",
    "a=2",
    "b='x'",
    "b=None, a=1.5",
    "'message'",
    "'other', a=1",
    "7",
    "None",
    "parts.NoTextAtAll()",
    "odd=parts.NoRepresentation()",
    "odd=parts.NoTextAtAll",
    "text='\\udcff\\n, a=1'",
    "**{'not a name': 1}",
)
DECORATORS = (
    '@unittest.skip("MARK")',
    "@unittest.skip",
    "@unittest.skip(None)",
    '@unittest.skipIf(True, "MARK")',
    '@unittest.skipIf(False, "MARK")',
    "@unittest.expectedFailure",
    "@unittest.expectedFailure",
    "@unittest.expectedFailure",
)
BROKEN = (
    "",
    "def",
    'raise ValueError("MARK")',
    'raise unittest.SkipTest("MARK")',
    'raise SystemExit("MARK")',
    "import no_such_module_MARK",
    "class TestA: pass  # and no test case",
)
LOAD_TESTS = (
    "return tests",
    "return unittest.TestSuite(reversed(list(flat(tests))))",
    "return unittest.TestSuite(sorted(flat(tests), key=lambda t: t._testMethodName))",
    "return unittest.TestSuite(list(flat(tests))[::2])",
    "return unittest.TestSuite([tests, unittest.TestSuite()])",
    "tests.addTest(unittest.FunctionTestCase(function)); return tests",
    "tests.addTests(doctest.DocTestSuite(parts)); return tests",
    "tests.addTests(loader.loadTestsFromTestCase(parts.TestShared)); return tests",
    "tests.addTests(loader.loadTestsFromTestCase(TestInner.TestNested)); return tests",
    "tests.addTests(loader.loadTestsFromTestCase(TestInner)); return tests",
    'raise ValueError("MARK")',
)
LOADING = """

def flat(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite): yield from flat(item)
        else: yield item

def function(): assert not "MARK"

class TestInner(unittest.TestCase):
    def test_a(self): pass
    class TestNested(unittest.TestCase):
        def test_a(self): pass
        def test_b(self): self.fail("MARK")

def load_tests(loader, tests, pattern):
    """
# Classes that are made, not written; each uses the class before it.
MADE = (
    "TestAlias = {last}",
    """\
for n in 1, 2:
    globals()[f'TestLoop{{n}}'] = type(f'TestLoop{{n}}', ({last},), {{'number': n}})""",
    "from parts import TestShared",
    "from parts import TestShared as TestA",
    """\
def make(number):
    class TestMade({last}):
        def test_number(self): self.assertNotEqual(1, number, "MARK")
        def test_sub(self):
            for n in range(number):
                with self.subTest(n): self.assertEqual(n, 0, "MARK")
        @classmethod
        def tearDownClass(cls):
            super().tearDownClass()
            if number == 2: raise ValueError("MARK")
    return TestMade
TestOne, TestTwo, TestThree = map(make, (0, 1, 2))""",
)

Lines = List[str]


def indented(lines: Lines) -> Lines:
    """The lines, as the body of a block."""
    return ["    " + line for line in lines or ["pass"]]


def rarely(strategy: st.SearchStrategy, chance: int) -> st.SearchStrategy:
    """A list of one of the strategy's values in one of ``chance`` cases, else none."""
    made = strategy.map(lambda value: [value])
    return st.integers(1, chance).flatmap(
        lambda number: made if number == chance else st.just([])
    )


@st.composite
def bodies(draw, ends: tuple, depth: int = 2) -> Lines:
    """The body of a test, sub-test or fixture of a test."""
    lines: Lines = []
    for _ in range(draw(st.integers(0, 2 if depth else 1))):
        kind = draw(st.sampled_from(("cleanup", "sub", "sub", "loop", "pass")))
        if kind == "cleanup":
            lines.append(
                f'self.addCleanup(parts.{draw(st.sampled_from(CALLS))}, "MARK")'
            )
        elif kind == "sub" and depth:
            lines.append(f"with self.subTest({draw(st.sampled_from(PARAMETERS))}):")
            lines += indented(draw(bodies(ends, depth - 1)))
        elif kind == "pass":
            lines.append(draw(st.sampled_from(HARMLESS)))
        elif kind == "loop" and depth:
            lines.append("for i in range(3):")
            lines.append(f"    with self.subTest(i={draw(st.sampled_from('i0'))}):")
            lines.append(f"        if i == 0: {draw(st.sampled_from(JUMPS))}")
            lines.append(f"        if i == 1: {draw(st.sampled_from(ends))}")
    return lines + draw(rarely(st.sampled_from(ends), 3))


@st.composite
def tests(draw, name: str, asynchronous: bool) -> Lines:
    """A test method."""
    # In a class that is not asynchronous nobody awaits it, and it passes.
    coroutine = not draw(st.integers(0, 1 if asynchronous else 99))
    ends = OF_TEST if coroutine else OF_BODY
    lines = draw(rarely(st.sampled_from(DECORATORS), 6))
    lines.append(("async " if coroutine else "") + f"def {name}(self):")
    return lines + indented(["await asyncio.sleep(0)"] * coroutine + draw(bodies(ends)))


@st.composite
def fixtures(draw, asynchronous: bool) -> Lines:
    """Some of a class's fixtures."""
    lines: Lines = []
    for name in ("setUp", "tearDown"):
        if not draw(st.integers(0, 4)):
            lines += [f"def {name}(self):"]
            lines += indented([f"super().{name}()"] + draw(bodies(OF_BODY, 1)))
        if asynchronous and not draw(st.integers(0, 4)):
            lines += [f"async def async{name[0].upper()}{name[1:]}(self):"]
            lines += indented(["await asyncio.sleep(0)"] + draw(bodies(OF_TEST, 1)))
    for name in ("setUpClass", "tearDownClass"):
        if not draw(st.integers(0, 7)):
            lines += ["@classmethod", f"def {name}(cls):"]
            lines += indented(
                [f"super().{name}()"] + draw(shared("cls.addClassCleanup"))
            )
    return lines


@st.composite
def shared(draw, cleanup: str) -> Lines:
    """The body of a fixture of a class or module."""
    call = st.sampled_from(CALLS).map(lambda name: f'{cleanup}(parts.{name}, "MARK")')
    return draw(rarely(call, 3)) + draw(rarely(st.sampled_from(ENDS), 3))


@st.composite
def classes(draw, number: int, earlier: Lines) -> Lines:
    """A class; ``earlier`` are those that it may inherit from."""
    asynchronous = not draw(st.integers(0, 4))
    base = "unittest.IsolatedAsyncioTestCase" if asynchronous else "unittest.TestCase"
    if not asynchronous:
        base = draw(st.sampled_from([base] * 4 + OF_PARTS + earlier))
    mixin = draw(rarely(st.just("parts.Mixin, "), 8))
    lines = draw(rarely(st.sampled_from(DECORATORS), 12))
    lines.append(f"class Test{number}({''.join(mixin)}{base}):")
    body = draw(rarely(st.just("failureException = ValueError"), 12))
    body += draw(fixtures(asynchronous))
    for letter in draw(st.sampled_from(("a", "ab", "abc", "bcd", "abcd", ""))):
        body += draw(tests(f"test_{letter}", asynchronous))
    body += draw(rarely(st.just("def runTest(self): self.fail('MARK')"), 6))
    return lines + indented(body)


@st.composite
def files(draw) -> str:
    """The text of a test file."""
    lines = draw(rarely(st.sampled_from(BROKEN), 12))
    for name in ("setUpModule", "tearDownModule"):
        if not draw(st.integers(0, 9)):
            lines += [f"def {name}():"]
            lines += indented(draw(shared("unittest.addModuleCleanup")))
    written: Lines = []
    for number in range(draw(st.integers(1, 3))):
        lines += draw(classes(number, written))
        written.append(f"Test{number}")
    for made in draw(rarely(st.sampled_from(MADE), 5)):
        lines.append(made.format(last=written[-1]))
    text = HEADER + "\n".join(lines) + "\n"
    for body in draw(rarely(st.sampled_from(LOAD_TESTS), 5)):
        text += LOADING + body + "\n"
    marks = itertools.count(1)
    return re.sub("MARK", lambda _: f"mark{next(marks)}", text)


@dataclass(frozen=True)
class Tree:
    """The texts of test files by name, and of what they import."""

    files: Dict[str, str] = field(repr=False)


@st.composite
def trees(draw, count: int) -> Tree:
    """So many test files in one folder."""
    written = {f"test_{number:02}.py": draw(files()) for number in range(count)}
    with open(PARTS_PATH, encoding="utf-8") as file:
        return Tree({**written, "parts.py": file.read()})
