"""Tests that print, raise and close what others take for granted."""

import json
import unittest

from tools.test.hostile_case import HostileCase
from tools.testing.records import CHANGED, ERROR, FAILED, PASSED

LOUD = (FAILED, "AssertionError: loud")
LOST = "; which cannot be undone: .*"


class TestOutput(HostileCase):
    """What a test writes, and where."""

    def test_much_output(self) -> None:
        """200 MB on standard output cost time alone, in lines or without."""
        for body in (
            "for _ in range(200000): sys.stdout.write('x' * 999 + '\\n')",
            "for _ in range(200): os.write(1, b'x' * (1 << 20))",
        ):
            with self.subTest(body):
                self.check_test(body + "\nself.fail('loud')", *LOUD)

    def test_odd_output(self) -> None:
        """Output and messages that are no UTF-8 are told with escapes."""
        body = "os.write(1, b'caf\\xe9\\0\\n'); self.fail('\\udcff')"

        outcome = self.check_test(body, FAILED, "AssertionError: \udcff")

        self.assertIn("caf\\xe9", outcome.output)
        self.assertIn("caf\\xe9", self.last_run.stdout)

    def test_forged_records(self) -> None:
        """Records that a test writes, on whatever descriptor, count for nothing."""
        passed = {"file": "test/test_m.py", "test": "TestM.test_it", "state": PASSED}
        records = [
            {"event": "outcome", "outcome": passed, "printed": [0, 0]},
            {"event": "done", "test": "TestM.test_it"},
            {"event": "idle"},
            {"event": "end"},
            {"event": "exited", "worker": 2, "status": 0},
        ]
        lines = [f"{token}{json.dumps(r)}" for r in records for token in ("", "0" * 16)]
        body = f"""
            text = {"".join(f"{line}{chr(10)}" for line in lines)!r}.encode()
            for descriptor in range(1, 64):
                try: os.write(descriptor, text)
                except OSError: pass
            self.fail("loud")
        """

        self.check_test(body, *LOUD)

    def test_input(self) -> None:
        """A test that reads its standard input finds it at its end."""
        body = "self.assertEqual('', sys.stdin.read()); input()"

        self.check_test(body, ERROR, "EOFError: .*")

    def test_closed_streams(self) -> None:
        """The standard streams and descriptors are there for the tests that follow."""
        for body, message in (
            (
                "import io; sys.stdout = sys.stderr = io.StringIO()",
                "changed the standard streams: sys.stderr, sys.stdout",
            ),
            (
                "sys.stdout.close()",
                "changed the standard streams: sys.stdout" + LOST,
            ),
            (
                "os.closerange(0, 3)",
                "changed the standard descriptors: 0, 1, 2" + LOST,
            ),
        ):
            with self.subTest(body):
                self.check_test(body, CHANGED, message)


class TestExceptions(HostileCase):
    """Exceptions that are hard to tell."""

    def test_odd_exceptions(self) -> None:
        """An exception has its outcome whatever its methods do."""
        head = "class Odd(Exception):\n        "
        for body, message in (
            ("self.lock = __import__('_thread').allocate_lock()", "Odd: x"),
            ("def __init__(self, a, *, b): pass", "Odd: x"),
            (
                "def __str__(self): raise OSError",
                r"Odd: \(its __str__ raised OSError\)",
            ),
            (
                "def __str__(self): sys.exit(0)",
                r"Odd: \(its __str__ raised SystemExit\)",
            ),
            (
                "def __str__(self): return None",
                r"Odd: \(its __str__ raised TypeError\)",
            ),
            ("__repr__ = __str__ = None", r"Odd: \(its __str__ raised TypeError\)"),
        ):
            with self.subTest(body):
                raised = "Odd('x', b=1)" if "b)" in body else "Odd('x')"
                if body.startswith("self.lock"):
                    body = f"def __init__(self, *args): {body}"
                self.check_test(
                    f"{head}{body}\nraise {raised}".replace("\n        ", "\n    "),
                    ERROR,
                    message,
                )

    def test_long_message(self) -> None:
        """Of a message of 10 MB as much is told as somebody may want to read."""
        for text in ("'x' * 10_000_000", "'x\\n' * 5_000_000"):
            with self.subTest(text):
                outcome = self.check_test(
                    f"raise ValueError({text})", ERROR, "ValueError: x.*"
                )

                self.assertIn("characters left out", outcome.traceback)
                self.assertLess(len(self.last_run.stdout), 1_000_000)


if __name__ == "__main__":
    unittest.main()
