"""The driver's outcomes are those of plain unittest, wherever unittest survives.

Both run the same files, each in processes of its own, and what they tell is brought
to units: one for each test, sub-test or fixture that has something to tell.  These are
all the rules, with their reasons; none makes anything else of a failure.

Of plain unittest:

1. What happens to one test or sub-test is one unit.  It has the state of the first
   failure, and the marks of all; else that of the first skip.  What passed or was
   skipped and then failed has failed.
2. What holds sub-tests, and tells nothing but that it passed, is no unit: they are.
3. A test that is marked as failing is one unit, with what its sub-tests tell: the mark
   is about the whole.
4. Where a fixture before the tests of a class or module fails or is skipped, each
   test that it keeps from starting is a unit, and not the fixture: nobody ran them.
5. The test that stands in for a file which cannot be loaded is the file.
6. Tests of one name are one that is run, with a unit for each: no name tells which.

Of the driver:

7. "unexpected pass" is unittest's "unexpected success"; "passed" with a message that
   it failed as marked is "expected failure".
8. The tests of a class or module may run in several processes, and its fixtures in
   each of them: equal units of a fixture are one.

Left out is what is meant to differ: a test that one test file imports from another is
not run twice.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

from hypothesis import HealthCheck, Phase, given, settings

from tools import ROOT
from tools.test.driver_case import DriverCase
from tools.test.generated_suites import Tree, trees
from tools.testing import records
from tools.testing.jsonlines import read_json

PLAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plain_unittest.py")
REAL_FILE = "test/quantization/bc/test_backward_compatibility.py"
REAL_SECONDS = 300  # for it, at most
FILES = 25  # in a tree; they share the start of the driver

NOTHING = "nothing"
FAILING = ("failed", "error")
LET_PASS = (records.KNOWN_BREAK, records.UNPROMISED)
AS_MARKED = "failed as it is marked to"
STAND_IN = re.compile(r"(?:_FailedTest|ModuleSkipped)\.\w+")
FIXTURE = re.compile(r"((?:setUp|tearDown)(?:Class|Module))(?: \((.+)\))?")

SETTINGS = settings(
    # The first is trivial, and after ten hypothesis varies what it has in small steps.
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    # To shrink a tree takes minutes; the message has the files that differ.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, order=True)
class Unit:
    """What became of a test, sub-test or fixture; ``marks`` say what ended it."""

    test: str
    parameters: Tuple[Tuple[str, str], ...]
    state: str
    marks: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a runner tells of a file: its tests' names in their order, and units."""

    tests: List[str]
    units: List[Unit]


def told_by_plain(content: dict) -> Told:
    """What plain unittest told, as ``plain_unittest.run`` has it, by rules 1 to 6."""
    tests, events = content["tests"], content["events"]
    names = [STAND_IN.sub("", test["name"]) for test in tests]
    own, units = _of_fixtures(tests, events)
    holders = {level for event in events for level in event["levels"][1:]}
    divided = set()
    for event in events:
        number, passed = event["test"], event["what"] == "passed"
        if number is None:
            continue
        own.setdefault(number, [])  # Python 3.12.1 does not start what is skipped
        if event["what"] == "start":
            continue
        if event["levels"] and not tests[number]["marked"]:
            divided.add(number)
            if not (passed and event["levels"][0] in holders):
                units.append(_unit(names[number], [event], event["parameters"]))
        elif not (passed and event["levels"]):
            own[number].append(event)
    for number, told in own.items():
        unit = _unit(names[number], told)
        if not (number in divided and unit.state in ("passed", NOTHING)):
            units.append(unit)
    return Told(list(dict.fromkeys(filter(None, names))), units)


def _of_fixtures(
    tests: Sequence[dict], events: Sequence[dict]
) -> Tuple[Dict[int, List[dict]], List[Unit]]:
    """Rule 4: events by the tests that they kept from starting, and units.

    Those tests come next, and their class or module is that of the fixture.
    """
    stranded: Dict[int, List[dict]] = {}
    units = []
    reached = 0
    for event in events:
        if event["test"] is not None:
            reached = max(reached, event["test"] + 1)
        else:
            name, scope = FIXTURE.fullmatch(event["fixture"]).groups()
            of_class = name.endswith("Class")
            scopes = [_scope(test, of_class) for test in tests]
            begin = reached
            while name.startswith("setUp") and scopes[reached : reached + 1] == [scope]:
                stranded[reached] = [event]
                reached += 1
            if begin == reached:
                title = tests[scopes.index(scope)]["class"] if of_class else ""
                units.append(_unit(f"{name} ({title})" if title else name, [event]))
    return stranded, units


def _scope(test: dict, of_class: bool) -> str:
    return f"{test['module']}.{test['class']}" if of_class else test["module"]


def _unit(
    name: str, events: Sequence[dict], parameters: Optional[Dict[str, str]] = None
) -> Unit:
    """Rule 1."""
    failing = [event for event in events if event["what"] in FAILING]
    skipped = [event for event in events if event["what"] == "skipped"]
    telling = failing or skipped[:1] or events[:1]
    state = telling[0]["what"] if telling else NOTHING
    text = "".join(event["text"] for event in telling)
    return _made(name, parameters or {}, state, text)


def _made(test: str, parameters: Dict[str, str], state: str, text: str) -> Unit:
    marks = tuple(re.findall(r"mark\d+", text))
    values = tuple(
        (name, re.sub(r" at 0x\w+", "", value)) for name, value in parameters.items()
    )
    return Unit(test, tuple(sorted(values)), state, marks)


def told_by_driver(file: str, result: records.RunResult) -> Told:
    """What the driver told of one file, by rule 7."""
    units = []
    for outcome in result.outcomes:
        if outcome.file != file:
            continue
        state = outcome.state.replace(records.UNEXPECTED_PASS, "unexpected success")
        if (state, outcome.message) == (records.PASSED, AS_MARKED):
            state = "expected failure"
        text = outcome.message if state == records.SKIPPED else outcome.traceback
        name = STAND_IN.sub("", outcome.test)
        units.append(_made(name, outcome.parameters, state, text))
    selected = [each.partition("::") for each in result.info.selected]
    names = [STAND_IN.sub("", name) for place, _, name in selected if place == file]
    return Told(list(filter(None, names)), units)


def differences(plain: Told, driver: Told) -> List[str]:
    """What only one of them told, a line each, by rule 8."""
    counts = []
    for told in plain, driver:
        units = collections.Counter(told.units)
        units.update({u: 1 - n for u, n in units.items() if FIXTURE.fullmatch(u.test)})
        counts.append(units)
    found: List[str] = []
    for title, more, less in ("unittest", *counts), ("driver", *reversed(counts)):
        found += [f"only {title}: {each}" for each in (more - less).elements()]
    if plain.tests != driver.tests:
        found.append(f"unittest has the tests {plain.tests}, driver {driver.tests}")
    return found


def run_plain(folder: str, *names: str) -> Tuple[Dict[str, dict], str]:
    """What ``plain_unittest`` tells of files in a folder, and what they printed."""
    done = subprocess.run(
        [sys.executable, PLAIN, folder, *names],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=REAL_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"plain unittest did not survive:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr


class TestGenerated(DriverCase):
    """The outcomes of generated suites."""

    @SETTINGS
    @given(trees(FILES))
    def test_by_default(self, tree: Tree) -> None:
        """Forked workers that run batches tell what plain unittest tells."""
        self.check(tree)

    @settings(SETTINGS, max_examples=4)
    @given(trees(FILES))
    def test_spawned(self, tree: Tree) -> None:
        """So do workers that are spawned."""
        self.check(tree, "--start-method", "spawn")

    @settings(SETTINGS, max_examples=4)
    @given(trees(FILES))
    def test_isolated(self, tree: Tree) -> None:
        """So do workers that run a test each."""
        self.check(tree, "--isolate", "test")

    def check(self, tree: Tree, *options: str) -> None:
        """Fail if the two differ on a tree, with the text of files where they do."""
        for folder in "test", "cache":
            shutil.rmtree(os.path.join(self.root, folder), ignore_errors=True)
        for name, text in tree.files.items():
            self.write(f"test/{name}", text)
        names = sorted(name for name in tree.files if name.startswith("test_"))

        plain, _ = run_plain(os.path.join(self.root, "test"), *names)
        json_path = os.path.join(self.root, "outcomes.json")
        ended = self.drive("-j", "2", "--reruns", "0", "--json", json_path, *options)

        self.assertIn(ended.returncode, (0, 1), ended.stdout + ended.stderr)
        driver = read_json(json_path)
        self.assertEqual((), driver.not_run)
        told = []
        for name in names:
            units = told_by_driver(f"test/{name}", driver)
            found = differences(told_by_plain(plain[name]), units)
            told += ["", name, *found, tree.files[name]] if found else []
        if told:
            self.fail("\n".join(told))
        successful = all(content["successful"] for content in plain.values())
        self.assertEqual(0 if successful else 1, ended.returncode)


class TestRealSuite(unittest.TestCase):
    """The outcomes of this project's suite, with the torch that is installed."""

    def test_quantization(self) -> None:
        """The driver tells the sub-tests of plain unittest, in the same states.

        Known and unpromised breaks the suite's base class lets pass where nobody
        listens: it says how many.
        """
        folder, name = os.path.split(os.path.join(ROOT, REAL_FILE))
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        json_path = os.path.join(cache.name, "outcomes.json")

        plain, printed = run_plain(folder, name)
        ended = subprocess.run(
            [sys.executable, "run_test.py", "-i", REAL_FILE]
            + ["--reruns", "0", "--json", json_path],
            cwd=ROOT,
            env={**os.environ, "TORCH_TEST_CACHE": cache.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=REAL_SECONDS,
        )

        self.assertIn(ended.returncode, (0, 1), ended.stdout)
        driver = read_json(json_path)
        let_pass = [each for each in driver.outcomes if each.state in LET_PASS]
        others = [each for each in driver.outcomes if each.state not in LET_PASS]
        passed = [replace(each, state=records.PASSED) for each in let_pass]
        told = told_by_driver(REAL_FILE, replace(driver, outcomes=(*others, *passed)))
        self.assertEqual([], differences(told_by_plain(plain[name]), told))
        counts = re.findall(r"^Test\w+: (\d+) ", printed, re.MULTILINE)
        self.assertEqual(sum(map(int, counts)), len(let_pass))
        self.assertEqual(0 if plain[name]["successful"] else 1, ended.returncode)
