"""The script that is started in the interpreter under test: it imports torch once.

    python zygote.py --control FD --tests FOLDER ... [--start-method spawn] [--once]

It serves requests from the socket FD: each starts a process that loads test files,
or runs a batch of them.  It forks where that is safe, and else spawns this script
with ``--once``.  It never runs an operator itself: a process that has used its pool
of threads cannot be forked.  A process that has loaded test files goes on as a
zygote too, so that workers find them imported.

Whatever its workers leave behind becomes its child, and is ended.  It ends, and ends
them, when the driver hangs up.
"""

import argparse
import faulthandler
import gc
import os
import platform
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys

# Bound here: a test file may replace it in its module.
from os import getpid

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.dirname(_HERE)

import processes
from child.channel import Bell, Channel, receive_request, send_request
from child.loading import Loaded
from child.recorder import one_line
from child.settings import watch_torch
from child.surroundings import end_child
from child.worker import leave, load_files, run_jobs, settle
from records import EXITED, NO_TORCH, READY, STARTED, TORCH

SPAWN = "spawn"


def main(arguments):
    """Import torch, then do what the driver asks until it hangs up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--tests", required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--bell", type=int, required=True)
    parser.add_argument("--start-method")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args(arguments)
    processes.die_with_parent(options.parent)
    control = socket.socket(fileno=options.control)
    control.set_inheritable(False)
    _leave_no_trace()
    _prepare_for_crashes()
    zygote = Zygote(control, options)
    if options.once:
        request, descriptors = receive_request(control)
        _import_torch()
        zygote.perform(request, descriptors)
        return
    if zygote.report_torch():
        zygote.serve()


def _leave_no_trace():
    """Hide the driver's modules and arguments from what tests see."""
    del sys.path[0]
    for name in list(sys.modules):
        if name in ("child", "processes", "records") or name.startswith("child."):
            del sys.modules[name]


def _prepare_for_crashes():
    """Have a crash, or the driver's signal to a hung process, print where it was."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    # No core files all over the tree.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _import_torch():
    import torch

    watch_torch(torch)
    return torch


class Zygote:
    """A process that starts others; ``control`` is its line to the driver."""

    def __init__(self, control, options):
        self._control = control
        self._options = options
        self._bell = Bell(options.bell)
        self._loaded = Loaded(options.tests)
        self._workers = {}  # pid to number
        self._is_first = True  # and not forked from another
        self._scratch = None  # folder for the temporary files of all workers

    def report_torch(self):
        """Say which torch this is; whether there is one."""
        channel = Channel(self._control.fileno(), self._options.token)
        python = platform.python_version()
        try:
            torch = _import_torch()
        except BaseException as error:  # noqa: B036 - there is no torch, whatever it is
            channel.send(NO_TORCH, message=one_line(error), python=python)
            return False
        found = {
            "version": str(getattr(torch, "__version__", "without a version")),
            "git_version": getattr(
                getattr(torch, "version", None), "git_version", None
            ),
            "folder": os.path.dirname(getattr(torch, "__file__", None) or ""),
            "python": python,
        }
        channel.send(TORCH, torch=found)
        return True

    def serve(self):
        """Start a process for each request, and tell how each ends."""
        channel = Channel(
            self._control.fileno(), self._options.token, clean_up=self._end_all
        )
        processes.adopt_orphans()
        gc.collect()
        gc.freeze()  # the collector of a fork leaves alone what they share
        obstacle = self._obstacle()
        channel.send(READY, obstacle=obstacle)
        # From here on it sees when the driver hangs up, and can end its workers.
        processes.outlive_parent()
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        try:
            while True:
                ready, _, _ = select.select([self._control, woken], [], [])
                if woken in ready:
                    os.read(woken, 1 << 12)
                self._reap(channel)
                if self._control in ready:
                    request, descriptors = receive_request(self._control)
                    if request is None:
                        break
                    if request["do"] == "leave":
                        leave(self._loaded)
                    self._scratch = os.path.dirname(request["scratch"])
                    start = self._spawn if obstacle else self._fork
                    pid = start(request, descriptors, (woken, waker))
                    self._workers[pid] = request["worker"]
                    channel.send(STARTED, worker=request["worker"], pid=pid)
                    for descriptor in descriptors:
                        os.close(descriptor)
        finally:
            self._end_all()

    def _obstacle(self):
        """Why this process must not be forked, or None."""
        if self._options.start_method == SPAWN:
            return "--start-method spawn"
        if not processes.LINUX:
            return f"forking is not safe on {sys.platform}"
        threads = processes.thread_count()
        if threads != 1:
            return f"torch and what the tests import run {threads} threads"
        torch = sys.modules["torch"]
        cuda = getattr(torch, "cuda", None)
        if getattr(cuda, "is_initialized", bool)():
            return "CUDA is initialised"
        return None

    def _fork(self, request, descriptors, own):
        parent = getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in own:
                os.close(descriptor)
            processes.die_with_parent(parent)
            self._control.close()
            self._workers = {}
            self._is_first = False
            self._loaded.inherit()
            self.perform(request, descriptors)
        except BaseException:  # noqa: B036 - a fork must not go on as its parent
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)

    def _spawn(self, request, descriptors, own):
        ours, theirs = socket.socketpair()
        options = self._options
        process = subprocess.Popen(
            [
                sys.executable, "-u", os.path.join(_HERE, "zygote.py"), "--once",
                "--control", str(theirs.fileno()), "--token", options.token,
                "--tests", options.tests, "--parent", str(getpid()),
                "--bell", str(options.bell),
            ],
            pass_fds=(theirs.fileno(), options.bell),
        )  # fmt: skip
        theirs.close()
        send_request(ours, request, descriptors)
        ours.close()
        process.returncode = 0  # we wait for it, not Popen
        return process.pid

    def perform(self, request, descriptors):
        """Do, in a process of its own, what a request says; most never return."""
        events, output, connection = descriptors
        channel = Channel(events, request["token"])
        settle(request, output)
        if request["do"] == "run":
            run_jobs(request, connection, self._bell, channel, self._loaded)
        load_files(request, channel, self._loaded)
        if not self._options.once:
            self._control = socket.socket(fileno=connection)
            os.close(events)
            self.serve()

    def _reap(self, channel):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self._workers.pop(pid, None)
            self._end_strangers()
            if number is not None:
                channel.send(EXITED, worker=number, status=status)

    def _end_strangers(self):
        """End what a worker left behind: it was adopted when the worker ended."""
        for pid in processes.children_of(getpid()):
            if pid not in self._workers:
                end_child(pid)

    def _end_all(self):
        self._workers = {}
        while processes.children_of(getpid()):
            self._end_strangers()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        if self._is_first and self._scratch is not None:
            # The driver does that, too, unless it was killed.
            shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
