"""The driver, run on small suites that each test writes into a temporary tree.

A stand-in for torch keeps it fast; what the driver needs of the real one is that
it has a version and can be imported.
"""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from typing import Dict, List

import psutil

from tools import ROOT
from tools.testing import records
from tools.testing.children import ChildError
from tools.testing.execution import list_tests, run_file

LIMIT_SECONDS = 30  # for a run of the driver; none comes near it
PREAMBLE = """
    import ctypes, os, subprocess, sys, time, unittest
    from unittest import TestCase
"""
LEDGER_HEADER = "test,writers,readers,message,cause,reference\n"
FILE = "test/test_suite.py"


class DriverCase(unittest.TestCase):
    """A temporary tree with a stand-in for torch 2.5.0, and the driver on it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        self.env = {"PYTHONPATH": os.path.join(self.root, "lib")}
        self.torch('__version__ = "2.5.0"')

    def torch(self, text: str) -> None:
        """Make ``text`` the torch of the tree."""
        self.write("lib/torch/__init__.py", text)

    def write(self, name: str, text: str) -> str:
        """Write a file of the tree; its path."""
        path = os.path.join(self.root, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def read(self, name: str) -> str:
        """What a file of the tree holds."""
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            return file.read()

    def suite(self, text: str, name: str = FILE) -> None:
        """Write a test file, with the usual imports before ``text``."""
        self.write(name, textwrap.dedent(PREAMBLE) + textwrap.dedent(text))

    def command(self, *arguments: str) -> List[str]:
        """The command line of a run."""
        script = os.path.join(ROOT, "run_test.py")
        return [sys.executable, script, "--root", self.root, *arguments]

    def drive(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the driver on the tree."""
        return subprocess.run(
            self.command(*arguments),
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=LIMIT_SECONDS,
        )

    def run_tests(self, *tests: str, **options) -> List[records.Outcome]:
        """The outcomes of some tests of the suite."""
        options = {"env": self.env, "timeout": LIMIT_SECONDS, **options}
        return list(run_file(FILE, tests, root=self.root, **options))

    def states(self, *tests: str, **options) -> Dict[str, str]:
        """Name with parameters to state, each name once."""
        outcomes = self.run_tests(*tests, **options)
        found = {outcome.name: outcome.state for outcome in outcomes}
        self.assertEqual(len(outcomes), len(found), outcomes)
        return found

    def assertEnds(self, pid: int) -> None:
        """Fail if a process goes on."""
        deadline = time.monotonic() + 5
        while _is_alive(pid):
            self.assertLess(time.monotonic(), deadline, f"process {pid} is left")
            time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestOutcomes(DriverCase):
    """What a test does, and the outcome that it gets."""

    def test_plain_states(self) -> None:
        """A test passes, fails, ends by another exception, or is skipped."""
        self.suite("""
            class TestA(TestCase):
                def test_pass(self): pass
                def test_fail(self): self.assertEqual(1, 2, "first\\nsecond\\n\\nthird")
                def test_error(self): {}["missing"]
                def test_skip(self): self.skipTest("no reason")
                @unittest.skip("decorated")
                def test_skipped(self): pass
                def test_exit(self): sys.exit(0)
        """)

        names = "pass", "fail", "error", "skip", "skipped", "exit"
        outcomes = {
            outcome.test: outcome
            for outcome in self.run_tests(*(f"TestA.test_{name}" for name in names))
        }

        def told(name: str) -> tuple:
            outcome = outcomes[f"TestA.test_{name}"]
            return outcome.state, outcome.message

        self.assertEqual(6, len(outcomes))
        self.assertEqual((records.PASSED, ""), told("pass"))
        self.assertEqual(
            (records.FAILED, "AssertionError: 1 != 2 : first second"), told("fail")
        )
        self.assertEqual((records.ERROR, "KeyError: 'missing'"), told("error"))
        self.assertEqual((records.SKIPPED, "no reason"), told("skip"))
        self.assertEqual((records.SKIPPED, "decorated"), told("skipped"))
        self.assertEqual((records.ERROR, "SystemExit: 0"), told("exit"))

    def test_traceback_begins_in_the_test(self) -> None:
        """A traceback holds the frames of the test, and none of the machinery."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    with self.subTest(writer="1.0.1"):
                        raise ValueError("deep")
        """)

        (outcome,) = self.run_tests("TestA.test_a")

        self.assertIn('raise ValueError("deep")', outcome.traceback)
        self.assertEqual(1, outcome.traceback.count("File "), outcome.traceback)

    def test_one_outcome_for_each_leaf(self) -> None:
        """Sub-tests have an outcome each; those around them only if they fail."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    for engine in "x", "y":
                        with self.subTest(engine=engine):
                            for writer in "1.0.1", "1.1.0", "1.2.0":
                                with self.subTest(writer=writer):
                                    self.assertNotEqual(writer, "1.1.0")
                                    if writer == "1.2.0":
                                        self.skipTest("not here")
                            self.assertEqual(engine, "x")
        """)

        self.assertEqual(
            {
                "TestA.test_a (engine=x, writer=1.0.1)": records.PASSED,
                "TestA.test_a (engine=x, writer=1.1.0)": records.FAILED,
                "TestA.test_a (engine=x, writer=1.2.0)": records.SKIPPED,
                "TestA.test_a (engine=y, writer=1.0.1)": records.PASSED,
                "TestA.test_a (engine=y, writer=1.1.0)": records.FAILED,
                "TestA.test_a (engine=y, writer=1.2.0)": records.SKIPPED,
                "TestA.test_a (engine=y)": records.FAILED,
            },
            self.states("TestA.test_a"),
        )

    def test_failure_outside_subtests(self) -> None:
        """A test with sub-tests that fails outside them has an outcome for that."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    with self.subTest(writer="1.0.1"): pass
                    self.fail()
        """)

        self.assertEqual(
            {
                "TestA.test_a (writer=1.0.1)": records.PASSED,
                "TestA.test_a": records.FAILED,
            },
            self.states("TestA.test_a"),
        )

    def test_skip_hides_no_failure(self) -> None:
        """A test that is skipped and then fails to clean up has failed, once."""
        self.suite("""
            class TestA(TestCase):
                def tearDown(self): raise OSError("left behind")
                def test_a(self): self.skipTest("whatever")
        """)

        (outcome,) = self.run_tests("TestA.test_a")

        self.assertEqual(records.ERROR, outcome.state)
        self.assertEqual("OSError: left behind", outcome.message)

    def test_two_failures(self) -> None:
        """A test that fails and then fails to clean up tells both, in one outcome."""
        self.suite("""
            class TestA(TestCase):
                def tearDown(self): raise OSError("left behind")
                def test_a(self): self.fail("wrong")
        """)

        (outcome,) = self.run_tests("TestA.test_a")

        self.assertEqual("AssertionError: wrong", outcome.message)
        self.assertIn("OSError: left behind", outcome.traceback)

    def test_expected_failure(self) -> None:
        """expectedFailure makes one outcome, sub-tests or not: it must fail."""
        self.suite("""
            class TestA(TestCase):
                @unittest.expectedFailure
                def test_fails(self):
                    with self.subTest(writer="1.0.1"): self.fail()
                @unittest.expectedFailure
                def test_passes(self):
                    with self.subTest(writer="1.0.1"): pass
        """)

        self.assertEqual(
            {
                "TestA.test_fails": records.PASSED,
                "TestA.test_passes": records.UNEXPECTED_PASS,
            },
            self.states("TestA.test_fails", "TestA.test_passes"),
        )

    def test_hooks_of_the_base_class(self) -> None:
        """What the suite tells its result is no pass: known break, unpromised,
        unexpected pass; in a sub-test or in the test itself."""
        self.suite("""
            class UnexpectedPass(AssertionError): pass

            class Row: line, cause, reference = 7, "because", "#1"

            class TestA(TestCase):
                def tell(self, hook, *details):
                    getattr(self._outcome.result, hook)(self._subtest or self, *details)
                def test_a(self):
                    with self.subTest(writer="1.0.1"):
                        self.tell("addKnownBreak", "RuntimeError: old\\n\\nmore", Row)
                    with self.subTest(writer="9.0.0"):
                        self.tell("addUnpromised", "RuntimeError: new")
                    with self.subTest(writer="1.1.0"):
                        raise UnexpectedPass("listed")
                def test_b(self):
                    self.tell("addKnownBreak", "RuntimeError: old", Row)
        """)

        outcomes = {each.name: each for each in self.run_tests("TestA.test_a")}
        (alone,) = self.run_tests("TestA.test_b")

        known = outcomes["TestA.test_a (writer=1.0.1)"]
        self.assertEqual(records.KNOWN_BREAK, known.state)
        self.assertEqual(("RuntimeError: old", 7), (known.message, known.row))
        self.assertEqual((records.KNOWN_BREAK, 7), (alone.state, alone.row))
        unpromised = outcomes["TestA.test_a (writer=9.0.0)"]
        self.assertEqual(records.UNPROMISED, unpromised.state)
        unexpected = outcomes["TestA.test_a (writer=1.1.0)"]
        self.assertEqual(records.UNEXPECTED_PASS, unexpected.state)

    def test_class_fixtures(self) -> None:
        """What befalls setUpClass befalls each test; tearDownClass has its own."""
        self.suite("""
            class TestBroken(TestCase):
                @classmethod
                def setUpClass(cls): raise OSError("no disk")
                def test_a(self): pass
                def test_b(self): pass
            class TestSkipped(TestCase):
                @classmethod
                def setUpClass(cls): raise unittest.SkipTest("no GPU")
                def test_a(self): pass
            class TestLeft(TestCase):
                @classmethod
                def tearDownClass(cls): raise OSError("no disk")
                def test_a(self): pass
        """)

        self.assertEqual(
            {
                "TestBroken.test_a": records.ERROR,
                "TestBroken.test_b": records.ERROR,
                "TestSkipped.test_a": records.SKIPPED,
                "TestLeft.test_a": records.PASSED,
                "tearDownClass (TestLeft)": records.ERROR,
            },
            self.states(
                "TestBroken.test_a", "TestBroken.test_b", "TestSkipped.test_a",
                "TestLeft.test_a",
            ),
        )  # fmt: skip

    def test_module_fixture(self) -> None:
        """A skip in setUpModule is an outcome of each test of the module."""
        self.suite("""
            def setUpModule(): raise unittest.SkipTest("not on Tuesdays")
            from part import TestOther
            class TestA(TestCase):
                def test_a(self): pass
            class TestB(TestCase):
                def test_b(self): pass
        """)
        self.write(
            "test/part.py",
            """
            from unittest import TestCase
            class TestOther(TestCase):
                def test_a(self): pass
            """,
        )

        self.assertEqual(
            {
                "TestA.test_a": records.SKIPPED,
                "TestB.test_b": records.SKIPPED,
                "TestOther.test_a": records.PASSED,
            },
            self.states("TestA.test_a", "TestB.test_b", "TestOther.test_a"),
        )

    def test_class_fixture_that_fails_later(self) -> None:
        """Tests that ran before setUpClass failed keep their outcome."""
        self.suite("""
            class TestA(TestCase):
                entered = 0
                @classmethod
                def setUpClass(cls):
                    cls.entered += 1
                    if cls.entered > 1: raise OSError("once is enough")
                def test_1(self): pass
                def test_2(self): pass
            class TestB(TestCase):
                def test_b(self): pass
            def load_tests(loader, tests, pattern):
                order = TestA("test_1"), TestB("test_b"), TestA("test_2")
                return unittest.TestSuite(order)
        """)

        self.assertEqual(
            {
                "TestA.test_1": records.PASSED,
                "TestB.test_b": records.PASSED,
                "TestA.test_2": records.ERROR,
            },
            self.states("TestA.test_1", "TestB.test_b", "TestA.test_2"),
        )

    def test_silent_run(self) -> None:
        """A test that tells the result nothing does not count as passed."""
        self.suite("""
            class TestA(TestCase):
                def run(self, result=None): pass
                def test_a(self): pass
            class TestB(TestCase):
                def run(self, result=None):
                    result.startTest(self)
                    result.stopTest(self)
                def test_b(self): pass
        """)

        self.assertEqual(
            {"TestA.test_a": records.ERROR, "TestB.test_b": records.ERROR},
            self.states("TestA.test_a", "TestB.test_b"),
        )

    def test_unknown_test(self) -> None:
        """A test that the file does not have is an error."""
        self.suite("class TestA(TestCase): pass")

        (outcome,) = self.run_tests("TestA.test_a")

        self.assertEqual(records.ERROR, outcome.state)
        self.assertIn("has no test TestA.test_a", outcome.message)


class TestDeaths(DriverCase):
    """A test that ends its interpreter costs one test, and is named."""

    def test_crash_in_a_subtest(self) -> None:
        """A segmentation fault blames the sub-test; all that ended stays, all that
        follows runs."""
        self.suite("""
            class TestA(TestCase):
                def test_1(self): pass
                def test_2(self):
                    with self.subTest(writer="1.0.1"): pass
                    with self.subTest(writer="1.1.0"):
                        print("about to")
                        ctypes.string_at(0)
                def test_3(self): pass
        """)

        outcomes = self.run_tests("TestA.test_1", "TestA.test_2", "TestA.test_3")

        self.assertEqual(
            {
                "TestA.test_1": records.PASSED,
                "TestA.test_2 (writer=1.0.1)": records.PASSED,
                "TestA.test_2 (writer=1.1.0)": records.CRASHED,
                "TestA.test_3": records.PASSED,
            },
            {outcome.name: outcome.state for outcome in outcomes},
        )
        crashed = outcomes[2]
        self.assertEqual("crashed: SIGSEGV", crashed.message)
        self.assertIn("about to", crashed.traceback)
        self.assertIn("in test_2", crashed.traceback)

    def test_exits(self) -> None:
        """Leaving with any code, 0 too, is a failure."""
        self.suite("""
            class TestA(TestCase):
                def test_0(self): os._exit(0)
                def test_3(self): os._exit(3)
                def test_kill(self): os.kill(os.getpid(), 9)
                def test_pass(self): pass
        """)

        outcomes = self.run_tests(
            "TestA.test_0", "TestA.test_3", "TestA.test_kill", "TestA.test_pass"
        )

        self.assertEqual(
            [
                (records.NO_END, "exited with code 0 without an end record"),
                (records.NO_END, "exited with code 3 without an end record"),
                (records.CRASHED, "crashed: SIGKILL"),
                (records.PASSED, ""),
            ],
            [(outcome.state, outcome.message) for outcome in outcomes],
        )

    def test_hang(self) -> None:
        """A hang ends at the time limit, and tells where it was."""
        self.suite("""
            class TestA(TestCase):
                def test_hang(self): time.sleep(60)
                def test_pass(self): pass
        """)

        hung, passed = self.run_tests("TestA.test_hang", "TestA.test_pass", timeout=2)

        self.assertEqual(records.TIMED_OUT, hung.state)
        self.assertEqual("timed out after 2 s", hung.message)
        self.assertIn("in test_hang", hung.traceback)
        self.assertEqual(records.PASSED, passed.state)

    def test_crash_in_tear_down_class(self) -> None:
        """A crash after a class is not blamed on the test that follows."""
        self.suite("""
            class TestA(TestCase):
                @classmethod
                def tearDownClass(cls): os._exit(3)
                def test_a(self): pass
            class TestB(TestCase):
                def test_b(self): pass
        """)

        self.assertEqual(
            {
                "TestA.test_a": records.PASSED,
                "tearDownClass (TestA)": records.NO_END,
                "TestB.test_b": records.PASSED,
            },
            self.states("TestA.test_a", "TestB.test_b"),
        )

    def test_death_at_import(self) -> None:
        """A file that dies while it is imported costs only its own tests."""
        self.suite("ctypes.string_at(0)", "test/test_dies.py")
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")

        listing = list_tests(["test/test_dies.py", FILE], root=self.root, env=self.env)

        self.assertEqual(["TestA.test_a"], [test.name for test in listing.tests])
        (problem,) = listing.problems
        self.assertEqual("test/test_dies.py", problem.file)
        self.assertEqual("crashed: SIGSEGV", problem.message)

    def test_death_at_second_import(self) -> None:
        """A file that dies only when it is imported to run blames each test, once."""
        self.suite("os._exit(4)")

        self.assertEqual(
            {"TestA.test_a": records.NO_END, "TestA.test_b": records.NO_END},
            self.states("TestA.test_a", "TestA.test_b"),
        )

    def test_odd_exit_after_the_end(self) -> None:
        """A crash while the interpreter exits is told, and harms no outcome."""
        self.suite("""
            import atexit
            class TestA(TestCase):
                def test_a(self): atexit.register(os._exit, 9)
        """)

        run = self.drive()

        self.assertEqual(0, run.returncode, run.stdout)
        self.assertIn("ended with code 9", run.stdout)

    def test_leftover_child(self) -> None:
        """A process that a test leaves behind does not hold up or outlive the run."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    child = subprocess.Popen(["sleep", "60"], close_fds=False)
                    with open("pid", "w") as file: file.write(str(child.pid))
        """)

        self.assertEqual({"TestA.test_a": records.PASSED}, self.states("TestA.test_a"))
        self.assertEnds(int(self.read("pid")))

    def test_forked_test(self) -> None:
        """A fork that runs on into unittest's code reports nothing."""
        self.suite("""
            PROCESS = os.getpid()
            class TestA(TestCase):
                def test_a(self):
                    child = os.fork()
                    if child: os.waitpid(child, 0)
                def test_b(self): self.assertEqual(PROCESS, os.getpid())
        """)

        self.assertEqual(
            {"TestA.test_a": records.PASSED, "TestA.test_b": records.PASSED},
            self.states("TestA.test_a", "TestA.test_b"),
        )

    def test_closed_descriptors(self) -> None:
        """A test that closes the driver's descriptor is to blame, and ends there."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): os.closerange(3, 256)
                def test_b(self): pass
        """)

        unheard, passed = self.run_tests("TestA.test_a", "TestA.test_b")

        self.assertEqual(records.NO_END, unheard.state)
        self.assertIn("exited with code 70", unheard.message)
        self.assertIn("the driver cannot be told", unheard.traceback)
        self.assertEqual(records.PASSED, passed.state)

    def test_foreign_records(self) -> None:
        """A program that a test starts cannot speak for it, nor can garbage."""
        self.write(
            "speak.py",
            """
            import os
            for descriptor in range(3, 64):
                try: os.write(descriptor, b'{"event": "end"}\\n')
                except OSError: pass
            """,
        )
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    command = [sys.executable, "speak.py"]
                    subprocess.check_call(command, close_fds=False)
                def test_b(self):
                    for descriptor in range(3, 64):
                        try: os.write(descriptor, b"\\xff\\n[]\\n")
                        except OSError: pass
        """)

        self.assertEqual(
            {"TestA.test_a": records.PASSED, "TestA.test_b": records.PASSED},
            self.states("TestA.test_a", "TestA.test_b"),
        )

    def test_death_before_a_fork_of_it(self) -> None:
        """A process that holds the descriptor does not hide that its parent died."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    if os.fork() == 0: time.sleep(60)
                    os._exit(3)
        """)
        began = time.monotonic()

        (outcome,) = self.run_tests("TestA.test_a")

        self.assertIn("exited with code 3", outcome.message)
        self.assertLess(time.monotonic() - began, LIMIT_SECONDS / 2)

    def test_death_after_a_test(self) -> None:
        """A test that has its outcome is not blamed for a death after it."""
        self.suite("""
            class TestA(TestCase):
                def run(self, result=None):
                    super().run(result)
                    os._exit(3)
                def test_a(self): pass
        """)

        self.assertEqual(
            {"TestA.test_a": records.PASSED, FILE: records.NO_END},
            self.states("TestA.test_a"),
        )

    def test_interrupt(self) -> None:
        """Ctrl-C reports what finished, leaves no process, and exits with 130."""
        self.suite("""
            class TestA(TestCase):
                def test_1(self): pass
                def test_2(self):
                    with open("pid", "w") as file: file.write(str(os.getpid()))
                    time.sleep(60)
        """)
        run = subprocess.Popen(
            self.command(),
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.addCleanup(run.kill)
        deadline = time.monotonic() + LIMIT_SECONDS
        pid = os.path.join(self.root, "pid")
        while not (os.path.exists(pid) and os.path.getsize(pid)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

        run.send_signal(signal.SIGINT)
        output = run.communicate(timeout=LIMIT_SECONDS)[0]

        self.assertEqual(130, run.returncode)
        self.assertEqual("1 passed, 0 failed, 0 skipped", output.splitlines()[-1])
        self.assertEnds(int(self.read("pid")))


class TestInterface(DriverCase):
    """What other tools build on: list_tests and run_file."""

    def test_torch_is_described(self) -> None:
        """The listing says which torch its interpreter imports, and from where."""
        self.torch("from . import version; __version__ = '2.5.0+cpu'")
        self.write("lib/torch/version.py", "git_version = 'abc'")
        self.suite("class TestA(TestCase): pass")

        torch = list_tests([FILE], root=self.root, env=self.env).torch

        self.assertEqual(("2.5.0+cpu", "abc"), (torch.version, torch.git_version))
        self.assertEqual(os.path.join(self.root, "lib", "torch"), torch.folder)
        self.assertEqual("{}.{}.{}".format(*sys.version_info), torch.python)

    def test_goldens_are_listed(self) -> None:
        """A test is listed with what it says of its goldens, or None."""
        self.suite("""
            class Spec:
                def to_json(self, test): return {"of": test._testMethodName}
            class TestA(TestCase):
                def test_golden(self): pass
                test_golden.golden = Spec()
                def test_plain(self): pass
        """)

        tests = list_tests([FILE], root=self.root, env=self.env).tests

        self.assertEqual(
            {"TestA.test_golden": {"of": "test_golden"}, "TestA.test_plain": None},
            {test.name: test.golden for test in tests},
        )

    def test_environment(self) -> None:
        """Variables can be set and removed for the interpreter under test."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    self.assertEqual("on", os.environ["MODE"])
                    self.assertNotIn("HOME", os.environ)
        """)

        env = {**self.env, "MODE": "on", "HOME": None}

        self.assertEqual(
            {"TestA.test_a": records.PASSED}, self.states("TestA.test_a", env=env)
        )

    def test_missing_interpreter(self) -> None:
        """An interpreter that does not exist is one clear error."""
        self.suite("class TestA(TestCase): pass")

        with self.assertRaisesRegex(ChildError, "cannot start /no/such/python"):
            self.run_tests("TestA.test_a", python="/no/such/python")

    def test_imports_are_the_file_s_own(self) -> None:
        """Each file finds its neighbours and the test folder, and not the driver;
        its classes can be pickled."""
        for folder in "one", "two":
            self.write(f"test/{folder}/common.py", f"NAME = {folder!r}")
            self.suite(
                f"""
                import pickle
                import common, shared
                class Value: pass
                class TestIt(TestCase):
                    def test_it(self):
                        self.assertEqual(common.NAME, {folder!r})
                        value = pickle.loads(pickle.dumps(Value()))
                        self.assertIsInstance(value, Value)
                        with self.assertRaises(ImportError): import recorder
                setattr(TestIt, "test_" + common.NAME, TestIt.test_it)
                """,
                f"test/{folder}/test_it.py",
            )
        self.write("test/shared.py", "")
        files = ["test/one/test_it.py", "test/two/test_it.py"]

        listing = list_tests(files, root=self.root, env=self.env)

        self.assertEqual((), listing.problems)
        self.assertEqual(
            [(files[0], "TestIt.test_it"), (files[0], "TestIt.test_one"),
             (files[1], "TestIt.test_it"), (files[1], "TestIt.test_two")],
            [(test.file, test.name) for test in listing.tests],
        )  # fmt: skip
        for file in files:
            outcomes = run_file(file, ["TestIt.test_it"], root=self.root, env=self.env)
            self.assertEqual(
                [(records.PASSED, "")],
                [(each.state, each.message) for each in outcomes],
            )

    def test_outcome_travels_as_json(self) -> None:
        """An outcome is the same after a way through JSON."""
        outcome = records.Outcome(FILE, "A.b", records.FAILED, {"writer": "1.0.1"})

        self.assertEqual(outcome, records.Outcome.from_json(outcome.to_json()))
        self.assertEqual("1.0.1", outcome.writer)


class TestSelection(DriverCase):
    """-i, -x and -k."""

    def setUp(self) -> None:
        super().setUp()
        for name in "test/a/test_one.py", "test/a/b/test_two.py", "test/test_three.py":
            stem = name[:-3].rpartition("_")[2].title()
            self.suite(
                f"class Test{stem}(TestCase):\n"
                "    def test_x(self): pass\n"
                "    def test_y(self): pass\n",
                name,
            )

    def selected(self, *arguments: str) -> str:
        """What a run would run, in short: ``One.x One.y``."""
        run = self.drive("--dry-run", *arguments)
        self.assertEqual(0, run.returncode, run.stderr)
        lines = [line.strip() for line in run.stdout.splitlines()]
        tests = sorted(line for line in lines if line.startswith("Test"))
        return " ".join(tests).replace("Test", "").replace("test_", "")

    def test_everything(self) -> None:
        """Without options every test of every file is selected, none is run."""
        self.write("test/.cache/test_hidden.py", "raise OSError")

        self.assertEqual("One.x One.y Three.x Three.y Two.x Two.y", self.selected())
        self.assertNotIn("hidden", self.drive("--dry-run").stdout)
        self.assertNotIn("passed", self.drive("--dry-run").stdout)

    def test_include(self) -> None:
        """A name is a folder, a file, its bare name, a class or a test."""
        for name, expected in {
            "a": "One.x One.y Two.x Two.y",
            "test/a/b/": "Two.x Two.y",
            "a/b": "Two.x Two.y",
            "a/b/test_two": "Two.x Two.y",
            "test/a/b/test_two.py": "Two.x Two.y",
            os.path.join(self.root, "test", "a", "b"): "Two.x Two.y",
            "test_one": "One.x One.y",
            "test_one.py": "One.x One.y",
            "TestThree": "Three.x Three.y",
            "TestThree.test_y": "Three.y",
        }.items():
            with self.subTest(name):
                self.assertEqual(expected, self.selected("-i", name))

    def test_repeated_include(self) -> None:
        """-i takes several names, and may be repeated."""
        self.assertEqual(
            "One.x Three.x Two.x Two.y",
            self.selected("-i", "a/b", "TestThree.test_x", "-i", "TestOne.test_x"),
        )

    def test_exclude(self) -> None:
        """-x takes away from what is left."""
        self.assertEqual("Three.x Three.y", self.selected("-x", "a"))
        self.assertEqual(
            "One.y", self.selected("-i", "a", "-x", "a/b", "-x", "TestOne.test_x")
        )

    def test_pattern(self) -> None:
        """-k is a part of file.Class.test, or a glob over it."""
        self.assertEqual("Two.x Two.y", self.selected("-k", "test_two.T"))
        self.assertEqual("One.x Three.x Two.x", self.selected("-k", "*_x"))
        self.assertEqual(
            "One.x Two.y", self.selected("-k", "*One*x", "-k", "Two.test_y")
        )

    def test_only_selected_tests_run(self) -> None:
        """What is not selected is not run."""
        run = self.drive("-i", "TestOne.test_x", "test_three")

        self.assertEqual("3 passed, 0 failed, 0 skipped", run.stdout.splitlines()[-1])

    def test_unmatched_name(self) -> None:
        """A name that matches nothing is an error with what comes close, exit 2."""
        for option in "-i", "-x":
            with self.subTest(option):
                run = self.drive(option, "test_thre")

                self.assertEqual((2, ""), (run.returncode, run.stdout))
                self.assertRegex(
                    run.stderr,
                    r"\Aerror: no folder, file, class or test is named 'test_thre'; "
                    r"close to it: test_three, .*\n\Z",
                )

    def test_nothing_left(self) -> None:
        """A selection that leaves nothing is not green: exit 5."""
        for arguments in (
            ("-i", "a/b", "-x", "a"),
            ("-k", "no such test"),
            ("-k", "TestOne*"),
        ):
            with self.subTest(arguments):
                run = self.drive(*arguments)

                self.assertEqual(5, run.returncode)
                self.assertIn("nothing ran", run.stderr)

    def test_aggregated_tests_run_once(self) -> None:
        """A class that another file imports runs where it is defined, unless only
        the other file is selected."""
        self.suite("from a.test_one import TestOne", "test/test_all.py")

        self.assertEqual("One.x One.y Three.x Three.y Two.x Two.y", self.selected())
        self.assertEqual("One.x One.y", self.selected("-i", "test_all"))


class TestLedger(DriverCase):
    """Rows of the ledger that only the driver can judge; the reader is 2.5.0."""

    def setUp(self) -> None:
        super().setUp()
        self.suite("""
            class Row: line = 2
            class TestA(TestCase):
                def test_crash(self):
                    with self.subTest(writer="1.0.1"): ctypes.string_at(0)
                def test_break(self):
                    with self.subTest(writer="1.0.1"):
                        result = self._outcome.result
                        result.addKnownBreak(self._subtest, "RuntimeError: x", Row)
                    with self.subTest(writer="1.1.0"): pass
                def test_skip(self):
                    with self.subTest(engine="x"): self.skipTest("not built in")
                def test_fail(self):
                    with self.subTest(writer="1.0.1"): self.fail()
        """)

    def ledger(self, *rows: str) -> None:
        """Write the ledger."""
        lines = "".join(f"{row},because,#1\n" for row in rows)
        self.write("test/known_breaks.csv", LEDGER_HEADER + lines)

    def assertStale(self, expected: int, *arguments: str) -> str:
        """Fail unless so many rows are stale; the run's output."""
        run = self.drive(*arguments)
        count = run.stdout.count("STALE ROW: known_breaks.csv:")
        self.assertEqual(expected, count, run.stdout + run.stderr)
        self.assertEqual(1 if expected else 0, run.returncode, run.stdout)
        return run.stdout

    def test_listed_crash(self) -> None:
        """A crash that a row lists, with its signal, is a known break."""
        self.ledger("TestA.test_crash,1.0.1,2.5.0,crashed: SIGSEGV")

        output = self.assertStale(0, "-i", "TestA.test_crash")

        self.assertIn("1 known break", output)
        self.assertEqual("0 passed, 0 failed, 0 skipped", output.splitlines()[-1])

    def test_row_behind_a_crash(self) -> None:
        """Where a listed crash cut a test short, its other rows are not judged."""
        self.ledger(
            "TestA.test_crash,1.0.1,2.5.0,crashed: SIGSEGV",
            "TestA.test_crash,1.1.0,2.5.0,RuntimeError: x",
        )

        self.assertStale(0, "-i", "TestA.test_crash")

    def test_crash_with_another_signal(self) -> None:
        """A crash that a row does not describe stays a failure."""
        self.ledger("TestA.test_crash,1.0.1,2.5.0,crashed: SIGABRT")

        run = self.drive("-i", "TestA.test_crash")

        self.assertEqual(1, run.returncode)
        self.assertIn("CRASHED: TestA.test_crash (writer=1.0.1)", run.stdout)

    def test_needed_row(self) -> None:
        """A row that an outcome used is not stale."""
        self.ledger("TestA.test_break,1.0.1,2.5.0,RuntimeError: x")

        self.assertStale(0, "-i", "TestA.test_break")

    def test_stale_row(self) -> None:
        """A row that no cell needed fails the run, and says what to do."""
        self.ledger(
            "TestA.test_break,1.0.1,2.5.0,RuntimeError: x",
            "TestA.test_break,1.1.0,2.5.0,RuntimeError: x",
        )

        output = self.assertStale(1, "-i", "TestA.test_break")

        self.assertIn("STALE ROW: known_breaks.csv:3", output)
        self.assertIn("remove the row", output)
        self.assertEqual("1 passed, 1 failed, 0 skipped", output.splitlines()[-1])

    def test_row_for_no_test(self) -> None:
        """A row that no test of the suite is named by is stale."""
        self.ledger("TestA.test_gone,*,*,RuntimeError: x")

        self.assertStale(1, "-i", "TestA.test_break")

    def test_row_that_cannot_be_judged(self) -> None:
        """A row for another reader, a test that did not run, or a part of a test
        that was skipped, may well be right."""
        self.ledger(
            "TestA.test_break,1.0.1,2.5.0,RuntimeError: x",
            "TestA.test_break,1.1.0,..2.4.0,RuntimeError: x",
            "TestA.test_crash,1.0.1,2.5.0,crashed: SIGSEGV",
            "TestA.test_skip(engine=x),1.0.1,2.5.0,RuntimeError: x",
            "TestA.*,1.7.0,2.5.0,RuntimeError: x",
        )

        self.assertStale(0, "-i", "TestA.test_break", "TestA.test_skip")

    def test_unknown_suite(self) -> None:
        """A run that does not import every file does not judge rows."""
        self.ledger("TestA.test_gone,*,*,RuntimeError: x")
        self.suite("class TestB(TestCase):\n    def test_b(self): pass",
                   "test/test_other.py")  # fmt: skip

        self.assertStale(0, "-i", "test_other")

    def test_failing_row(self) -> None:
        """A listed cell that fails in another way is one failure, not two."""
        self.ledger("TestA.test_fail,1.0.1,2.5.0,RuntimeError: x")

        run = self.drive("-i", "TestA.test_fail")

        self.assertEqual("0 passed, 1 failed, 0 skipped", run.stdout.splitlines()[-1])

    def test_broken_ledger(self) -> None:
        """A ledger that cannot be read is one line, exit 2."""
        self.write("test/known_breaks.csv", "nonsense\n")

        run = self.drive()

        self.assertEqual((2, ""), (run.returncode, run.stdout))
        self.assertRegex(run.stderr, r"\Aerror: .*known_breaks.csv: .*\n\Z")


class TestReport(DriverCase):
    """What the user reads, and the exit code."""

    def test_passing_run(self) -> None:
        """A run that passes says what it tested and how it went, exit 0."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): pass
                @unittest.skip("why")
                def test_b(self): pass
        """)
        self.write("test/test_nothing.py", "")

        run = self.drive()

        self.assertEqual((0, ""), (run.returncode, run.stderr))
        lines = run.stdout.splitlines()
        self.assertEqual("testing torch 2.5.0", lines[0])
        self.assertIn(os.path.join(self.root, "lib", "torch"), lines[1])
        self.assertIn("no tests in test/test_nothing.py", lines)
        self.assertRegex(
            run.stdout, r"\[1/1\] test_suite.py  1 passed, 1 skipped  \d+\.\d s\n"
        )
        self.assertNotIn("reproduce:", run.stdout)
        self.assertEqual("1 passed, 0 failed, 1 skipped", lines[-1])

    def test_failure(self) -> None:
        """A failure is told once, at the end, with a command that shows it again."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    with self.subTest(writer="1.0.1"): self.assertEqual(1, 2)

            if __name__ == "__main__": unittest.main()
        """)

        run = self.drive()

        self.assertEqual(1, run.returncode)
        self.assertEqual(1, run.stdout.count("FAILED: TestA.test_a (writer=1.0.1)"))
        self.assertEqual(1, run.stdout.count("Traceback"))
        self.assertIn("written by torch 1.0.1", run.stdout)
        self.assertEqual("0 passed, 1 failed, 0 skipped", run.stdout.splitlines()[-1])
        command = run.stdout.partition("reproduce: ")[2].splitlines()[0]
        self.assertTrue(command.endswith("test_suite.py TestA.test_a"), command)
        again = subprocess.run(command, shell=True, stderr=subprocess.PIPE)
        self.assertEqual(1, again.returncode)
        self.assertIn(b"1 != 2", again.stderr)

    def test_import_and_syntax_errors(self) -> None:
        """A file that cannot be imported is a failure; the others run."""
        self.write("test/test_import.py", "import no_such_module")
        self.write("test/test_syntax.py", "def")
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")

        run = self.drive()

        self.assertEqual(1, run.returncode)
        self.assertIn("ERROR: test/test_import.py", run.stdout)
        self.assertIn("No module named 'no_such_module'", run.stdout)
        self.assertIn("ERROR: test/test_syntax.py", run.stdout)
        self.assertIn("SyntaxError: ", run.stdout)
        self.assertNotIn("importlib", run.stdout)
        self.assertEqual("1 passed, 2 failed, 0 skipped", run.stdout.splitlines()[-1])

    def test_skipped_file(self) -> None:
        """A file that skips itself while it is imported is an outcome."""
        self.suite("raise unittest.SkipTest('no compiler')")

        run = self.drive("-v")

        self.assertIn("no compiler", run.stdout)
        self.assertEqual("0 passed, 0 failed, 1 skipped", run.stdout.splitlines()[-1])

    def test_much_output(self) -> None:
        """Five megabytes on stdout neither stop the run nor drown its report."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    for number in range(50000): print(number, "x" * 100)
        """)

        brief, verbose = self.drive(), self.drive("-v")

        self.assertEqual(0, brief.returncode)
        self.assertIn("output of test_suite.py:", brief.stdout)
        self.assertIn("(49960 lines left out, all with -v)", brief.stdout)
        self.assertIn("49999 xxx", brief.stdout)
        self.assertNotIn("49959 xxx", brief.stdout)
        self.assertEqual("1 passed, 0 failed, 0 skipped", brief.stdout.splitlines()[-1])
        self.assertIn("| 0 xxx", verbose.stdout)

    def test_output_in_no_encoding(self) -> None:
        """Bytes that are no text are shown as what they are."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): os.write(1, b"caf\\xe9\\n")
        """)

        self.assertIn("caf\\xe9", self.drive().stdout)

    def test_verbose(self) -> None:
        """With -v each outcome has a line."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    for writer in "1.0.1", "1.1.0":
                        with self.subTest(writer=writer): pass
        """)

        output = self.drive("-v").stdout

        self.assertRegex(output, r"passed +TestA.test_a \(writer=1.0.1\)  \d")
        self.assertRegex(output, r"passed +TestA.test_a \(writer=1.1.0\)  \d")

    def test_unusable_torch(self) -> None:
        """Without a torch that the suite can test: one line, exit 2."""
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")
        for torch, expected in {
            "raise ImportError('not for this CPU')": "not for this CPU",
            "import os; os.abort()": "crashed: SIGABRT while importing torch",
            "__version__ = '0.4.1'": "torch 0.4.1 in .* is too old",
            "": "not a torch version",
        }.items():
            with self.subTest(torch):
                self.torch(torch)
                run = self.drive()

                self.assertEqual((2, ""), (run.returncode, run.stdout))
                self.assertRegex(run.stderr, rf"\Aerror: .*{expected}.*\n\Z")

    def test_wrong_use(self) -> None:
        """A wrong option, folder or limit: one line, exit 2."""
        for arguments in ("--nope",), ("--timeout", "0"), ("--root", "/no/such/dir"):
            with self.subTest(arguments):
                run = self.drive(*arguments)

                self.assertEqual((2, ""), (run.returncode, run.stdout))
                self.assertRegex(run.stderr, r"\Aerror: .*\n\Z")

    def test_corrupt_goldens(self) -> None:
        """Provenance that cannot be read stops the run before it begins, exit 2."""
        self.suite("class TestA(TestCase):\n    def test_a(self): pass")
        self.write("test/serialized/1.0.1/provenance.json", "{")

        run = self.drive()

        self.assertEqual((2, ""), (run.returncode, run.stdout))
        self.assertRegex(run.stderr, r"\Aerror: .*provenance.json: .*\n\Z")

    def test_empty_tree(self) -> None:
        """A tree without test files is not green: exit 5."""
        run = self.drive()

        self.assertEqual(5, run.returncode)
        self.assertIn("no test files", run.stderr)


if __name__ == "__main__":
    unittest.main()
