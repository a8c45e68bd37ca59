"""Tests that end, hang or harm the interpreter under test."""

import time
import unittest

from tools.test.driver_case import FILE, LIMIT_SECONDS, DriverCase
from tools.testing import records
from tools.testing.execution import list_tests


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

        listing = list_tests(["test/test_dies.py", FILE], self.plan())

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

    def test_exit_of_what_a_file_keeps(self) -> None:
        """What a test file registers for the exit when it is imported happens once,
        after all tests, however many processes ran them."""
        self.suite("""
            import atexit, tempfile, weakref
            FOLDER = tempfile.TemporaryDirectory()
            def note():
                with open("exits", "a") as file: print(os.getpid(), file=file)
            atexit.register(note)
            class TestA(TestCase):
                def test_a(self):
                    self.assertTrue(os.path.isdir(FOLDER.name))
                    weakref.finalize(TestA, print)
                def test_b(self): self.assertTrue(os.path.isdir(FOLDER.name))
                def test_c(self): self.assertTrue(os.path.isdir(FOLDER.name))
        """)

        run = self.drive("--isolate", "test", "-j", "1")

        self.assertEqual("3 passed, 0 failed, 0 skipped", run.stdout.splitlines()[-1])
        self.assertEqual(1, len(self.read("exits").splitlines()))

    def test_forked_test(self) -> None:
        """A fork that runs on into unittest's code reports nothing."""
        self.suite("""
            class TestA(TestCase):
                @classmethod
                def setUpClass(cls): cls.process = os.getpid()
                def test_a(self):
                    child = os.fork()
                    if child: os.waitpid(child, 0)
                def test_b(self): self.assertEqual(self.process, os.getpid())
        """)

        self.assertEqual(
            {"TestA.test_a": records.PASSED, "TestA.test_b": records.PASSED},
            self.states("TestA.test_a", "TestA.test_b"),
        )

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
        """A death in what a class wraps around its tests is the test's."""
        self.suite("""
            class TestA(TestCase):
                def run(self, result=None):
                    super().run(result)
                    os._exit(3)
                def test_a(self): pass
        """)

        self.assertEqual({"TestA.test_a": records.NO_END}, self.states("TestA.test_a"))


if __name__ == "__main__":
    unittest.main()
