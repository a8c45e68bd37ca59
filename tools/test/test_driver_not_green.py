"""Runs that must not look as if all were well, and the history that knows it."""

import os
import unittest

from tools.test.run_case import RunCase

SUITE = """
    class TestA(TestCase):
        def test_a(self): pass
    if "LESS" not in os.environ:
        class TestB(TestCase):
            def test_b(self): pass
            def test_c(self): pass
"""


class TestNotGreen(RunCase):
    """What did not run is no success."""

    def test_nothing_selected(self) -> None:
        """A selection of nothing is an error."""
        self.suite(SUITE)
        for arguments, code in (
            (("-i", "TestA.test_typo"), 2),
            (("-i", "test_siute"), 2),
            (("-x", "test_suite"), 5),
            (("-k", "nonsense"), 5),
        ):
            with self.subTest(arguments):
                run = self.drive("--json", self.path("out.json"), *arguments)

                self.assertEqual((code, ""), (run.returncode, run.stdout))
                self.assertRegex(run.stderr, r"\Aerror: .+\n\Z")
                self.assertFalse(os.path.exists(self.path("out.json")))

    def test_no_tests(self) -> None:
        """A tree without test files, or with empty ones, is an error."""
        empty = self.drive()
        self.suite("")
        hollow = self.drive()

        for run in empty, hollow:
            self.assertEqual((5, ""), (run.returncode, run.stdout))
            self.assertIn(f"error: nothing ran in {self.root}: ", run.stderr)

    def test_empty_file(self) -> None:
        """A file without tests beside others is told."""
        self.suite(SUITE)
        self.write("test/test_empty.py", "")

        run = self.drive()

        self.assertIn("\nno tests in test/test_empty.py\n", run.stdout)

    def test_broken_file(self) -> None:
        """A file that cannot be imported is a failure; the others' tests run."""
        self.suite(SUITE)
        for text, state, message in (
            ("import nonsense", "error", "ModuleNotFoundError"),
            ("def", "error", "SyntaxError"),
            ("import os; os._exit(0)", "no end record", "exited with code 0"),
        ):
            with self.subTest(text):
                self.write("test/test_broken.py", text)

                run, result = self.drive_to_result()

                self.assertEqual(1, run.returncode)
                (broken,) = [o for o in result.outcomes if o.state != "passed"]
                self.assertEqual(
                    (state, "test/test_broken.py"), (broken.state, broken.name)
                )
                self.assertIn(message, broken.message)
                self.assertIn("3 passed, 1 failed, 0 skipped", run.stdout)


class TestMissing(RunCase):
    """Fewer tests than before, where nothing changed, are a failure."""

    def setUp(self) -> None:
        super().setUp()
        self.suite(SUITE)
        self.drive()
        self.env["LESS"] = "1"

    def test_told(self) -> None:
        """Each run says which tests are gone, and what to do."""
        for _ in range(2):
            run, result = self.drive_to_result()

            self.assertEqual(1, run.returncode)
            missing = result.outcomes[-1]
            self.assertEqual(
                ("missing", "test/test_suite.py"), (missing.state, missing.name)
            )
            self.assertIn("2 tests of before, such as TestB.test_b,", missing.message)
            self.assertIn(self.path("cache/history.sqlite"), run.stdout)
            self.assertIn("1 passed, 1 failed, 0 skipped", run.stdout)

    def test_part(self) -> None:
        """So it is in a run of other tests of the file."""
        run = self.drive("-i", "TestA.test_a")

        self.assertEqual(1, run.returncode)
        self.assertIn("MISSING", run.stdout)

    def test_there_again(self) -> None:
        """With the tests there again all is well."""
        del self.env["LESS"]

        self.assertEqual(0, self.drive().returncode)

    def test_changed_tree(self) -> None:
        """After a change in the tree it may be so."""
        self.write("test/helper.py", "")

        self.assertEqual(0, self.drive().returncode)

    def test_advice(self) -> None:
        """Without the history that the message names all is well."""
        os.remove(self.path("cache/history.sqlite"))

        self.assertEqual(0, self.drive().returncode)


class TestHistory(RunCase):
    """Where the history lies, and what becomes of a run without one."""

    def files(self) -> set[str]:
        """Every file of the tree."""
        return {
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in os.walk(self.root)
            for name in names
        }

    def test_place(self) -> None:
        """It is one file in the folder that TORCH_TEST_CACHE names, and nothing else
        is written anywhere."""
        self.suite(SUITE)
        self.env["HOME"] = self.path("home")
        self.env["XDG_CACHE_HOME"] = self.path("home/.cache")
        before = self.files()

        self.drive()

        new = {name for name in self.files() - before if "__pycache__" not in name}
        self.assertEqual({"cache/history.sqlite"}, new)

    def test_damaged(self) -> None:
        """A damaged one is told once, set aside, and costs the run nothing."""
        self.suite(SUITE)
        path = self.write("cache/history.sqlite", "nonsense " * 1000)

        first = self.drive()
        second = self.drive()

        self.assertEqual((0, 0), (first.returncode, second.returncode))
        self.assertEqual(1, first.stdout.count(f"{path} begins anew"))
        self.assertIn("3 passed, 0 failed, 0 skipped", first.stdout)
        self.assertNotIn(path, second.stdout)

    def test_no_place(self) -> None:
        """Where none can be kept that is told once."""
        self.suite(SUITE)
        self.write("cache", "a file in its place")

        run = self.drive()

        self.assertEqual((0, ""), (run.returncode, run.stderr))
        self.assertEqual(1, run.stdout.count("history.sqlite is not used"))

    def test_damaged_meanwhile(self) -> None:
        """What goes wrong with it after the tests is told, too."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    with open(path_of("cache/history.sqlite"), "w") as file:
                        file.write("nonsense " * 1000)
        """)

        run = self.drive()

        self.assertEqual(0, run.returncode)
        self.assertEqual(1, run.stdout.count("begins anew"), run.stdout)


if __name__ == "__main__":
    unittest.main()
