"""What a test may leave behind in its process, or in the world.

``Watch`` notes the surroundings before a test, tells afterwards what has changed,
and puts it back, so that the tests that follow find what they would find alone.
"""

import os
import shutil
import sys
import tempfile
import threading

# Bound here: what a test left of the modules may be wrong, and waiting must end.
from os import getpid
from time import monotonic, sleep

import processes
from child.settings import OF_TORCH_ITSELF, VALUES, describe

GRACE_SECONDS = 0.5  # for threads and child processes that are about to end


class Watch:
    """The surroundings as they are now."""

    def __init__(self):
        self._values = {name: read() for name, (read, _) in VALUES.items()}
        self._threads = set(threading.enumerate())
        self._children = set(processes.children_of(getpid()))
        self._folder = tempfile.gettempdir()
        self._files = _files_in(self._folder)

    def restore(self):
        """Sentences on what has changed, and whether all of it could be undone."""
        changes, undone = [], True
        for name, (read, write) in VALUES.items():
            before, now = self._values[name], read()
            if now != before:
                changes.append(describe(name, before, now))
                try:
                    write(before)
                except Exception as error:
                    undone = False
                    changes.append(f"which cannot be undone: {error}")
        changes += self._end_children()
        changes += self._remove_files()
        threads = self._wait_for(self._new_threads)
        changes += [f"left the thread {thread.name} running" for thread in threads]
        return changes, undone and not threads

    def _new_threads(self):
        return [t for t in threading.enumerate() if t not in self._threads]

    def _new_children(self):
        known = self._children | _helpers()
        return [c for c in processes.children_of(getpid()) if c not in known]

    def _wait_for(self, find):
        deadline = monotonic() + GRACE_SECONDS
        found = find()
        while found and monotonic() < deadline:
            sleep(0.01)
            found = find()
        return found

    def _end_children(self):
        children = self._wait_for(self._new_children)
        changes = [
            f"left a child process running: {processes.command_of(child)}"
            for child in children
        ]
        while children:
            # The orphans of one that ends become our own children.
            for child in children:
                end_child(child)
            children = self._new_children()
        return changes

    def _remove_files(self):
        if not os.path.isdir(self._folder):
            os.makedirs(self._folder, exist_ok=True)
            return ["removed the temporary folder"]
        changes = []
        for name in sorted(_files_in(self._folder) - self._files):
            changes.append(f"left {name} in the temporary folder")
            path = os.path.join(self._folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.remove(path)
        return changes


def end_child(pid):
    """End a child of this process and its group, and nothing that is no child."""
    try:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            processes.kill_group(pid)
            os.waitpid(pid, 0)
    except ChildProcessError:
        pass  # none, or one that ended while nobody wants to hear of it


def _files_in(folder):
    try:
        return {n for n in os.listdir(folder) if not OF_TORCH_ITSELF.match(n)}
    except OSError:
        return set()


def _helpers():
    """Processes that multiprocessing keeps for as long as its process lives."""
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    server = sys.modules.get("multiprocessing.forkserver")
    found = {
        getattr(getattr(tracker, "_resource_tracker", None), "_pid", None),
        getattr(getattr(server, "_forkserver", None), "_forkserver_pid", None),
    }
    return found - {None}
