"""Tests of what the benchmark of the driver runs, and of what it counts."""

import ast
import contextlib
import dataclasses
import io
import json
import os
import sys
import tempfile
import textwrap
import unittest
from contextlib import contextmanager
from unittest import mock

from tools.bench import driver, measuring
from tools.bench.__main__ import main
from tools.bench.measuring import (
    Measurement,
    Meter,
    Run,
    environment,
    measure_all,
    plan_runs,
)
from tools.bench.runners import (
    DRIVER,
    RUNNERS,
    UNITTEST,
    Runner,
    count_of_driver,
    count_of_pytest,
    count_of_unittest,
)
from tools.bench.tiny_suite import FILES, file_text, write_tiny_suite
from tools.bench.workloads import WORKLOADS, Workload
from tools.testing.jsonlines import write_json
from tools.testing.records import (
    PASSED,
    SKIPPED,
    Outcome,
    RunInfo,
    RunResult,
    TorchInfo,
)

TESTS = 20


class TestPlan(unittest.TestCase):
    """Which runs are done, and in which order."""

    def order(self, *names: str, rounds: int = 1) -> list[tuple[str, str, int]]:
        """Runner, pair and round of each run, the warm-ups left out."""
        runners = [runner for runner in RUNNERS if runner.name in names]
        runs = plan_runs(runners, rounds)
        return [(r.runner.name, r.pair, r.round) for r in runs if r.round]

    def test_driver_runs_beside_each_peer(self) -> None:
        """Every peer has a run of the driver just before it, in each round."""
        pairs = [("driver", "pytest"), ("pytest", "pytest")]
        pairs += [("driver", "xdist-load"), ("xdist-load", "xdist-load")]

        order = self.order("driver", "pytest", "xdist-load", rounds=2)

        self.assertEqual([(*p, 1) for p in pairs] + [(*p, 2) for p in pairs], order)

    def test_import_is_timed_after_unittest(self) -> None:
        """What makes the limit is measured side by side."""
        order = self.order("driver", "unittest")

        self.assertEqual(["driver", "unittest", "import"], [run[0] for run in order])
        self.assertEqual({"unittest"}, {run[1] for run in order})

    def test_peers_without_the_driver(self) -> None:
        """Where the driver is left out, the peers run alone."""
        self.assertEqual([("pytest", "pytest", 1)], self.order("pytest"))

    def test_driver_without_peers(self) -> None:
        """Where all peers are left out, the driver runs alone."""
        self.assertEqual([("driver", "driver", 1)], self.order("driver"))

    def test_each_runner_is_warmed_up_once(self) -> None:
        """The plan begins with one run of each runner that is no part of a round."""
        runs = plan_runs([DRIVER, UNITTEST], rounds=3)

        warm_ups = [run.runner.name for run in runs if run.round == 0]
        self.assertEqual(["driver", "unittest", "import"], warm_ups)
        self.assertEqual(warm_ups, [run.runner.name for run in runs[:3]])

    def test_runner_that_fails_its_warm_up_is_not_run_again(self) -> None:
        """Neither it nor the driver's runs beside it are done; the rest is."""
        meter = mock.Mock()
        meter.measure.side_effect = lambda run: (
            Measurement(
                run.runner.name, run.pair, run.round, 1.0,
                1 if run.runner.name == "pytest" else 0, TESTS,
            ),
            "",
        )  # fmt: skip
        names = ("driver", "unittest", "pytest")
        runs = plan_runs([r for r in RUNNERS if r.name in names], rounds=1)

        done = [m for m, _ in measure_all(meter, runs, TESTS) if m.round]

        self.assertEqual({"unittest"}, {m.pair for m in done})
        self.assertEqual(["driver", "unittest", "import"], [m.runner for m in done])


class TestCounts(unittest.TestCase):
    """How many tests ran, from what each runner tells."""

    def test_unittest(self) -> None:
        """The number is in the line between the dots and the verdict."""
        output = "..s\n------\nRan 20 tests in 13.876s\n\nOK (skipped=1)\n"

        self.assertEqual(20, count_of_unittest(output))

    def test_unittest_of_one_test(self) -> None:
        """One test is written without an s."""
        self.assertEqual(1, count_of_unittest("Ran 1 test in 0.000s\n\nOK\n"))

    def test_processes_are_summed_up(self) -> None:
        """Of a process per file, all closing lines count."""
        output = "Ran 3 tests in 0.001s\n\nOK\n...\nRan 4 tests in 0.002s\n\nOK\n"

        self.assertEqual(7, count_of_unittest(output))

    def test_unittest_that_died(self) -> None:
        """Without a closing line the number is not known."""
        self.assertIsNone(count_of_unittest("...Segmentation fault\n"))

    def test_unittest_parallel(self) -> None:
        """What it plans to run does not count, what it ran does."""
        output = (
            "Running 40 test suites (120 total tests) across 2 workers\n"
            "...\nRan 119 tests in 1.517s\n\nOK\n"
        )

        self.assertEqual(119, count_of_unittest(output))

    def test_pytest(self) -> None:
        """Tests of each outcome count; warnings, sub-tests and errors do not."""
        output = (
            "....  [100%]\n"
            "1 failed, 20 passed, 5 skipped, 2 xfailed, 3 xpassed, 4 warnings, "
            "5711 subtests passed, 6 errors in 17.50s\n"
        )

        self.assertEqual(31, count_of_pytest(output))

    def test_pytest_that_took_minutes(self) -> None:
        """After a minute pytest tells the time twice."""
        self.assertEqual(20, count_of_pytest("20 passed in 75.00s (0:01:15)\n"))

    def test_pytest_without_tests(self) -> None:
        """That no tests ran is a number, too."""
        self.assertEqual(0, count_of_pytest("\nno tests ran in 0.01s\n"))

    def test_pytest_counts_the_last_summary(self) -> None:
        """What a test prints in the style of pytest does not count."""
        output = "9 passed in 0.10s\n3 passed in 1.50s\n"

        self.assertEqual(3, count_of_pytest(output))

    def test_pytest_that_died(self) -> None:
        """Without a summary the number is not known."""
        self.assertIsNone(count_of_pytest("Fatal Python error: Aborted\n"))

    def test_driver(self) -> None:
        """Sub-tests of a test count once, files without a test not at all."""
        outcomes = (
            Outcome("test/test_a.py", "A.test_x", PASSED, {"writer": "1.3.1"}),
            Outcome("test/test_a.py", "A.test_x", PASSED, {"writer": "1.4.0"}),
            Outcome("test/test_b.py", "A.test_x", SKIPPED),
            Outcome("test/test_c.py", "", PASSED),
        )
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            info = RunInfo(TorchInfo(), folder, (), "2026-01-01T00:00:00Z")
            write_json(RunResult(info, outcomes, 1.0, 0), report)

            count = count_of_driver("120 tests in 40 files", report)

        self.assertEqual(2, count)

    def test_driver_without_a_report(self) -> None:
        """What the driver only prints does not count."""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")

            self.assertIsNone(count_of_driver("120 passed", report))


class TestTinySuite(unittest.TestCase):
    """The generated tree."""

    def test_has_120_tests_in_40_files(self) -> None:
        """Each of the 40 files defines three tests of different names."""
        with tempfile.TemporaryDirectory() as root:
            write_tiny_suite(root)
            names = sorted(os.listdir(os.path.join(root, "test")))
            counts = [self.methods_in(root, name) for name in names if name[0] != "_"]

        self.assertEqual([3] * 40, counts)

    def methods_in(self, root: str, name: str) -> int:
        """How many test methods a file of the tree has."""
        with open(os.path.join(root, "test", name), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        found = (n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
        return len({name for name in found if name.startswith("test_")})

    def test_is_the_same_each_time(self) -> None:
        """Two trees have the same text, and no two files of a tree have."""
        texts = [file_text(number) for number in range(FILES)]

        self.assertEqual(texts, [file_text(number) for number in range(FILES)])
        self.assertEqual(FILES, len(set(texts)))

    def test_passes(self) -> None:
        """Every kind of test passes; as many run as unittest counts."""
        with tempfile.TemporaryDirectory() as root:
            write_tiny_suite(root, files=4)
            files = tuple(f"test/test_tiny_{number:02}.py" for number in range(4))
            workload = Workload("some", "some files", root, files)

            with Meter(sys.executable, workload) as meter:
                counted = meter.count_tests()
                result, output = meter.measure(Run(UNITTEST, "unittest", 1))

        self.assertEqual(12, counted)
        self.assertEqual("", result.fault(counted), output)


class TestMeter(unittest.TestCase):
    """Single runs, of commands that stand in for runners."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        workload = Workload("none", "no files", folder.name, ())
        meter = Meter(sys.executable, workload)
        self.meter = meter.__enter__()
        self.addCleanup(meter.__exit__)

    def measure(self, code: str, **options) -> Measurement:
        """Run code as a runner would run."""
        code = textwrap.dedent(code)
        runner = Runner(
            "sample", "a sample", lambda python, *_: [python, "-c", code],
            count_of_unittest, **options,
        )  # fmt: skip
        return self.meter.measure(Run(runner, "sample", 1))[0]

    # How many files a run finds in the cache folder, before it adds one.
    HISTORY = """
        import os, tempfile
        folder = os.environ["TORCH_TEST_CACHE"]
        print("Ran", len(os.listdir(folder)), "tests in 0.1s")
        tempfile.mkstemp(dir=folder)
    """

    def test_later_runs_find_the_history(self) -> None:
        """The cache folder of a workload lasts from run to run."""
        counts = [self.measure(self.HISTORY).tests for _ in range(3)]

        self.assertEqual([0, 1, 2], counts)

    def test_first_runs_find_no_history(self) -> None:
        """A forgetful runner has an empty cache folder each time."""
        self.measure(self.HISTORY)

        counts = [self.measure(self.HISTORY, forgetful=True).tests for _ in range(2)]

        self.assertEqual([0, 0], counts)

    def test_exit_code_is_told(self) -> None:
        """A run that fails is measured as such."""
        run = self.measure("print('Ran 0 tests in 0.1s'); raise SystemExit(7)")

        self.assertEqual("exit code 7", run.fault(0))

    def test_run_that_does_not_end(self) -> None:
        """A run that takes too long is ended, with its children."""
        endless = """
            import subprocess, sys
            subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
        """

        with mock.patch.object(measuring, "LIMIT_SECONDS", 0.5):
            run = self.measure(endless)

            self.assertEqual("no end within 0.5 s", run.fault(0))
        self.assertEqual(-9, run.exit_code)

    def test_environment_is_the_same_for_all(self) -> None:
        """What steers single runners, or keeps bytecode away, is dropped."""
        given = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": "-x", "HOME": "/h"}

        env = environment(given)

        self.assertEqual({"HOME", "NO_COLOR"}, set(env))


class TestCommand(unittest.TestCase):
    """``python -m tools.bench driver`` as a whole, on two files without torch."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.write("lib/torch.py", "")
        self.write("test/__init__.py", "")
        for name in ("a", "b"):
            self.write(
                f"test/test_{name}.py",
                """
                import unittest

                class TestIt(unittest.TestCase):
                    def test_one(self): pass
                    def test_two(self): pass

                if __name__ == "__main__":
                    unittest.main()
                """,
            )
        files = ("test/test_a.py", "test/test_b.py")

        @contextmanager
        def small():
            yield Workload("small", "a small suite", self.root, files)

        lib = os.path.join(self.root, "lib")
        for patch in (
            mock.patch.dict(WORKLOADS, small=small),
            mock.patch.dict(os.environ, PYTHONPATH=lib),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def write(self, name: str, text: str) -> None:
        """Write a file of the tree."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))

    def bench(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, what is printed, and what is said on standard error."""
        command = ["driver", "--workload", "small", "--rounds", "1", *arguments]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(command)
        return code, out.getvalue(), err.getvalue()

    def test_measures_and_prints(self) -> None:
        """Two runners are timed; the table and the raw seconds tell of both."""
        path = os.path.join(self.root, "raw.json")
        runners = ("unittest", "process-per-file")

        code, out, err = self.bench("--runner", *runners, "--json", path)

        self.assertEqual(0, code, err)
        self.assertIn("small: a small suite, 4 tests in 2 files", out)
        self.assertRegex(out, r"(?m)^\| python -m unittest +\| 4 +\| \d")
        self.assertRegex(out, r"(?m)^\| a process per file, 2 at a time +\| 4 +\| \d")
        self.assertRegex(out, r"(?m)^limit \d")
        with open(path, encoding="utf-8") as file:
            runs = json.load(file)["workloads"][0]["runs"]
        rounds = [(run["runner"], run["tests"]) for run in runs if run["round"]]
        expected = [("unittest", 4), ("import", None), ("process-per-file", 4)]
        self.assertEqual(expected, rounds)

    def test_shows_a_runner_that_fails(self) -> None:
        """A failing test takes the numbers away, and makes the exit code 1."""
        self.write(
            "test/test_b.py",
            """
            import unittest

            class TestIt(unittest.TestCase):
                def test_one(self): raise SystemError

            if __name__ == "__main__":
                unittest.main()
            """,
        )

        code, out, err = self.bench("--runner", "process-per-file")

        self.assertEqual(1, code)
        self.assertRegex(
            out, r"a process per file, 2 at a time +\| 3 +\| exit code 1 +\| –"
        )
        self.assertIn("SystemError", err)

    def test_missing_peer(self) -> None:
        """A peer that is not installed is named, with what installs it."""
        peer = dataclasses.replace(UNITTEST, needs=("no-such-peer",))

        with mock.patch.object(driver, "RUNNERS", (peer,)):
            code, _, err = self.bench()

        self.assertEqual(2, code)
        self.assertIn("no-such-peer", err)
        self.assertIn("pip install -e '.[bench]'", err)

    def test_no_interpreter(self) -> None:
        """An interpreter that is not there is one line and exit code 2."""
        code, _, err = self.bench("--python", "/no/python")

        self.assertEqual(2, code)
        self.assertIn("/no/python", err)

    def test_json_cannot_be_written(self) -> None:
        """A bad path is told before anything is measured."""
        code, out, err = self.bench("--json", "/no/folder/raw.json")

        self.assertEqual(2, code)
        self.assertEqual("", out)
        self.assertIn("/no/folder", err)


if __name__ == "__main__":
    unittest.main()
