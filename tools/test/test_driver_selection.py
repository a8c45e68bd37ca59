"""What the driver runs, and how it is asked to."""

import os
import sys
import unittest

from tools.test.driver_case import FILE, DriverCase
from tools.testing import records
from tools.testing.execution import list_tests, run_file
from tools.testing.options import Options
from tools.testing.records import ListedTest, Listing, Outcome, TorchInfo
from tools.testing.selection import UnmatchedName, files_to_list, select
from tools.testing.zygotes import EngineError


class TestInterface(DriverCase):
    """What other tools build on: list_tests and run_file."""

    def test_torch_is_described(self) -> None:
        """The listing says which torch its interpreter imports, and from where."""
        self.torch("from . import version; __version__ = '2.5.0+cpu'")
        self.write("lib/torch/version.py", "git_version = 'abc'")
        self.suite("class TestA(TestCase): pass")

        torch = list_tests([FILE], self.plan()).torch

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

        tests = list_tests([FILE], self.plan()).tests

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

        with self.assertRaisesRegex(EngineError, "cannot start /no/such/python"):
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

        listing = list_tests(files, self.plan())

        self.assertEqual((), listing.problems)
        self.assertEqual(
            [(files[0], "TestIt.test_it"), (files[0], "TestIt.test_one"),
             (files[1], "TestIt.test_it"), (files[1], "TestIt.test_two")],
            [(test.file, test.name) for test in listing.tests],
        )  # fmt: skip
        for file in files:
            outcomes = run_file(file, ["TestIt.test_it"], self.plan())
            self.assertEqual(
                [(records.PASSED, "")],
                [(each.state, each.message) for each in outcomes],
            )

    def test_outcome_travels_as_json(self) -> None:
        """An outcome is the same after a way through JSON."""
        outcome = records.Outcome(FILE, "A.b", records.FAILED, {"writer": "1.0.1"})

        self.assertEqual(outcome, records.Outcome.from_json(outcome.to_json()))
        self.assertEqual("1.0.1", outcome.writer)


ONE, TWO, THREE = "test/a/test_one.py", "test/a/b/test_two.py", "test/test_three.py"
FILES = (TWO, ONE, THREE)
BROKEN = "test/a/test_broken.py"


def listed(file: str, class_name: str, defined: str = "") -> list[ListedTest]:
    """The two tests that each file has."""
    names = [f"{class_name}.test_x", f"{class_name}.test_y"]
    return [ListedTest(file, name, defined or file) for name in names]


class SelectionTestCase(unittest.TestCase):
    """Base class: three files of two tests, and perhaps a broken one."""

    root = os.path.join(os.sep, "tree")

    def setUp(self) -> None:
        self.files = list(FILES)
        self.tests = [
            *listed(ONE, "TestOne"),
            *listed(TWO, "TestTwo"),
            *listed(THREE, "TestThree"),
        ]
        self.problems = []

    def add_broken(self) -> None:
        """Add a file that cannot be imported."""
        self.files.append(BROKEN)
        self.problems.append(Outcome(BROKEN, "", records.ERROR))

    def select(self, last_failed=None, **options):
        listing = Listing(TorchInfo(), tuple(self.tests), tuple(self.problems))
        chosen = Options(root=self.root, **options)
        return select(self.files, listing, chosen, last_failed)

    def selected(self, last_failed=None, **options) -> str:
        """What is selected, in short: ``One.x One.y``."""
        selection = self.select(last_failed, **options)
        names = sorted(test.name for test in selection.tests)
        return " ".join(names).replace("Test", "").replace("test_", "")


class TestNames(SelectionTestCase):
    """-i, -x and -k."""

    def test_everything(self) -> None:
        """Without options every test of every file is selected."""
        self.assertEqual("One.x One.y Three.x Three.y Two.x Two.y", self.selected())

    def test_include(self) -> None:
        """A name is a folder, a file, its bare name, a class or a test, also of one
        file only."""
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
            "test/a/test_one.py::TestOne.test_x": "One.x",
            "a/test_one::TestOne": "One.x One.y",
            "test_one.py::TestOne.test_y": "One.y",
        }.items():
            with self.subTest(name):
                self.assertEqual(expected, self.selected(include=(name,)))

    def test_a_class_in_one_file(self) -> None:
        """file::Class leaves out a class of that name in another file."""
        self.tests += listed(THREE, "TestOne")

        self.assertEqual("One.x One.x One.y One.y", self.selected(include=("TestOne",)))
        for name in (THREE, "test_three"):
            selection = self.select(include=(f"{name}::TestOne",))
            self.assertEqual((THREE,), selection.files)

    def test_several_names(self) -> None:
        """Of several names each adds what it names."""
        self.assertEqual(
            "One.x Three.x Two.x Two.y",
            self.selected(
                include=("a/b", "TestThree.test_x", f"{ONE}::TestOne.test_x")
            ),
        )

    def test_exclude(self) -> None:
        """-x takes away from what is left."""
        self.assertEqual("Three.x Three.y", self.selected(exclude=("a",)))
        self.assertEqual(
            "One.y",
            self.selected(
                include=("a",), exclude=("a/b", "test_one::TestOne.test_x")
            ),
        )  # fmt: skip
        self.assertEqual("", self.selected(include=("a/b",), exclude=("a",)))

    def test_pattern(self) -> None:
        """-k is a part of file.Class.test, or a glob over it."""
        self.assertEqual("Two.x Two.y", self.selected(patterns=("test_two.T",)))
        self.assertEqual("One.x Three.x Two.x", self.selected(patterns=("*_x",)))
        self.assertEqual("", self.selected(patterns=("TestOne*",)))
        self.assertEqual(
            "One.x Two.y", self.selected(patterns=("*One*x", "Two.test_y"))
        )

    def test_unmatched_name(self) -> None:
        """A name that matches nothing is an error that says what comes close."""
        for name, close in {
            "test_thre": "test_three",
            "TestOn.test_x": "TestOne.test_x",
            "test_one::TestOen": f"{ONE}::TestOne",
            "test_one::TestOne.test_z": f"{ONE}::TestOne.test_x",
            "test_three::test_y": f"{THREE}::TestThree.test_y",
            "a/test_on::TestOne.test_y": f"{ONE}::TestOne.test_y",
            "test_one::Other": ONE,
            "test_one::": ONE,
        }.items():
            for option in "include", "exclude":
                with self.subTest(name=name, option=option):
                    with self.assertRaises(UnmatchedName) as caught:
                        self.select(**{option: (name,)})

                    message = str(caught.exception)
                    self.assertIn(f"or test is named {name!r}; close to it:", message)
                    self.assertIn(close, message.partition("close to it: ")[2])

    def test_an_unmatched_name_is_not_everything(self) -> None:
        """An empty name, or one of nothing, selects nothing."""
        for name in ("", "::TestOne", "quite different", f"{TWO}::TestOne"):
            with self.subTest(name), self.assertRaises(UnmatchedName):
                self.select(include=(name,))

    def test_aggregated_tests(self) -> None:
        """A class that another file imports is run where it is defined, unless only
        the other file is selected."""
        self.files.append("test/test_all.py")
        self.tests += listed("test/test_all.py", "TestOne", defined=ONE)

        self.assertEqual("One.x One.y Three.x Three.y Two.x Two.y", self.selected())
        self.assertEqual((ONE,), self.select(include=("TestOne",)).files)
        for name in ("test_all", "test_all::TestOne"):
            selection = self.select(include=(name,))
            self.assertEqual(("test/test_all.py",), selection.files)


class TestBrokenFiles(SelectionTestCase):
    """What is selected of a file that cannot be imported: that it cannot."""

    def setUp(self) -> None:
        super().setUp()
        self.add_broken()

    def has_problem(self, last_failed=None, **options) -> bool:
        return bool(self.select(last_failed, **options).problems)

    def test_include(self) -> None:
        """It is selected by its name and by that of anything in it."""
        for name in ("a", "test_broken", "test_broken::TestX.test_x"):
            with self.subTest(name):
                self.assertTrue(self.has_problem(include=(name,)))
        self.assertTrue(self.has_problem())
        self.assertFalse(self.has_problem(include=("a/b", "TestOne")))

    def test_exclude(self) -> None:
        """It is excluded as a file, but not by something in it."""
        self.assertFalse(self.has_problem(exclude=("a",)))
        self.assertTrue(self.has_problem(exclude=("test_broken::TestX",)))

    def test_last_failed(self) -> None:
        """It is selected where it, or something in it, failed last."""
        self.assertTrue(self.has_problem([BROKEN]))
        self.assertTrue(self.has_problem([f"{BROKEN}::TestX.test_x"]))
        self.assertFalse(self.has_problem([f"{ONE}::TestOne.test_x"]))

    def test_an_unmatched_name(self) -> None:
        """A name that may be in it is an error that says so."""
        with self.assertRaisesRegex(UnmatchedName, f"gave no tests: {BROKEN}"):
            self.select(include=("TestX",))


class TestLastFailed(SelectionTestCase):
    """--last-failed."""

    def test_what_failed(self) -> None:
        """Tests are selected by their identity, by their class and by their file."""
        self.assertEqual(
            "One.x Three.x Three.y Two.x Two.y",
            self.selected([f"{ONE}::TestOne.test_x", f"{TWO}::TestTwo", THREE]),
        )

    def test_nothing_failed(self) -> None:
        """Where nothing failed nothing is selected."""
        self.assertEqual("", self.selected([]))

    def test_what_is_gone(self) -> None:
        """What is not there any more selects nothing, nor does a part of a name."""
        gone = ["test/test_gone.py", f"{ONE}::TestOne.test", f"{ONE}::Test",
                "TestTwo", "test_two", f"{THREE}::TestOne.test_x"]  # fmt: skip

        self.assertEqual("", self.selected(gone))

    def test_with_other_options(self) -> None:
        """Of what failed, the other options select."""
        failed = [f"{ONE}::TestOne.test_x", THREE]

        self.assertEqual("Three.x Three.y", self.selected(failed, exclude=("a",)))
        self.assertEqual("One.x", self.selected(failed, include=("TestOne",)))
        self.assertEqual("One.x Three.x", self.selected(failed, patterns=("_x",)))


class TestFilesToList(SelectionTestCase):
    """Which files have to be imported before it is known what is selected."""

    def to_list(self, last_failed=None, **options) -> tuple:
        chosen = Options(root=self.root, **options)
        return files_to_list(FILES, chosen, last_failed)

    def test_names_of_files(self) -> None:
        """Of names that all begin with a file or folder, these."""
        self.assertEqual((TWO, ONE), self.to_list(include=("a",)))
        self.assertEqual((ONE,), self.to_list(include=("test_one::TestOne.test_x",)))

    def test_other_names(self) -> None:
        """All for a class without its file, for a typo, and without names."""
        for include in ((), ("a", "TestThree"), ("test_thre::TestThree",)):
            with self.subTest(include):
                self.assertEqual(FILES, self.to_list(include=include))
        self.assertEqual(FILES, self.to_list(include=("a",), exclude=("TestOne",)))

    def test_last_failed(self) -> None:
        """Of --last-failed the files in which something failed."""
        failed = [f"{ONE}::TestOne.test_x", THREE, "test/test_gone.py"]

        self.assertEqual((ONE, THREE), self.to_list(failed))
        self.assertEqual((ONE,), self.to_list(failed, include=("a",)))
        self.assertEqual((), self.to_list([]))
        self.assertEqual(FILES, self.to_list(failed, exclude=("TestOne",)))

    def test_names_that_have_to_be_checked(self) -> None:
        """The file of file::Class is imported even where nothing in it can run."""
        self.assertEqual(
            (TWO, ONE), self.to_list(include=("a/b",), exclude=("test_one::TestOne",))
        )
        self.assertEqual(
            (ONE, THREE), self.to_list([THREE], exclude=("test_one::TestOne",))
        )
        self.assertEqual((ONE,), self.to_list([], include=("test_one::TestOne",)))


class TestSelectionInARun(DriverCase):
    """What the driver does with a selection."""

    def setUp(self) -> None:
        super().setUp()
        for name in FILES:
            stem = name[:-3].rpartition("_")[2].title()
            self.suite(
                f"class Test{stem}(TestCase):\n"
                "    def test_x(self): pass\n"
                "    def test_y(self): pass\n",
                name,
            )

    def test_hidden_folders(self) -> None:
        """A dry run shows every test, none of a hidden folder, and runs none."""
        self.write("test/.cache/test_hidden.py", "raise OSError")

        run = self.drive("--dry-run")

        self.assertEqual(0, run.returncode, run.stderr)
        for name in "TestOne.test_x", "TestTwo.test_y", "TestThree.test_x":
            self.assertIn(name, run.stdout)
        self.assertNotIn("hidden", run.stdout)
        self.assertNotIn("passed", run.stdout)

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
        ):
            with self.subTest(arguments):
                run = self.drive(*arguments)

                self.assertEqual(5, run.returncode)
                self.assertIn("nothing ran", run.stderr)


if __name__ == "__main__":
    unittest.main()
