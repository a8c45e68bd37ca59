"""What the operating system is asked about processes, on both sides of the driver.

On Linux by prctl and /proc; elsewhere by psutil where it is installed, and else not
at all: each function says what it does then.  Standard library and Python 3.7.
"""

import ctypes
import os
import signal
import sys
from typing import List, Optional

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform.startswith("linux")


def die_with_parent(parent: int) -> None:
    """Have this process killed when the process ``parent``, its parent, ends.

    Where there is no prctl, whoever reads from the parent sees its end instead.
    """
    if LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call
            os._exit(0)


def outlive_parent() -> None:
    """Undo ``die_with_parent``."""
    if LINUX:
        _prctl(_PR_SET_PDEATHSIG, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, setsid or not.

    Without prctl they are out of reach.
    """
    if LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")


def thread_count() -> Optional[int]:
    """The threads of this process, those outside Python too; None if unknown."""
    if LINUX:
        return len(os.listdir("/proc/self/task"))
    psutil = _psutil()
    return psutil.Process().num_threads() if psutil else None


def children_of(pid: int) -> List[int]:
    """The running children of a process; none where that cannot be known."""
    if not LINUX:
        psutil = _psutil()
        if psutil is None or not psutil.pid_exists(pid):
            return []
        children = psutil.Process(pid).children()
        return [c.pid for c in children if c.status() != psutil.STATUS_ZOMBIE]
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass  # it ended meanwhile
    return [child for child in found if not _is_zombie(child)]


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def descendants_of(pid: int) -> List[int]:
    """The running children of a process, their children, and so on."""
    found, waiting = [], [pid]
    while waiting:
        children = children_of(waiting.pop())
        found += children
        waiting += children
    return found


def command_of(pid: int) -> str:
    """The command line of a process, or as much of it as can be known."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "backslashreplace").split("\0")
    except OSError:
        return f"process {pid}"
    return " ".join(words).strip()[:100] or f"process {pid}"


def kill_group(pid: int) -> None:
    """End a process and its process group, if they are still there."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nothing is left; macOS says so by the second


def resident_bytes(pid: int) -> Optional[int]:
    """The memory that a process and its descendants hold; None if unknown."""
    if not LINUX and _psutil() is None:
        return None
    return sum(_resident(each) for each in [pid] + descendants_of(pid))


def _resident(pid: int) -> int:
    if not LINUX:
        psutil = _psutil()
        return psutil.Process(pid).memory_info().rss if psutil.pid_exists(pid) else 0
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def available_bytes() -> Optional[int]:
    """The memory that this machine, or its control group, can still give."""
    found = []
    try:
        with open("/proc/meminfo") as file:
            values = dict(line.split(":") for line in file)
        found.append(int(values["MemAvailable"].split()[0]) << 10)
    except (OSError, KeyError):
        psutil = _psutil()
        if psutil is not None:
            found.append(psutil.virtual_memory().available)
    try:
        with open("/sys/fs/cgroup/memory.max") as limit:
            with open("/sys/fs/cgroup/memory.current") as current:
                found.append(int(limit.read()) - int(current.read()))
    except (OSError, ValueError):
        pass  # another version of cgroups, or "max"
    return min(found) if found else None


def _psutil():
    try:
        import psutil
    except ImportError:
        return None
    return psutil
