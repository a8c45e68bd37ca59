"""How a run is told of, and where and how its tests run."""

import json
import os
import re
import unittest
from typing import Dict

from tools.test.run_case import RunCase

MIXED = """
    class TestA(TestCase):
        def test_pass(self): pass
        def test_fail(self): self.fail("it does")
        def test_skip(self): self.skipTest("no reason")
"""
BROKEN = "test/test_broken.py"


class TestAmounts(RunCase):
    """How much is told."""

    def test_list(self) -> None:
        """--list has nothing but identities on standard output; what cannot be
        imported is an error beside it."""
        self.suite(MIXED)
        names = "fail", "pass", "skip"
        listed = "".join(f"test/test_suite.py::TestA.test_{n}\n" for n in names)

        whole = self.drive("--list")
        self.write(BROKEN, "import nonsense")
        part = self.drive("--list")

        self.assertEqual(
            (0, listed, ""), (whole.returncode, whole.stdout, whole.stderr)
        )
        self.assertEqual((1, listed), (part.returncode, part.stdout))
        message = "ModuleNotFoundError: No module named 'nonsense'"
        self.assertEqual(f"error: no tests in {BROKEN}: {message}\n", part.stderr)

    def test_quiet(self) -> None:
        """-q tells of failures and counts, and not of what passed."""
        self.suite(MIXED)

        run = self.drive("-q")

        self.assertTrue(run.stdout.startswith("  failed "), run.stdout)
        self.assertIn("\nFAILED: TestA.test_fail\n", run.stdout)
        self.assertNotIn("testing torch", run.stdout)
        self.assertEqual("1 passed, 1 failed, 1 skipped", run.stdout.splitlines()[-1])

    def test_verbose(self) -> None:
        """-v has a line for each outcome."""
        self.suite(MIXED)

        run = self.drive("-v")

        for state in "pass", "fail", "skip":
            self.assertRegex(run.stdout, rf"(?m)^  {state}\w+ +TestA\.test_{state} ")

    def test_slowest(self) -> None:
        """--slowest 2 names two tests, the slowest first."""
        self.suite("""
            class TestA(TestCase):
                def test_1(self): time.sleep(0.3)
                def test_2(self): pass
                def test_3(self): time.sleep(0.6)
        """)

        run = self.drive("--slowest", "2", "-j", "1")

        slowest = run.stdout.partition("slowest tests:\n")[2].partition("\n\n")[0]
        names = re.findall(r"^ +[\d.]+ s +\S+\.(\w+)$", slowest, re.MULTILINE)
        self.assertEqual(["test_3", "test_1"], names)

    def test_show_locals(self) -> None:
        """--showlocals has the values of local variables in tracebacks."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    secret = 6 * 7
                    self.fail("it does")
        """)

        plain = self.drive().stdout
        detailed = self.drive("--showlocals").stdout

        self.assertNotIn("secret = 42", plain)
        self.assertIn("secret = 42", detailed)


class TestWorkers(RunCase):
    """Where and how tests run."""

    def printed(self, *arguments: str) -> Dict[str, str]:
        """What the tests wrote to the file ``told``: name to text."""
        if os.path.exists(self.path("told")):
            os.remove(self.path("told"))
        self.drive_to_result(*arguments)
        return dict(line.split("=") for line in self.read("told").splitlines())

    def test_seed(self) -> None:
        """A test has the same random numbers under the same seed, in whatever order
        and company; under another one it has others."""
        self.suite("""
            import random
            class TestA(TestCase):
                def tearDown(self):
                    with open(path_of("told"), "a") as file:
                        file.write(f"{self.id()}={random.random()}\\n")
                def test_1(self): pass
                def test_2(self): pass
                def test_3(self): pass
        """)

        whole = self.printed("-j", "1")
        alone = self.printed("-j", "1", "-i", "TestA.test_3")
        parted = self.printed("-j", "2", "--isolate", "test", "--seed", "0")
        other = self.printed("-j", "1", "--seed", "1")

        self.assertEqual(3, len(set(whole.values())))
        self.assertEqual(whole, {**whole, **alone})
        self.assertEqual(whole, parted)
        self.assertEqual(6, len(set(whole.values()) | set(other.values())))

    def test_isolate(self) -> None:
        """With --isolate test each test has a process of its own."""
        self.suite("""
            class TestA(TestCase):
                def setUp(self):
                    with open(path_of("told"), "a") as file:
                        file.write(f"{self.id()}={os.getpid()}\\n")
                def test_1(self): pass
                def test_2(self): pass
                def test_3(self): pass
        """)

        together = self.printed("-j", "1")
        apart = self.printed("-j", "1", "--isolate", "test")

        self.assertEqual(1, len(set(together.values())))
        self.assertEqual(3, len(set(apart.values())))

    def test_same_outcomes(self) -> None:
        """However many workers there are, and however they are started, the outcomes
        are the same."""
        self.suite(MIXED)
        self.suite("class TestB(TestCase):\n    def test_b(self): os._exit(0)", BROKEN)
        ways = (
            ("-j", "1"),
            ("-j", "4"),
            ("-j", "1", "--isolate", "test"),
            ("--start-method", "spawn"),
        )

        told = {}
        for way in ways:
            run, result = self.drive_to_result("--reruns", "0", *way)
            states = {(o.name, o.state, o.message) for o in result.outcomes}
            told[way] = run.returncode, states

        self.assertEqual(4, len(told[ways[0]][1]))
        self.assertEqual(dict.fromkeys(ways, told[ways[0]]), told)

    def test_spawned(self) -> None:
        """Workers that are spawned are said to be, and why."""
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")

        run, result = self.drive_to_result("--start-method", "spawn")

        self.assertEqual("spawn", result.info.start_method)
        self.assertIn("\nworkers are spawned: --start-method spawn\n", run.stdout)
        self.assertNothingLeft()

    def test_import_that_forbids_to_fork(self) -> None:
        """Where an import leaves a thread each worker imports for itself, which is
        said; it has its folder for temporary files all the same."""
        self.suite("""
            import threading
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            class TestA(TestCase):
                def test_a(self):
                    time.sleep(0.2)
                    self.assertTrue(os.path.isdir(os.environ["TMPDIR"]))
        """)

        run, result = self.drive_to_result()

        self.assertEqual(0, run.returncode, run.stdout)
        self.assertIn("\neach worker imports its test files itself: ", run.stdout)
        self.assertNothingLeft()

    def test_reading_plan(self) -> None:
        """--writer and --quick reach the suite."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    with open(path_of("told"), "a") as file:
                        file.write(f"plan={os.environ['GOLDEN_READ']}\\n")
        """)

        plain = json.loads(self.printed()["plan"])
        other = json.loads(self.printed("--writer", "1.5..1.8.1", "--quick")["plan"])

        self.assertEqual(("*", False), (plain["writers"], plain["quick"]))
        self.assertEqual(("1.5..1.8.1", True), (other["writers"], other["quick"]))


if __name__ == "__main__":
    unittest.main()
