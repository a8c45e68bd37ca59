"""What a test does, and the outcome that the driver reports."""

import unittest

from tools.test.driver_case import DriverCase
from tools.testing import records


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


if __name__ == "__main__":
    unittest.main()
