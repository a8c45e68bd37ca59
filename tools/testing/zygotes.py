"""The driver's end of the processes in the interpreter under test.

A ``Line`` leads to a zygote, which starts a ``Process`` for each request: one that
loads test files, or a worker.  Nothing that a test does to its process may harm the
driver: each has a session of its own, its output goes to a file, and its records
come on a descriptor of their own.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from typing import BinaryIO, Dict, List, Optional

from tools.testing.child.channel import send_request
from tools.testing.discovery import folder_of_tests
from tools.testing.errors import WrongUse
from tools.testing.plan import Plan
from tools.testing.processes import kill_group

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child", "zygote.py")
LAST_WORDS_SECONDS = 0.5  # for a hung process to print where it is
EXIT_SECONDS = 10.0  # for processes to end once nobody needs them
_BLOCK = 1 << 20  # bytes; as much as a pipe is made to hold
_MOST_AT_ONCE = 1 << 26  # bytes; a test may write there without end

# Set in the driver's environment these would change what the zygote does.
_UNWANTED = {
    # The script finds its siblings because it is a script.
    "PYTHONSAFEPATH": None,
    # The retries of torch's own TestCase rewrite what the result was told.
    "PYTORCH_RETRY_TEST_CASES": None,
}


class EngineError(WrongUse):
    """An interpreter cannot be started."""


def new_token() -> str:
    """What begins each record of one process; no test can know it."""
    return os.urandom(8).hex()


class _Records:
    """Splits what arrives on a descriptor into records."""

    def __init__(self, token: str):
        self._token = token.encode("ascii")
        self._rest = b""

    def feed(self, block: bytes) -> List[dict]:
        """The records that end in this block.  Whatever else is in it, a test wrote."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        if len(self._rest) > _MOST_AT_ONCE:
            self._rest = b""
        return list(filter(None, map(self._parse, lines)))

    def _parse(self, line: bytes) -> Optional[dict]:
        if not line.startswith(self._token):
            return None
        try:
            return json.loads(line[len(self._token) :].decode("ascii"))
        except ValueError:
            return None  # cut off by a death


class Line:
    """A socket to a zygote."""

    def __init__(self, connection: socket.socket, token: str):
        self.connection = connection
        self.token = token
        self.closed = False
        self._records = _Records(token)

    def fileno(self) -> int:
        """For selectors."""
        return self.connection.fileno()

    def read(self) -> List[dict]:
        """What the zygote tells; ``closed`` is set where it has ended."""
        try:
            block = self.connection.recv(_BLOCK)
        except ConnectionError:
            block = b""
        self.closed = not block
        return self._records.feed(block)

    def request(self, request: dict, descriptors: List[int]) -> None:
        """Ask for a process.  A zygote that has ended is heard of by ``read``."""
        try:
            send_request(self.connection, request, descriptors)
        except ConnectionError:
            pass

    def shut_down(self) -> None:
        """Hang up, and have ``read`` tell of it."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up: the zygote ends, and all that it started."""
        self.closed = True
        self.connection.close()


def start_zygote(plan: Plan, output: BinaryIO, bell: int) -> "Root":
    """Start the interpreter of the plan; its workers ring ``bell``, the end of a pipe.

    Raises EngineError.
    """
    ours, theirs = socket.socketpair()
    token = new_token()
    command = [
        plan.python, "-u", SCRIPT,
        "--control", str(theirs.fileno()), "--token", token,
        "--tests", folder_of_tests(plan.root), "--parent", str(os.getpid()),
        "--bell", str(bell),
    ]  # fmt: skip
    if plan.start_method:
        command += ["--start-method", plan.start_method]
    try:
        process = subprocess.Popen(
            command,
            cwd=plan.root,
            env=_environment(plan),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(), bell),
            start_new_session=True,
        )
    except OSError as error:
        ours.close()
        raise EngineError(f"cannot start {plan.python}: {error}") from error
    finally:
        theirs.close()
    return Root(Line(ours, token), process)


def _environment(plan: Plan) -> Dict[str, str]:
    # A pool of threads cannot be forked; OpenBLAS and OpenMP make theirs on import.
    merged = {"OMP_NUM_THREADS": "1", **os.environ, **_UNWANTED, **plan.env}
    return {name: value for name, value in merged.items() if value is not None}


class Root:
    """The zygote that the driver started itself."""

    def __init__(self, line: Line, process: subprocess.Popen):
        self.line = line
        self._process = process

    def exit_code(self) -> Optional[int]:
        """As Popen has it, of a zygote that hung up; None if it does not end."""
        try:
            return self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def dump_stack(self) -> None:
        """Have it print where it is."""
        self._process.send_signal(signal.SIGUSR1)
        time.sleep(LAST_WORDS_SECONDS)

    def end(self, politely: bool) -> None:
        """End it; politely first, so that it ends all that it started."""
        self.line.close()
        if not politely or self.exit_code() is None:
            kill_group(self._process.pid)
            self._process.wait()


class Process:
    """A process that a zygote started; ``number`` is its name between the two."""

    def __init__(self, number: int, line: Line, scratch: str):
        self.number = number
        self.line = line
        self.scratch = scratch
        self.pid: Optional[int] = None
        self.ended = False  # it has done all that it was asked for
        self.unwanted = False  # it was killed, perhaps before it had a number
        self.doomed: Optional[str] = None  # the state for which we are ending it
        self.deadline = float("inf")  # by which it must tell something
        self.output = tempfile.TemporaryFile(buffering=0)
        self._token = new_token()
        self._receiver, self._sender = os.pipe()
        os.set_blocking(self._receiver, False)
        self.connection, self._theirs = socket.socketpair()
        self._records = _Records(self._token)
        self._heard_out = False
        os.mkdir(scratch)

    def ask(self, request: dict) -> None:
        """Have the zygote start it, to do what ``request`` says."""
        own = {"worker": self.number, "token": self._token, "scratch": self.scratch}
        descriptors = [self._sender, self.output.fileno(), self._theirs.fileno()]
        self.line.request({**request, **own}, descriptors)
        os.close(self._sender)
        self._theirs.close()

    def ask_more(self, request: dict) -> None:
        """Have an idle worker do this, too."""
        try:
            send_request(self.connection, request)
        except ConnectionError:
            pass  # it has ended, of which its zygote will tell

    def line_of_zygote(self, token: str) -> Line:
        """The line to a process that stays as a zygote; ``token`` is its parent's."""
        return Line(self.connection, token)

    def dismiss(self) -> None:
        """Have an idle worker end."""
        self.connection.close()

    def read(self) -> List[dict]:
        """What it has told since the last time."""
        found: List[dict] = []
        if self._heard_out:
            return found
        for _ in range(_MOST_AT_ONCE // _BLOCK):
            try:
                block = os.read(self._receiver, _BLOCK)
            except BlockingIOError:
                break
            if not block:
                break
            found += self._records.feed(block)
        return found

    def doom(self, state: str) -> None:
        """Begin to end it: its faulthandler may print where it is.

        What it tells from now on does not count: the signal may have woken it.
        """
        self.doomed = state
        self._heard_out = True
        self.signal(signal.SIGUSR1)
        self.deadline = time.monotonic() + LAST_WORDS_SECONDS

    def signal(self, number: int) -> None:
        """Send it a signal, if it has begun and not ended."""
        if self.pid is not None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """End it at once, or as soon as its number is known."""
        self.unwanted = True
        if self.pid is not None:
            kill_group(self.pid)

    def close(self) -> None:
        """Let go of its pipe and of what it printed."""
        os.close(self._receiver)
        self.output.close()
