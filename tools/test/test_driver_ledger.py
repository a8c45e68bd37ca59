"""The driver's part in the ledger, and its report."""

import os
import subprocess
import unittest

from tools.test.driver_case import LEDGER_HEADER, DriverCase


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

    def test_crash_on_a_newer_file(self) -> None:
        """A crash on a file of a newer release is told, and fails nothing."""
        self.suite("""
            class TestA(TestCase):
                def test_newer(self):
                    for writer in ("2.5.0", "2.6.0"):
                        with self.subTest(writer=writer):
                            if writer == "2.6.0":
                                os.abort()
        """)

        run = self.drive()

        self.assertEqual(0, run.returncode, run.stdout)
        self.assertIn("1 unpromised:", run.stdout)
        self.assertEqual("1 passed, 0 failed, 0 skipped", run.stdout.splitlines()[-1])

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
        """Five megabytes on stdout stop no run; -v shows them, nothing else does."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self):
                    for number in range(50000): print(number, "x" * 100)
        """)

        brief, verbose = self.drive(), self.drive("-v")

        self.assertEqual(0, brief.returncode)
        self.assertNotIn("xxx", brief.stdout)
        self.assertIn("output of test_suite.py:", verbose.stdout)
        self.assertIn("  | 49999 xxx", verbose.stdout)
        self.assertGreater(len(verbose.stdout.splitlines()), 50000)

    def test_output_of_a_failure(self) -> None:
        """A failure shows the end of what its test printed, and no other's."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): print("of another")
                def test_b(self):
                    for number in range(1000): print("line", number)
                    os.system("echo from a program")
                    self.fail("x")
        """)

        run = self.drive("--reruns", "0")

        self.assertIn("  | line 999\n  | from a program\n", run.stdout)
        self.assertNotIn("of another", run.stdout)
        self.assertLess(run.stdout.count("  | line"), 100)

    def test_output_in_no_encoding(self) -> None:
        """Bytes that are no text are shown as what they are."""
        self.suite("""
            class TestA(TestCase):
                def test_a(self): os.write(1, b"caf\\xe9\\n")
        """)

        self.assertIn("caf\\xe9", self.drive("-v").stdout)

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
