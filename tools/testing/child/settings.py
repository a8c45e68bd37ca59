"""Values that a test may leave changed: how they are read, told and put back."""

import builtins
import errno
import json
import os
import re
import resource
import signal
import sys
import sysconfig
import time
import warnings
from functools import partial

# Caches that torch's compilers make for their process when they are first imported.
OF_TORCH_ITSELF = re.compile("torchinductor_|TORCHINDUCTOR_CACHE_DIR|TRITON_CACHE_DIR")

# Below these are installed libraries; the folders themselves are not.
_LIBRARIES = tuple(
    sysconfig.get_paths()[name] + os.sep for name in ("purelib", "platlib")
)

# Modules that the driver's own part of the process lives on, as tests do.
_MODULES = (builtins, json, os, time)
_STREAMS = ("stdin", "stdout", "stderr")
_STANDARD = (0, 1, 2)  # descriptors
_LIMITS = ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_STACK")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE")


def describe(name, before, now):
    """A sentence on how the value of this name has changed."""
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


def _library():
    return {
        f"{module.__name__}.{name}": value
        for module in _MODULES
        for name, value in vars(module).items()
        if name != "_"  # the last value that doctest displayed
    }


def _set_library(before):
    for name, value in before.items():
        module, _, attribute = name.partition(".")
        setattr(sys.modules[module], attribute, value)


def _streams():
    return {f"sys.{name}": _open_stream(getattr(sys, name)) for name in _STREAMS}


def _open_stream(stream):
    return None if getattr(stream, "closed", False) else stream


def _set_streams(before):
    for name, stream in before.items():
        if _open_stream(stream) is not stream:
            raise ValueError(f"{name} is closed")
        setattr(sys, name.partition(".")[2], stream)


def _descriptors():
    return {str(descriptor): _place(descriptor) for descriptor in _STANDARD}


def _place(descriptor):
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_lost(before):
    raise OSError("what was there is lost")


def _room():
    try:
        os.close(os.dup(_STANDARD[0]))
    except OSError as error:
        return "none" if error.errno == errno.EMFILE else "some"
    return "some"


def _limits():
    return {name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS}


def _set_limits(before):
    for name, limits in before.items():
        resource.setrlimit(getattr(resource, name), limits)


def _handlers():
    return {name: _handler(getattr(signal, name)) for name in _SIGNALS}


def _handler(number):
    handler = signal.getsignal(number)
    # Loading data with workers makes torch take SIGCHLD, once and for good.
    of_torch = str(getattr(handler, "__module__", "")).startswith("torch.")
    return signal.SIG_DFL if of_torch else handler


def _set_handlers(before):
    for name, handler in before.items():
        if _handler(getattr(signal, name)) != handler:
            signal.signal(getattr(signal, name), handler)


def _alarm():
    return "set" if any(signal.getitimer(signal.ITIMER_REAL)) else "not set"


def _set_alarm(before):
    if before == "not set":
        signal.setitimer(signal.ITIMER_REAL, 0)


def _blocked():
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return [each.name for each in signal.Signals if each in blocked]


def _set_blocked(before):
    numbers = [getattr(signal, name) for name in before]
    signal.pthread_sigmask(signal.SIG_SETMASK, numbers)


def _working_directory():
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "a removed folder"


def _environment():
    return {n: v for n, v in os.environ.items() if not OF_TORCH_ITSELF.match(n)}


def _set_environment(before):
    for name in set(_environment()) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _filters():
    # A library that is first imported in a test adds some for its own categories.
    return [each for each in warnings.filters if each[2].__module__ == "builtins"]


def _set_filters(before):
    others = [each for each in warnings.filters if each[2].__module__ != "builtins"]
    # It also makes the interpreter forget what it decided by the filters until now.
    warnings.resetwarnings()
    warnings.filters[:] = others + before


def _path():
    return [each for each in sys.path if not _is_of_library(each)]


def set_path(path):
    """Make this ``sys.path``, but for what installed libraries have added.

    One that is first imported in a test may add folders of its own, as setuptools
    does, and needs them from then on.
    """
    added = [each for each in sys.path if _is_of_library(each) and each not in path]
    sys.path[:] = path + added


def _is_of_library(folder):
    return str(folder).startswith(_LIBRARIES)


# What it is called: how it is read, and how it is put back.  The library comes first:
# the others need it.
VALUES = {
    "the standard library": (_library, _set_library),
    "the standard streams": (_streams, _set_streams),
    "the standard descriptors": (_descriptors, _is_lost),
    "the room for open files": (_room, _is_lost),
    "resource limits": (_limits, _set_limits),
    "signal handlers": (_handlers, _set_handlers),
    "blocked signals": (_blocked, _set_blocked),
    "the alarm timer": (_alarm, _set_alarm),
    "the working directory": (_working_directory, os.chdir),
    "os.environ": (_environment, _set_environment),
    "sys.path": (_path, set_path),
    "warnings.filters": (_filters, _set_filters),
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
            VALUES[name] = (
                partial(getattr, holder, attribute),
                partial(setattr, holder, attribute),
            )
        else:
            VALUES[name] = getattr(holder, attribute), getattr(holder, setter)
