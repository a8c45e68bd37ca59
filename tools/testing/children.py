"""Starting an interpreter under test, hearing it out, and ending it.

Nothing that a test does to its process may harm the driver: it gets a session of
its own, its output goes to a file, records come on a descriptor of their own,
every wait has a limit, and at the end the whole process group is killed.
"""

import json
import os
import selectors
import signal
import subprocess
import time
from typing import BinaryIO, Dict, Iterator, Optional, Sequence

from tools.testing.records import CRASHED, DEATH, END, NO_END, TIMED_OUT

CHILD_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
TIMEOUT_SECONDS = 300.0  # without a record; one test or sub-test takes that at most
EXIT_GRACE_SECONDS = 10.0  # from the end record to the exit
LAST_WORDS_SECONDS = 0.5  # for a hung child to print where it is
POLL_SECONDS = 0.1  # an exit is seen late where a grandchild keeps the pipe open

# Set in the driver's environment these would change what the child does.
_UNWANTED = {
    # The child finds its siblings because it is a script.
    "PYTHONSAFEPATH": None,
    # The retries of torch's own TestCase rewrite what the result was told.
    "PYTORCH_RETRY_TEST_CASES": None,
}


class ChildError(Exception):
    """An interpreter cannot be started."""


def run_child(
    arguments: Sequence[str],
    python: str,
    root: str,
    env: Optional[Dict[str, Optional[str]]],
    timeout: float,
    output: BinaryIO,
) -> Iterator[dict]:
    """Run child.py under ``python`` in the folder ``root``; yield its records.

    The last record is END, or else DEATH with the state and message of what
    ended it.  ``env`` changes the environment: a value of None removes a variable.
    """
    receiver, sender = os.pipe()
    try:
        process = subprocess.Popen(
            [python, "-u", CHILD_SCRIPT, "--fd", str(sender), *arguments],
            cwd=root,
            env=_environment(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(sender,),
            start_new_session=True,
        )
    except OSError as error:
        os.close(receiver)
        raise ChildError(f"cannot start {python}: {error}") from error
    finally:
        os.close(sender)
    try:
        for record in _read_records(process, receiver, timeout):
            yield record
            if record["event"] == END:
                _await_exit(process, EXIT_GRACE_SECONDS)
                _note_exit(process, output)
                return
        yield _death(process, timeout)
    finally:
        os.close(receiver)
        _kill_group(process)


def _environment(changes: Optional[Dict[str, Optional[str]]]) -> Dict[str, str]:
    merged = {**os.environ, **_UNWANTED, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _read_records(
    process: subprocess.Popen, receiver: int, timeout: float
) -> Iterator[dict]:
    """Records until the child exits, or tells nothing for ``timeout`` seconds."""
    rest = b""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ)
        while True:
            exited = process.poll() is not None
            patience = 0 if exited else min(POLL_SECONDS, deadline - time.monotonic())
            if selector.select(max(0, patience)):
                block = os.read(receiver, 1 << 16)
                if not block:  # nobody has it open any more
                    _await_exit(process, deadline - time.monotonic())
                    return
                *lines, rest = (rest + block).split(b"\n")
                yield from filter(None, map(_parse, lines))
                deadline = time.monotonic() + timeout
            elif exited or time.monotonic() >= deadline:
                return


def _parse(line: bytes) -> Optional[dict]:
    """The record in a line, or None: tests may write to any descriptor."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None


def _await_exit(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(max(0, seconds))
    except subprocess.TimeoutExpired:
        pass


def _death(process: subprocess.Popen, timeout: float) -> dict:
    """The record of what ended a child that sent no end record."""
    code = process.poll()
    if code is None:
        # Its faulthandler prints where it hangs, if it still can.
        process.send_signal(signal.SIGUSR1)
        _await_exit(process, LAST_WORDS_SECONDS)
        state, message = TIMED_OUT, f"timed out after {timeout:g} s"
    elif code < 0:
        state, message = CRASHED, f"crashed: {_signal_name(-code)}"
    else:
        state, message = NO_END, f"exited with code {code} without an end record"
    return {"event": DEATH, "state": state, "message": message}


def _note_exit(process: subprocess.Popen, output: BinaryIO) -> None:
    """Say below the child's output how it ended, if oddly, after its end record.

    No test is to blame, and torch of some ages crashes while it is unloaded.
    """
    code = process.poll()
    if code != 0:
        how = "hung" if code is None else f"ended with code {code}"
        if code is not None and code < 0:
            how = f"crashed ({_signal_name(-code)})"
        output.seek(0, os.SEEK_END)
        output.write(f"(all told, the interpreter {how} at its exit)\n".encode())
        output.flush()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _kill_group(process: subprocess.Popen) -> None:
    """End the child and whatever it left behind in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nothing is left; macOS says so by the second
    _await_exit(process, EXIT_GRACE_SECONDS)
