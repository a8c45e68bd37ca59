"""What a test may leave behind in its process, or in the world.

``Watch`` notes the surroundings before a test, tells afterwards what has changed,
and puts it back, so that the tests that follow find what they would find alone.
"""

import os
import re
import shutil
import sys
import tempfile
import threading
import time
import warnings
from functools import partial

import processes

GRACE_SECONDS = 0.5  # for threads and child processes that are about to end

# Caches that torch's compilers make for their process when they are first imported.
_OF_TORCH_ITSELF = re.compile("torchinductor_|TORCHINDUCTOR_CACHE_DIR|TRITON_CACHE_DIR")


class Watch:
    """The surroundings as they are now."""

    def __init__(self):
        self._values = {name: read() for name, (read, _) in _VALUES.items()}
        self._threads = set(threading.enumerate())
        self._children = set(processes.children_of(os.getpid()))
        self._folder = tempfile.gettempdir()
        self._files = _files_in(self._folder)

    def restore(self):
        """Sentences on what has changed, and whether all of it could be undone."""
        changes, undone = [], True
        for name, (read, write) in _VALUES.items():
            before, now = self._values[name], read()
            if now != before:
                changes.append(_describe(name, before, now))
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
        return [c for c in processes.children_of(os.getpid()) if c not in known]

    def _wait_for(self, find):
        deadline = time.monotonic() + GRACE_SECONDS
        found = find()
        while found and time.monotonic() < deadline:
            time.sleep(0.01)
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
                processes.kill_group(child)
                os.waitpid(child, 0)
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


def _files_in(folder):
    try:
        return {n for n in os.listdir(folder) if not _OF_TORCH_ITSELF.match(n)}
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


def _describe(name, before, now):
    if isinstance(before, dict):
        names = sorted(
            key for key in set(before) | set(now) if before.get(key) != now.get(key)
        )
        return f"changed {name}: {', '.join(names)}"
    if isinstance(before, (list, tuple)):
        new = [each for each in now if each not in before]
        gone = [each for each in before if each not in now]
        told = [f"+{each}" for each in new] + [f"-{each}" for each in gone]
        return f"changed {name}: {', '.join(told) or 'order'}"
    return f"changed {name} from {before} to {now}"


def _working_directory():
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "a removed folder"


def _environment():
    return {n: v for n, v in os.environ.items() if not _OF_TORCH_ITSELF.match(n)}


def _set_environment(before):
    for name in set(_environment()) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _set_filters(before):
    # It also makes the interpreter forget what it decided by the filters until now.
    warnings.resetwarnings()
    warnings.filters[:] = before


def _set_path(before):
    sys.path[:] = before


# What it is called: how it is read, and how it is put back.
_VALUES = {
    "the working directory": (_working_directory, os.chdir),
    "os.environ": (_environment, _set_environment),
    "sys.path": (lambda: list(sys.path), _set_path),
    "warnings.filters": (lambda: list(warnings.filters), _set_filters),
}


_SETTINGS = (
    ("the default dtype", "get_default_dtype", "set_default_dtype"),
    ("the number of threads", "get_num_threads", "set_num_threads"),
    ("gradient mode", "is_grad_enabled", "set_grad_enabled"),
    (
        "deterministic algorithms",
        "are_deterministic_algorithms_enabled",
        "use_deterministic_algorithms",
    ),
    ("cudnn.deterministic", "backends.cudnn.deterministic", None),
    ("cudnn.benchmark", "backends.cudnn.benchmark", None),
    (
        "deterministic.fill_uninitialized_memory",
        "utils.deterministic.fill_uninitialized_memory",
        None,
    ),
)


def watch_torch(torch):
    """Watch these settings of torch, too: those that this release has."""
    for name, place, setter in _SETTINGS:
        holder, attribute = torch, place
        while "." in attribute:
            first, _, attribute = attribute.partition(".")
            holder = getattr(holder, first, None)
        if not hasattr(holder, attribute):
            continue
        if setter is None:
            _VALUES[name] = (
                partial(getattr, holder, attribute),
                partial(setattr, holder, attribute),
            )
        else:
            _VALUES[name] = getattr(holder, attribute), getattr(holder, setter)
