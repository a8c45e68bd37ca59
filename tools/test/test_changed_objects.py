"""The checks of the wider corpus fail on an object that is not what was saved.

The loaders of torch return objects that were changed: values, shapes, strides, classes,
names and so on (loaded_changes.py).  Then of each golden file a check fails, unless the
area says here why the change means nothing to it.
"""

import contextlib
import fnmatch
import importlib.util
import io
import os
import sys
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from common_reading import ReadingPlan

from tools import TEST_FOLDER
from tools.test.loaded_changes import (
    OF_TABLES,
    OF_TENSORS,
    changed_checkpoints,
    changed_loading,
    changed_programs,
)

CHANGES = (*OF_TENSORS, *OF_TABLES, "sharing")


@dataclass(frozen=True)
class Area:
    """Tests of one folder, and what they are right not to notice.

    ``tests`` are globs of ``Class.test``; ``unnoticed`` has globs of
    ``change: Class.test (parameters)``, each with its reason.
    """

    folder: str
    tests: tuple[str, ...]
    changes: tuple[str, ...] = CHANGES
    unnoticed: dict[str, str] = field(default_factory=dict)
    loading: Callable = changed_loading
    writer: str = "2.6.0"


class FileResult(unittest.TestResult):
    """Of each file of each golden whether a check passed, and whether one failed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.unchanged: set[str] = set()

    def addSkip(self, test, reason) -> None:
        """Nothing in the file could be changed."""
        if "writer" in getattr(test, "params", ()):
            self.unchanged.add(_file_of(test.test_case, test))

    def addSubTest(self, test, subtest, err) -> None:
        """A cell, or something around cells."""
        if "writer" in subtest.params:
            (self.passed if err is None else self.failed).add(_file_of(test, subtest))

    def addKnownBreak(self, subtest, message, row) -> None:
        """The cell fails without any change: it tells nothing."""
        self.failed.add(_file_of(subtest.test_case, subtest))

    def unnoticed(self) -> set[str]:
        """The files of which no check failed."""
        return self.passed - self.failed - self.unchanged


def _file_of(test: unittest.TestCase, subtest) -> str:
    parameters = {
        name: value
        for name, value in subtest.params.items()
        if name not in ("writer", "part", "loader", "engine")
    }
    values = ", ".join(f"{k}={v}" for k, v in sorted(parameters.items()))
    return f"{type(test).__name__}.{test._testMethodName} ({values})"


def tests_of(area: Area) -> Iterator[unittest.TestCase]:
    """The area's golden tests."""
    for path in sorted(Path(TEST_FOLDER, area.folder).glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        # Its tests are pickled by the module's name.
        sys.modules.setdefault(path.stem, module)
        spec.loader.exec_module(module)
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
            for test in suite:
                name = f"{type(test).__name__}.{test._testMethodName}"
                is_golden = hasattr(getattr(test, test._testMethodName), "golden")
                if is_golden and any(fnmatch.fnmatch(name, g) for g in area.tests):
                    yield test


class TestChangedObjects(unittest.TestCase):
    """Changes of what is loaded are noticed."""

    def check(self, area: Area) -> None:
        path, modules = list(sys.path), set(sys.modules)
        self.addCleanup(sys.path.__setitem__, slice(None), path)
        tests = list(tests_of(area))
        for name in set(sys.modules) - modules:
            if name.startswith("test_"):
                self.addCleanup(sys.modules.pop, name, None)
        self.assertGreater(len(tests), 0)
        for change in area.changes:
            with self.subTest(change=change):
                result = self.result_of(tests, area.writer, area.loading(change))
                unnoticed = {f"{change}: {name}" for name in result.unnoticed()}
                self.assertGreater(len(result.failed), 0)
                self.assertEqual(
                    set(),
                    {
                        name
                        for name in unnoticed
                        if not any(fnmatch.fnmatch(name, g) for g in area.unnoticed)
                    },
                )

    def result_of(
        self,
        tests: list[unittest.TestCase],
        writer: str,
        loading: contextlib.AbstractContextManager,
    ) -> FileResult:
        result = FileResult()
        plan = ReadingPlan(writers=writer).to_environment()
        with (
            mock.patch.dict(os.environ, plan),
            loading,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            unittest.TestSuite(tests).run(result)
            # A suite forgets its tests once they ran.
        return result

    def test_serialization(self) -> None:
        """Tensors of every kind, read as a whole, with weights_only and with mmap."""
        refused = "weights_only refuses it, whatever it holds"
        unnoticed = {
            "*: TestTensors.test_uninitialized_*load=weights_only*": refused,
            "shape: TestTensors.test_uninitialized_parameters*": "it has none yet",
        }
        self.check(Area("serialization", ("TestTensors.*",), CHANGES, unnoticed))

    def test_nn(self) -> None:
        """Modules, whole and their states."""
        tests = ("Linear", "LSTM", "Conv2d", "BatchNorm2d", "Sequential", "Module")
        unnoticed = {
            "*variant=empty)": "there is nothing in it",
            "dtype: *variant=double)": "the change is one of float32 alone",
            "order: *state_dict.pt.gz, variant=groups)": "it has one entry",
            "order: *state_dict.pt.gz, variant=unbiased)": "it has one entry",
            "sharing: *variant=plain)": "nothing in it is shared",
        }
        names = tuple(f"TestModules.test_{name}" for name in tests)
        self.check(Area("nn", names, CHANGES, unnoticed))

    def test_optim(self) -> None:
        """Optimizers and averaged models."""
        tests = ("TestOptim.test_Adam", "TestOptim.test_SGD", "TestSwa*.test_buffers")
        # None of their tensors share a storage.
        self.check(Area("optim", tests, CHANGES[:-1]))

    def test_checkpoints(self) -> None:
        """Distributed checkpoints."""
        tests = ("TestCheckpoint.*", "TestNestedCheckpoint.test_nested")
        self.check(Area("distributed/checkpoint", tests, loading=changed_checkpoints))

    def test_programs(self) -> None:
        """Exported programs."""
        tests = ("TestExportedModules.*",)
        unnoticed = {"order: *test_constants*": "constants are found by their names"}
        self.check(
            Area(
                "export",
                tests,
                unnoticed=unnoticed,
                loading=changed_programs,
                # The torch under test refuses programs of most releases before.
                writer="2.13.0",
            )
        )


if __name__ == "__main__":
    unittest.main()
