"""Base class of the tests with a hostile file: it runs between innocent ones."""

import os
import textwrap
import time
import uuid
from typing import Dict, List, Mapping, Tuple

import psutil

from tools.test.driver_case import DriverCase
from tools.testing import records
from tools.testing.exit_codes import FAILURES, FINE
from tools.testing.jsonlines import read_json

HOSTILE = "test/test_m.py"
INNOCENT = ("test/test_a.py", "test/test_z.py")  # one before it, and one after
GRACE_SECONDS = 5.0  # for processes that were ended to be gone
PASSES = {(file, f"TestInnocent.test_{n}") for file in INNOCENT for n in (1, 2)}

# What a test may count on, whatever ran before it.
_INNOCENT_SOURCE = """
    import signal, tempfile, threading, warnings
    class TestInnocent(TestCase):
        def test_1(self):
            with tempfile.TemporaryFile() as file: file.write(b"x")
            subprocess.check_call("true")
            sys.stdout.write("of stdout")
            print("of stderr", file=sys.stderr)
            self.assertEqual("", sys.stdin.read())
        def test_2(self):
            self.assertEqual({root!r}, os.getcwd())
            self.assertEqual({marker!r}, os.environ["MARKER"])
            self.assertEqual([threading.main_thread()], threading.enumerate())
            self.assertEqual(signal.SIG_DFL, signal.getsignal(signal.SIGALRM))
            self.assertLess(time.monotonic(), time.monotonic() + 1)
            with self.assertWarns(UserWarning): warnings.warn("heard")
"""


class HostileCase(DriverCase):
    """A tree of two innocent files, between which a hostile one runs.

    All share one worker, and a process for as long as the hostile file lets them.
    ``arguments`` are added to the command line of each run.
    """

    arguments: Tuple[str, ...] = ()

    def setUp(self) -> None:
        super().setUp()
        self.scratch = os.path.join(self.root, "tmp")
        os.mkdir(self.scratch)
        self.marker = uuid.uuid4().hex
        self.env.update(TMPDIR=self.scratch, MARKER=self.marker)
        # A file is written again within the second that its bytecode could tell.
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        source = _INNOCENT_SOURCE.format(root=self.root, marker=self.marker)
        for file in INNOCENT:
            self.suite(source, file)

    def check_test(
        self, body: str, state: str, message: str = "", *arguments: str
    ) -> records.Outcome:
        """Check that a test with this body has this outcome, as ``check`` does."""
        body = textwrap.indent(textwrap.dedent(body), " " * 8)
        source = f"class TestM(TestCase):\n    def test_it(self):\n{body}\n"
        return self.check(source, {"TestM.test_it": (state, message)}, *arguments)[0]

    def check(
        self, source: str, blamed: Mapping[str, Tuple[str, str]], *arguments: str
    ) -> List[records.Outcome]:
        """Run a hostile file with this source; its outcomes, in order.

        ``blamed`` has state and message (a regular expression for all of it) by the
        name of each outcome of the file, but for tests that pass; the name of that of
        the file itself is HOSTILE.  Fails unless that is so, all innocent tests pass,
        the exit code tells of it, and neither a process nor a file in the temporary
        folder is left.
        """
        told = self.check_innocents(source, *arguments)
        found = {o.name: o for o in told}
        self.assertEqual(len(told), len(found), told)
        states = {name: o.state for name, o in found.items()}
        passed = {n: s for n, s in states.items() if s == records.PASSED}
        named = {name: state for name, (state, _) in blamed.items()}
        self.assertEqual({**passed, **named}, states, told)
        for name, (_, message) in blamed.items():
            self.assertRegex(found[name].message, rf"\A(?:{message})\Z", found[name])
        return told

    def check_innocents(self, source: str, *arguments: str) -> List[records.Outcome]:
        """The same, whatever becomes of the hostile file."""
        self.suite(source, HOSTILE)

        outcomes, code = self.run_all(*arguments)

        told = [outcome for outcome in outcomes if outcome.file == HOSTILE]
        innocent = {(o.file, o.test): o.state for o in outcomes if o not in told}
        self.assertLessEqual(PASSES, innocent.keys(), outcomes)
        self.assertEqual({records.PASSED}, set(innocent.values()), outcomes)
        failed = any(records.is_failure(o.state) for o in outcomes)
        self.assertEqual(FAILURES if failed else FINE, code)
        self.assertNothingLeft()
        return told

    def run_all(self, *arguments: str) -> Tuple[List[records.Outcome], int]:
        """Run the tree; all outcomes and the exit code."""
        report = os.path.join(self.root, "report.json")
        given = [*self.arguments, *arguments]
        self.last_run = self.drive(
            "-j", "1", "--timeout", "10", "--reruns", "0", "--json", report, *given
        )
        self.assertEqual("", self.last_run.stderr)
        return list(read_json(report).outcomes), self.last_run.returncode

    def assertNothingLeft(self) -> None:
        """Fail if a process of the run goes on, or a temporary file is left."""
        deadline = time.monotonic() + GRACE_SECONDS
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual({}, self._processes())
        self.assertEqual([], os.listdir(self.scratch))

    def _processes(self) -> Dict[int, List[str]]:
        """The command lines of processes that began in this tree, by their ids."""
        found = {}
        for process in psutil.process_iter():
            try:
                if process.environ().get("MARKER") == self.marker:
                    found[process.pid] = process.cmdline()
            except psutil.Error:
                pass  # it has ended, or it is a zombie
        return found
