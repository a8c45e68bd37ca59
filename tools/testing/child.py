"""The script that runs in the interpreter under test.

    python child.py --fd N --path FOLDER list FILE...
    python child.py --fd N --path FOLDER run FILE TEST...

FOLDER is the tree's test folder.  What there is to say goes as JSON lines (see
records.py) to the open descriptor N, never to stdout, which belongs to the tests.
Runs on Python 3.7 with torch 1.0.
"""

import argparse
import faulthandler
import importlib.util
import json
import os
import platform
import signal
import sys
import traceback
import unittest

# Siblings, found because this file is a script: see _leave_no_trace.
from recorder import AnnouncingSuite, Recorder, one_line, test_name, watched_subtests
from records import (
    AT,
    DONE,
    END,
    ERROR,
    LISTED,
    NO_TORCH,
    OUTCOME,
    SKIPPED,
    TORCH,
    Outcome,
)

EXIT_UNHEARD = 70


class Channel:
    """The descriptor on which the driver listens."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._process = os.getpid()
        os.set_inheritable(descriptor, False)

    def send(self, event, **fields):
        """Write one record, at once: the next moment may be a crash."""
        if os.getpid() != self._process:
            return  # A test forked, and its child ran on into our code.
        line = json.dumps(dict(fields, event=event)).encode("ascii") + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            # The driver is gone, or a test closed the descriptor.
            print(f"the driver cannot be told of {event!r}: {error}", file=sys.stderr)
            sys.stderr.flush()
            os._exit(EXIT_UNHEARD)


def main(arguments):
    """Do what the driver asks; how tests end is told in records only."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("command", choices=("list", "run"))
    parser.add_argument("file")
    parser.add_argument("names", nargs="*", metavar="file or test")
    options = parser.parse_args(arguments)
    channel = Channel(options.fd)
    _leave_no_trace()
    _prepare_for_crashes()
    if _report_torch(channel.send):
        if options.command == "list":
            for file in [options.file] + options.names:
                list_file(file, options.path, channel.send)
        else:
            run_tests(options.file, options.names, options.path, channel.send)
    channel.send(END)


def _leave_no_trace():
    """Hide the driver's modules and arguments from what tests see."""
    del sys.path[0]
    for name in ("recorder", "records"):
        del sys.modules[name]


def _prepare_for_crashes():
    """Have a crash, or the driver's signal to a hung child, print where it was."""
    faulthandler.enable()
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1)
    try:
        import resource

        # No core files all over the tree.
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    except (ImportError, ValueError, OSError):
        pass


def _report_torch(send):
    """Say which torch this is; whether there is one."""
    python = platform.python_version()
    try:
        import torch
    except BaseException as error:  # noqa: B036 - whatever it is, there is no torch
        send(NO_TORCH, message=one_line(error), python=python)
        return False
    found = {
        "version": str(getattr(torch, "__version__", "without a version")),
        "git_version": getattr(getattr(torch, "version", None), "git_version", None),
        "folder": os.path.dirname(getattr(torch, "__file__", None) or ""),
        "python": python,
    }
    send(TORCH, torch=found)
    return True


def import_file(file, test_folder):
    """Import a test file as running it would: named by its stem, its folder first."""
    path = os.path.abspath(file)
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path[:0] = [os.path.dirname(path), os.path.abspath(test_folder)]
    # Some releases' test helpers read the command line when they are imported.
    sys.argv = [path]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    # Pickle looks for the classes of a module here.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def tests_of(module):
    """The tests of a module, in unittest's order."""
    stack = [unittest.defaultTestLoader.loadTestsFromModule(module)]
    while stack:
        item = stack.pop()
        if isinstance(item, unittest.TestSuite):
            stack.extend(reversed(list(item)))
        else:
            yield item


def list_file(file, test_folder, send):
    """Tell the tests of a file, or why it cannot be imported."""
    send(AT, file=file, test="", parameters={})
    path, modules = list(sys.path), set(sys.modules)
    try:
        for test in tests_of(import_file(file, test_folder)):
            send(
                LISTED,
                file=file,
                test=test_name(test),
                defined=_defining_file(test) or file,
                golden=_golden(test),
            )
    except BaseException as error:  # noqa: B036 - it costs this file alone
        send(OUTCOME, outcome=_import_outcome(file, "", error))
    finally:
        sys.path[:] = path
        _forget_neighbours(file, test_folder, set(sys.modules) - modules)


def _defining_file(test):
    module = sys.modules.get(type(test).__module__)
    path = getattr(module, "__file__", None)
    return os.path.relpath(path).replace(os.sep, "/") if path else None


def _golden(test):
    """What the test declares of its goldens (``golden.to_json``), or None."""
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    golden = getattr(method, "golden", None)
    return None if golden is None else golden.to_json(test)


def _forget_neighbours(file, test_folder, names):
    """Forget modules from the file's own folder: the next file may have others
    of the same name beside it."""
    folder = os.path.dirname(os.path.abspath(file))
    shared = folder == os.path.abspath(test_folder)
    sys.modules.pop(os.path.splitext(os.path.basename(file))[0], None)
    for name in () if shared else names:
        origin = getattr(sys.modules.get(name), "__file__", None) or ""
        if os.path.abspath(origin).startswith(folder + os.sep):
            del sys.modules[name]


def _import_outcome(file, test, error):
    skipped = isinstance(error, unittest.SkipTest)
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace)
    return Outcome(
        file,
        test,
        SKIPPED if skipped else ERROR,
        message=str(error) if skipped else one_line(error),
        traceback="" if skipped else "".join(lines),
    ).to_json()


def _is_machinery(filename):
    return filename == __file__ or filename.startswith("<frozen importlib")


def run_tests(file, names, test_folder, send):
    """Run the named tests of a file, and tell what becomes of them."""
    send(AT, file=file, test="", parameters={})
    try:
        tests = list(tests_of(import_file(file, test_folder)))
    except BaseException as error:  # noqa: B036 - it is the outcome of each test
        for name in names:
            send(OUTCOME, outcome=_import_outcome(file, name, error))
            send(DONE, test=name)
        return
    for name in sorted(set(names) - {test_name(test) for test in tests}):
        error = LookupError(f"{file} has no test {name}")
        send(OUTCOME, outcome=_import_outcome(file, name, error))
        send(DONE, test=name)
    wanted = [test for test in tests if test_name(test) in set(names)]
    recorder = Recorder(send, file, wanted)
    with watched_subtests(recorder):
        AnnouncingSuite(wanted).run(recorder)


if __name__ == "__main__":
    main(sys.argv[1:])
