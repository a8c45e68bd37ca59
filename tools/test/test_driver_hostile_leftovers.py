"""Tests that leave their process, or the machine, other than they found it."""

import os
import re
import subprocess
import sys
import unittest

from tools.test.driver_case import is_alive
from tools.test.hostile_case import HOSTILE, INNOCENT, HostileCase
from tools.testing.records import CHANGED, ERROR, FAILED, PASSED, SKIPPED

PASSING = "class TestM(TestCase):\n    def test_it(self): pass\n"
LOST = "; which cannot be undone: .*"


class TestProcesses(HostileCase):
    """Children, threads and forks that a test leaves running."""

    def test_children(self) -> None:
        """A process that a test leaves behind is told and ended, wherever it hides."""
        sleeping = "left a child process running: sleep 60"
        for body, message in (
            ("subprocess.Popen(['sleep', '60'])", sleeping),
            ("subprocess.Popen(['sleep', '60'], start_new_session=True)", sleeping),
            ("subprocess.Popen(['sleep', '60']).send_signal(19)", sleeping),
            ("subprocess.check_call('setsid sleep 60 & true', shell=True)", sleeping),
            (
                """
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0: time.sleep(60)
                    os._exit(0)
                os.wait()
                """,
                "left a child process running: .*python.*",
            ),
        ):
            with self.subTest(body):
                self.check_test(body, CHANGED, message)

    def test_threads(self) -> None:
        """A thread that a test leaves behind is told, daemon or not, and only once."""
        for daemon in (True, False):
            with self.subTest(daemon=daemon):
                body = f"""
                    import threading
                    threading.Thread(
                        name="Lazy", target=time.sleep, args=(60,), daemon={daemon}
                    ).start()
                """
                self.check_test(body, CHANGED, "left the thread Lazy running")

    def test_forks_that_run_on(self) -> None:
        """A fork that runs on into the driver's part says nothing of its own."""
        for body, state, message in (
            ("os.fork()", PASSED, ""),
            ("os.fork(); self.fail('both')", FAILED, "AssertionError: both"),
            ("if os.fork() == 0: sys.exit(0)", PASSED, ""),
        ):
            with self.subTest(body):
                self.check_test(body, state, message)
        with self.subTest("at import"):
            self.check("os.fork()\n" + PASSING, {})

    def test_wrong_process_id(self) -> None:
        """The children of a process that a test takes itself for are left alone."""
        other = subprocess.Popen(
            [sys.executable, "-c", CHILD_OF_ITS_OWN], stdout=subprocess.PIPE
        )
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        child = int(other.stdout.readline())
        self.addCleanup(os.kill, child, 9)
        for source in (
            PASSING.replace("pass", f"os.getpid = lambda: {other.pid}"),
            PASSING + f"os.getpid = lambda: {other.pid}",
        ):
            with self.subTest(source):
                self.check_innocents(source)

                self.assertTrue(is_alive(child))


CHILD_OF_ITS_OWN = """
import subprocess, time
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


class TestSettings(HostileCase):
    """Settings of the process that a test leaves changed."""

    def test_folder_of_a_library(self) -> None:
        """What an installed library adds to sys.path, when a test first imports it, is
        no test's doing, and stays."""
        self.suite(
            """
            class TestInnocent(TestCase):
                def test_1(self): self.assertIn("of_it", sys.path[-1])
                def test_2(self): pass
            """,
            INNOCENT[1],
        )
        body = """
            import sysconfig
            sys.path.append(os.path.join(sysconfig.get_paths()["purelib"], "of_it"))
        """

        self.check_test(body, PASSED)

    def test_settings(self) -> None:
        """What a test leaves changed is told by name, and put back."""
        for body, message in (
            ("os.chdir('/')", "changed the working directory from .* to /"),
            (
                "os.mkdir('x'); os.chdir('x'); os.rmdir('../x')",
                "changed the working directory from .* to a removed folder",
            ),
            (
                "os.environ['LEFT'] = '1'; del os.environ['MARKER']",
                "changed os.environ: LEFT, MARKER",
            ),
            ("os.environ = {}", "changed the standard library: os.environ"),
            ("sys.path.append('/x')", r"changed sys.path: \+/x"),
            (
                "import warnings; warnings.simplefilter('ignore')",
                r"changed warnings.filters: \+\('ignore'.*",
            ),
            (
                "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
                "changed signal handlers: SIGCHLD",
            ),
            (
                """
                import signal
                signal.signal(signal.SIGALRM, lambda *_: {}["alarm"])
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                """,
                "changed signal handlers: SIGALRM; changed the alarm timer from .*",
            ),
            (
                "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [2])",
                r"changed blocked signals: \+SIGINT",
            ),
            (
                "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (0, -1))",
                "changed resource limits: RLIMIT_FSIZE",
            ),
            (
                "global many\nmany = []\nwith self.assertRaises(OSError):\n"
                "    while True: many.append(os.open(os.devnull, os.O_RDONLY))",
                "changed the room for open files from some to none" + LOST,
            ),
        ):
            with self.subTest(body):
                self.check_test(body, CHANGED, message)

    def test_patched_modules(self) -> None:
        """A test that replaces what the driver itself needs harms only its own
        outcome, and what it replaced is put back."""
        for names in (
            ["os.write", "os.fstat", "os._exit"],
            ["json.dumps"],
            ["time.monotonic", "time.sleep"],
            ["os.getcwd", "os.listdir"],
        ):
            with self.subTest(names):
                body = "import json\n" + "; ".join(f"{name} = None" for name in names)
                message = re.escape(", ".join(sorted(names)))
                self.check_test(
                    body, CHANGED, f"changed the standard library: {message}"
                )
        with self.subTest("a clock that stands still"):
            body = "time.monotonic = lambda: 0\nsubprocess.Popen(['sleep', '60'])"
            message = "changed the standard library: time.monotonic; left a child .*"
            self.check_test(body, CHANGED, message)

    def test_patched_during_subtests(self) -> None:
        """Sub-tests are told of while what that takes is replaced."""
        body = """
            from unittest import mock
            names = "os.write", "os.getpid", "os.fstat", "json.dumps", "time.monotonic"
            for name in names:
                with mock.patch(name, None), self.subTest(name): pass
        """

        outcomes = self.check_innocents(
            f"class TestM(TestCase):\n    def test_it(self):{body}"
        )

        self.assertEqual([PASSED] * 5, [outcome.state for outcome in outcomes])

    def test_random_numbers(self) -> None:
        """A test draws the same random numbers whatever ran before it."""
        drawing = "import random\nclass TestN(TestCase):\n    def test_it(self):"
        drawing += "print(random.random(), file=open('drawn', 'a'))"
        self.suite(drawing, "test/test_n.py")
        for seeding in ("1", "2"):
            body = f"import random; random.seed({seeding})"
            self.suite(PASSING.replace("pass", body), HOSTILE)
            self.run_all()

        first, second = self.read("drawn").splitlines()

        self.assertEqual(first, second)

    def test_temporary_folder(self) -> None:
        """What a test leaves in the temporary folder goes; without it, it is new."""
        for body, message in (
            ("import tempfile; tempfile.mkstemp()", "left .* in the temporary folder"),
            (
                "import shutil, tempfile; shutil.rmtree(tempfile.gettempdir())",
                "removed the temporary folder",
            ),
            (
                "import shutil; shutil.rmtree(os.path.dirname(os.environ['TMPDIR']))",
                "removed the temporary folder",
            ),
        ):
            with self.subTest(body):
                self.check_test(body, CHANGED, message)


class TestFiles(HostileCase):
    """Test files that are wrong before any test of theirs runs."""

    def test_files_that_cannot_be_imported(self) -> None:
        """What keeps a file from being imported is the outcome of the file."""
        for source, state, message in (
            ("def broken(:", ERROR, r"SyntaxError: .*\(test_m\.py, line \d+\)"),
            ("import no_such_module", ERROR, "ModuleNotFoundError: .*no_such_module'"),
            ("raise unittest.SkipTest('not here')", SKIPPED, "not here"),
        ):
            with self.subTest(source):
                self.check(source, {HOSTILE: (state, message)})

    def test_file_without_tests(self) -> None:
        """A file that holds no tests is named, and no failure."""
        self.check("class Nothing: pass", {})

        self.assertIn("test_m.py", self.last_run.stdout)

    def test_working_directory_at_import(self) -> None:
        """A file that changes the working directory on import does so for itself."""
        source = PASSING.replace("pass", "self.assertEqual('/', os.getcwd())")

        self.check(source + "os.chdir('/')", {})

    def test_duplicate_names(self) -> None:
        """Of two classes of one name the last counts; the same name in another file
        is another test."""
        twice = PASSING + PASSING.replace("pass", "self.fail('second')")
        failed = (FAILED, "AssertionError: second")

        self.check(twice, {"TestM.test_it": failed})
        self.check(
            "class TestInnocent(TestCase):\n    def test_1(self): self.fail('second')",
            {"TestInnocent.test_1": failed},
        )

    def test_company(self) -> None:
        """The hostile file runs in the process of those before it: what it is
        beside here, it is beside in all of these tests."""
        self.suite(PASSING.replace("pass", "self.fail(os.getpid())"), HOSTILE)
        self.suite(PASSING.replace("pass", "self.fail(os.getpid())"), INNOCENT[0])
        self.suite(PASSING.replace("pass", "self.fail(os.getpid())"), INNOCENT[1])

        outcomes, _ = self.run_all()

        self.assertEqual(1, len({outcome.message for outcome in outcomes}), outcomes)


if __name__ == "__main__":
    unittest.main()
