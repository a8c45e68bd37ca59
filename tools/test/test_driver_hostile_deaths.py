"""Tests that end their process or hang, beside innocent ones."""

import unittest

from tools.test.hostile_case import HOSTILE, HostileCase
from tools.testing.records import CRASHED, ERROR, NO_END, OUT_OF_MEMORY, TIMED_OUT

PASSING = "class TestM(TestCase):\n    def test_it(self): pass\n"
FATAL = "ctypes.string_at(0)"
SEGV = (CRASHED, "crashed: SIGSEGV")
LATE_SEGV = (CRASHED, "crashed: SIGSEGV, after its tests had ended")
LIMIT = ("--timeout", "1")
TIMEOUT = (TIMED_OUT, "timed out after 1 s")
UNHEARD = r"exited with code 70 without an end record, as where .* closes descriptors.*"
KILLED_PARENT = "it was ended together with the process it was forked from"


def with_fixture(head: str) -> str:
    """A hostile file with a fixture that dies."""
    decorator = "@classmethod\n    " if "Class" in head else ""
    return PASSING + f"    {decorator}def {head}: {FATAL}\n"


class TestDeaths(HostileCase):
    """What ends a process costs one test, which is named with the cause."""

    def test_deaths(self) -> None:
        """A test that ends its process, in whatever way, is told how that ended."""
        for body, state, message in (
            (FATAL, *SEGV),
            ("os.abort()", CRASHED, "crashed: SIGABRT"),
            ("os.kill(os.getpid(), 9)", CRASHED, "crashed: SIGKILL"),
            ("os.killpg(os.getpgrp(), 9)", CRASHED, "crashed: SIGKILL"),
            ("os._exit(0)", NO_END, "exited with code 0 without an end record"),
            ("os._exit(3)", NO_END, "exited with code 3 without an end record"),
            ("os.closerange(3, 1024)", NO_END, UNHEARD),
            ("os.closerange(0, 1024)", NO_END, UNHEARD),
            ("sys.exit(0)", ERROR, "SystemExit: 0"),
            ("raise KeyboardInterrupt", ERROR, "KeyboardInterrupt"),
        ):
            with self.subTest(body):
                self.check_test(body, state, message)

    def test_exit_of_another_thread(self) -> None:
        """A thread that ends the process in the middle of a test is the test's."""
        body = """
            import threading
            threading.Timer(0.1, os._exit, (5,)).start()
            time.sleep(60)
        """

        self.check_test(body, NO_END, "exited with code 5 without an end record")

    def test_crash_in_fixtures(self) -> None:
        """A crash before or after a test, or all of a class or file, is found."""
        for head, blamed in (
            ("setUp(self)", "TestM.test_it"),
            ("tearDown(self)", "TestM.test_it"),
            ("setUpClass(cls)", "TestM.test_it"),
            ("tearDownClass(cls)", "tearDownClass (TestM)"),
        ):
            with self.subTest(head):
                (*_, outcome) = self.check(with_fixture(head), {blamed: SEGV})
                self.assertIn(f"in {head.partition('(')[0]}", outcome.traceback)
        for name, blamed in (
            ("setUpModule", "TestM.test_it"),
            ("tearDownModule", "tearDownModule"),
        ):
            with self.subTest(name):
                self.check(PASSING + f"def {name}(): {FATAL}", {blamed: SEGV})

    def test_deaths_at_import(self) -> None:
        """A file that ends the process which imports it costs only itself."""
        for statement, blamed in (
            (FATAL, SEGV),
            ("os._exit(0)", (NO_END, "exited with code 0 without an end record")),
            ("os.killpg(os.getpgrp(), 9)", (CRASHED, "crashed: SIGKILL")),
            ("os.kill(os.getppid(), 9); time.sleep(60)", (NO_END, KILLED_PARENT)),
            ("sys.exit(0)", (ERROR, "SystemExit: 0")),
            ("raise KeyboardInterrupt", (ERROR, "KeyboardInterrupt")),
        ):
            with self.subTest(statement):
                self.check(PASSING + statement, {HOSTILE: blamed})

    def test_crash_at_exit(self) -> None:
        """Of several files in a process, that which makes it crash at its exit is
        found; its tests keep their outcomes."""
        finalizer = f"class Fatal:\n    def __del__(self): {FATAL}\n"
        for source in (
            PASSING + "import atexit; atexit.register(ctypes.string_at, 0)",
            PASSING.replace("pass", "atexit.register(ctypes.string_at, 0)")
            + "import atexit",
            finalizer + "fatal = Fatal()\n" + PASSING,
            finalizer + PASSING.replace("pass", "global fatal; fatal = Fatal()"),
        ):
            with self.subTest(source):
                self.check(source, {HOSTILE: LATE_SEGV})

    def test_killed_parent(self) -> None:
        """A test that kills the process it was forked from harms no other, whether
        it waits for what comes of that or not."""
        kill = "os.kill(os.getppid(), 9)"

        self.check_test(f"{kill}; time.sleep(60)", NO_END, KILLED_PARENT)
        outcomes = self.check_innocents(PASSING.replace("pass", kill))

        self.assertIn(
            (NO_END, KILLED_PARENT),
            {(o.state, o.message[: len(KILLED_PARENT)]) for o in outcomes},
        )


class TestHangs(HostileCase):
    """What hangs is ended, and told where it was."""

    def test_hangs(self) -> None:
        """A hang ends at the time limit, and its traceback shows the line."""
        deaf = """
            import signal
            for name in "TERM", "INT", "HUP":
                signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)
            time.sleep(60)
        """
        for body in (
            "time.sleep(60)",
            "ctypes.PyDLL(None).sleep(60)",  # does not let go of the GIL
            "import re; re.match('(a+)+$', 'a' * 60 + 'b')",  # nor does this
            deaf,
        ):
            with self.subTest(body):
                outcome = self.check_test(body, *TIMEOUT, *LIMIT)

                self.assertRegex(outcome.traceback, r"test_m\.py.*in test_it")

    def test_deaf_hangs(self) -> None:
        """A hang ends even where the test has seen to it that no signal is heard."""
        for body in (
            """
            import signal
            signal.signal(signal.SIGUSR1, lambda *_: os._exit(0))
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
            time.sleep(60)
            """,
            "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
        ):
            with self.subTest(body):
                self.check_test(body, *TIMEOUT, *LIMIT)

    def test_hang_at_import(self) -> None:
        """A file that hangs while it is imported costs only itself."""
        (outcome,) = self.check(PASSING + "time.sleep(60)", {HOSTILE: TIMEOUT}, *LIMIT)

        self.assertIn("test_m.py", outcome.traceback)

    def test_hang_at_exit(self) -> None:
        """A process that does not end after its tests is ended, and its file told."""
        source = PASSING + "import atexit; atexit.register(time.sleep, 60)"
        message = TIMEOUT[1] + ", after its tests had ended"

        self.check(source, {HOSTILE: (TIMED_OUT, message)}, *LIMIT)


class TestMemory(HostileCase):
    """What takes too much memory, or too much of the stack."""

    def test_memory_limit(self) -> None:
        """A test, its child, or an import that takes more than it may is ended."""
        hog = "x = []\nwhile True: x.append(bytearray(b'x' * (1 << 22)))"
        limit = ("--memory-limit", "300M")
        blamed = (OUT_OF_MEMORY, "took more than 315 MB of memory")

        with self.subTest("test"):
            self.check_test(hog, *blamed, *limit)
        with self.subTest("child"):
            body = f"subprocess.call([sys.executable, '-c', {hog!r}])"
            self.check_test(body, *blamed, *limit)
        with self.subTest("import"):
            self.check(PASSING + hog, {HOSTILE: blamed}, *limit)

    def test_memory_error(self) -> None:
        """Memory that is not to be had is an error like any other."""
        self.check_test("bytearray(1 << 62)", ERROR, "MemoryError")

    def test_stack_overflow(self) -> None:
        """A recursion without end is an error; one too deep in C is a crash."""
        # Since 3.12 Python limits the recursion of its own C code.
        deep = """
            compiled = ctypes.create_string_buffer(1 << 10)
            ctypes.CDLL(None).regcomp(compiled, b"(" * 10**6, 1)
        """

        with self.subTest("Python"):
            body = "def endless(): endless()\nendless()"
            self.check_test(body, ERROR, "RecursionError: maximum recursion .*")
        with self.subTest("C"):
            self.check_test(deep, *SEGV)


class TestOtherProcesses(HostileCase):
    """The same where workers are not forked, or not shared."""

    def test_other_processes(self) -> None:
        """Who ends a process is found in spawned ones, and in those of one test."""
        exit_hook = "import atexit; atexit.register(ctypes.string_at, 0)"
        for self.arguments in (("--start-method", "spawn"), ("--isolate", "test")):
            for body, state, message, *limit in (
                (FATAL, *SEGV),
                ("os._exit(0)", NO_END, "exited with code 0 without an end record"),
                ("os.closerange(3, 1024)", NO_END, UNHEARD),
                ("os.kill(os.getppid(), 9); time.sleep(60)", NO_END, KILLED_PARENT),
                ("time.sleep(60)", *TIMEOUT, *LIMIT),
            ):
                with self.subTest(body, arguments=self.arguments):
                    self.check_test(body, state, message, *limit)
            for statement, blamed in ((FATAL, SEGV), (exit_hook, LATE_SEGV)):
                with self.subTest(statement, arguments=self.arguments):
                    self.check(PASSING + statement, {HOSTILE: blamed})


if __name__ == "__main__":
    unittest.main()
