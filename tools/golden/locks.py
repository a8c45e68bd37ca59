"""Locks between processes that share a folder, one file each.

These are POSIX ``flock`` locks and not the ones of a library for two reasons:
an environment in use needs a *shared* lock, and a child process that inherits
the descriptor keeps the lock.  So when a process that makes an environment is
killed, the installer that it leaves behind is waited for, not raced with.  The
system drops a lock when its last holder ends, however it ends.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Hold the lock alone; yields its descriptor for ``pass_fds``.

    Calls ``on_wait`` once where another process has it, and then waits.
    """
    with path.open("a") as file:
        if not _try_lock(file.fileno()):
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextmanager
def exclusive_lock_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock alone where nobody has it; yields whether that is so."""
    with path.open("a") as file:
        yield _try_lock(file.fileno())


@contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Hold the lock together with others who share it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
