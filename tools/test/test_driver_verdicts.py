"""What running failed tests again tells of them."""

import unittest
from typing import Dict
from xml.etree import ElementTree

from tools.test.run_case import RunCase
from tools.testing import records
from tools.testing.records import FAILS, FLAKY, IN_COMPANY
from tools.testing.verdicts import MOST_TESTS


class TestVerdicts(RunCase):
    """A failed test runs again, alone and after what ran before it."""

    def verdicts(self, *arguments: str) -> Dict[str, str]:
        """Name of a failure to its verdict."""
        run, result = self.drive_to_result("-j", "1", *arguments)
        self.assertEqual(1, run.returncode)
        return {o.name: o.verdict for o in result.outcomes if o.state != "passed"}

    def runs(self, name: str) -> int:
        """How often a test that counts has run."""
        return len(self.read(name))

    def test_three_verdicts(self) -> None:
        """It fails alone, too; or it passes alone and again in company; or what ran
        before it makes it fail."""
        self.suite("""
            CHANGED = []
            class TestA(TestCase):
                def test_1_changes(self): CHANGED.append(1)
                def test_2_flaky(self): self.assertNotIn(count("flaky"), (1, 4))
                def test_3_company(self): self.assertEqual([], CHANGED)
                def test_4_fails(self): fail("always", 9)
                def test_5_passes(self): pass
        """)

        verdicts = self.verdicts()

        self.assertEqual(
            {
                "TestA.test_2_flaky": FLAKY,
                "TestA.test_3_company": IN_COMPANY,
                "TestA.test_4_fails": FAILS,
            },
            verdicts,
        )
        # The fourth time it kept another one company, which says nothing of itself.
        self.assertEqual(4, self.runs("flaky"))
        self.assertEqual(2, self.runs("always"))

    def test_very_many(self) -> None:
        """Where very many fail, only the first run again, and the user is told."""
        self.suite(
            """
            class TestA(TestCase): pass
            for number in range(MANY):
                setattr(TestA, f"test_{number:03}", lambda self: self.fail())
        """.replace("MANY", str(MOST_TESTS + 2))
        )

        run, result = self.drive_to_result("-j", "1")

        verdicts = [outcome.verdict for outcome in result.outcomes]
        self.assertEqual([FAILS] * MOST_TESTS + ["", ""], verdicts)
        self.assertIn(f"2 failed tests beyond the first {MOST_TESTS}", run.stdout)

    def test_import_as_company(self) -> None:
        """What another file does when it is imported is company, too."""
        self.write("test/test_before.py", "import os\nos.disturbed = True")
        self.suite("""
            class TestA(TestCase):
                def test_a(self): self.assertFalse(hasattr(os, "disturbed"))
        """)

        verdicts = self.verdicts()

        self.assertEqual({"TestA.test_a": IN_COMPANY}, verdicts)

    def test_reported(self) -> None:
        """The verdict is in what is printed and in the XML report."""
        self.suite("class TestA(TestCase):\n    def test_a(self): self.fail()")

        run = self.drive("--save-xml", self.path("out.xml"))

        self.assertIn(f"\n  fails: {records.VERDICTS[FAILS]}\n", run.stdout)
        (failure,) = ElementTree.parse(self.path("out.xml")).iter("failure")
        told = f"run again: fails: {records.VERDICTS[FAILS]}"
        self.assertEqual(told, failure.text.splitlines()[-1])

    def test_no_reruns(self) -> None:
        """With --reruns 0 nothing runs again, and there is no verdict."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): fail("always", 9)
        """)

        verdicts = self.verdicts("--reruns", "0")

        self.assertEqual({"TestA.test_a": ""}, verdicts)
        self.assertEqual(1, self.runs("always"))

    def test_several_reruns(self) -> None:
        """With --reruns 3 it takes three failures alone to say that it fails."""
        self.suite("""
            class TestA(TestCase):
                def test_always(self): fail("always", 9)
                def test_mostly(self): fail("mostly", 3)
        """)

        verdicts = self.verdicts("--reruns", "3")

        self.assertEqual(
            {"TestA.test_always": FAILS, "TestA.test_mostly": FLAKY}, verdicts
        )
        self.assertEqual(4, self.runs("always"))
        self.assertEqual(4, self.runs("mostly"))

    def test_deaths(self) -> None:
        """Crashes and timeouts run again, too."""
        self.suite("""
            class TestA(TestCase):
                def test_crash(self): ctypes.string_at(0)
                def test_crash_once(self):
                    try: fail("crash", 1)
                    except AssertionError: os.abort()
                def test_hang_once(self):
                    try: fail("hang", 1)
                    except AssertionError: time.sleep(60)
        """)

        verdicts = self.verdicts("--timeout", "1")

        self.assertEqual(
            {
                "TestA.test_crash": FAILS,
                "TestA.test_crash_once": FLAKY,
                "TestA.test_hang_once": FLAKY,
            },
            verdicts,
        )

    def test_subtests(self) -> None:
        """Each failed sub-test has its own verdict, and no other has one."""
        self.suite("""
            CHANGED = []
            class TestA(TestCase):
                def test_0(self): CHANGED.append(1)
                def test_a(self):
                    with self.subTest(writer="1.0.1"): pass
                    with self.subTest(writer="1.1.0"): fail("always", 9)
                    with self.subTest(writer="1.2.0"): fail("once", 1)
                    with self.subTest(writer="1.3.1"): self.assertEqual([], CHANGED)
        """)

        _, result = self.drive_to_result("-j", "1")

        self.assertEqual(
            {
                "TestA.test_0": "",
                "TestA.test_a (writer=1.0.1)": "",
                "TestA.test_a (writer=1.1.0)": FAILS,
                "TestA.test_a (writer=1.2.0)": FLAKY,
                "TestA.test_a (writer=1.3.1)": IN_COMPANY,
            },
            {outcome.name: outcome.verdict for outcome in result.outcomes},
        )

    def test_alone_and_in_company(self) -> None:
        """What fails now and then alone is flaky, though it fails in company, too."""
        self.suite("""
            CHANGED = []
            class TestA(TestCase):
                def test_0(self): CHANGED.append(1)
                def test_a(self):
                    with self.subTest("flaky"): self.assertEqual(3, count("runs"))
                    with self.subTest("company"): self.assertEqual([], CHANGED)
        """)

        verdicts = self.verdicts("--reruns", "2")

        self.assertEqual(
            {
                "TestA.test_a (msg=flaky)": FLAKY,
                "TestA.test_a (msg=company)": IN_COMPANY,
            },
            verdicts,
        )
        self.assertEqual(4, self.runs("runs"))


if __name__ == "__main__":
    unittest.main()
