"""Importing test files, and telling what tests they hold."""

import importlib.util
import os
import sys
import traceback
import types
import unittest
from time import perf_counter

from child.recorder import one_line, test_name
from child.settings import set_path
from records import AT, ERROR, LISTED, OUTCOME, SKIPPED, Outcome


class Loaded:
    """The test files that this process, or one it was forked from, has imported.

    Each sees the modules beside it under their bare names, as when it is run by
    itself: files of the same name in two folders do not get in each other's way.
    One that changes the working directory, or ``sys.path``, does so for itself.
    """

    def __init__(self, test_folder):
        self._root = os.getcwd()
        self._test_folder = os.path.abspath(test_folder)
        self._base_path = list(sys.path)
        self._files = {}
        self._inherited = {}  # of another process: module to what is in it

    def inherit(self):
        """Leave the end of what there is so far to the process that imported it."""
        self._inherited = {each: dict(vars(each)) for each in self._modules()}

    def module(self, file):
        """The module of a test file, imported unless it was; raises what that does."""
        if file not in self._files:
            self._files[file] = self._import(file)
        module, folder, path, neighbours = self._files[file]
        os.chdir(folder)
        set_path(path)
        sys.argv = [module.__file__]
        sys.modules.update(neighbours)
        return module

    def _import(self, file):
        before = set(sys.modules)
        path = os.path.join(self._root, file)
        name = os.path.splitext(os.path.basename(path))[0]
        set_path([os.path.dirname(path), self._test_folder] + self._base_path)
        # Some releases' test helpers read the command line when they are imported.
        sys.argv = [path]
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        # Pickle looks for the classes of a module here.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
            folder = os.getcwd()
        except BaseException:
            self._set_apart(path, before)
            raise
        return module, folder, list(sys.path), self._neighbours(path, before)

    def set_apart(self, file):
        """Take away what only this file may see under its bare name."""
        if file in self._files:
            for name in self._files[file][-1]:
                sys.modules.pop(name, None)
        self._reset()

    def clear(self):
        """Let go of all that lives in the modules, as the end of Python does.

        Modules, classes and functions go last: what else there is may need them.
        """
        needed = (types.ModuleType, types.FunctionType, type)
        for each in self._modules():
            inherited = self._inherited.get(each, {})
            for name, value in list(vars(each).items()):
                kept = isinstance(value, needed) or inherited.get(name) is value
                if not (kept or name.startswith("__")):
                    vars(each).pop(name, None)
        for each in self._modules():
            if each not in self._inherited:
                vars(each).clear()
        self._files.clear()

    def _modules(self):
        return [
            each
            for module, *_, neighbours in self._files.values()
            for each in (module, *neighbours.values())
        ]

    def _set_apart(self, path, before):
        for name in self._neighbours(path, before):
            del sys.modules[name]
        self._reset()

    def _reset(self):
        os.chdir(self._root)
        set_path(self._base_path)

    def _neighbours(self, path, before):
        """The file's own module and those from its folder, by name."""
        folder = os.path.dirname(path)
        own = os.path.splitext(os.path.basename(path))[0]
        found = {own: sys.modules[own]} if own in sys.modules else {}
        if folder != self._test_folder:
            for name in set(sys.modules) - before:
                origin = getattr(sys.modules[name], "__file__", None) or ""
                if os.path.abspath(origin).startswith(folder + os.sep):
                    found[name] = sys.modules[name]
        return found


def tests_of(module):
    """The tests of a module, in unittest's order."""
    stack = [unittest.defaultTestLoader.loadTestsFromModule(module)]
    while stack:
        item = stack.pop()
        if isinstance(item, unittest.TestSuite):
            stack.extend(reversed(list(item)))
        else:
            yield item


def list_file(file, loaded, send):
    """Import a file and tell its tests, or why it cannot be imported."""
    send(AT, file=file, test="", parameters={}, printed=0)
    began = perf_counter()
    try:
        for test in tests_of(loaded.module(file)):
            send(
                LISTED,
                file=file,
                test=test_name(test),
                defined=_defining_file(test) or file,
                golden=_golden(test),
            )
    except BaseException as error:  # noqa: B036 - it costs this file alone
        seconds = perf_counter() - began
        send(OUTCOME, outcome=import_outcome(file, "", error, seconds), printed=[0, 0])
    finally:
        loaded.set_apart(file)


def _defining_file(test):
    module = sys.modules.get(type(test).__module__)
    path = getattr(module, "__file__", None)
    return os.path.relpath(path).replace(os.sep, "/") if path else None


def _golden(test):
    """What the test declares of its goldens (``golden.to_json``), or None."""
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    golden = getattr(method, "golden", None)
    return None if golden is None else golden.to_json(test)


def import_outcome(file, test, error, seconds=0.0):
    """The outcome, as JSON, of what cannot be imported because of ``error``."""
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
        seconds=seconds,
    ).to_json()


def _is_machinery(filename):
    return filename == __file__ or filename.startswith("<frozen importlib")
