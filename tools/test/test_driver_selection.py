"""What the driver runs, and how it is asked to."""

import os
import sys
import unittest

from tools.test.driver_case import DriverCase, FILE
from tools.testing import records
from tools.testing.children import ChildError
from tools.testing.execution import list_tests, run_file


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


if __name__ == "__main__":
    unittest.main()
