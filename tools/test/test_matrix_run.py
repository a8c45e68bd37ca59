"""``run`` reads what is missing, survives what goes wrong, also on a cluster."""

import contextlib
import io
import os
import signal
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from common_releases import ReleaseRange

from tools import TEST_FOLDER
from tools.golden.declared import list_suite
from tools.golden.environments import Environment, local_environment
from tools.golden.errors import GoldenToolError
from tools.matrix import reading, run, work
from tools.matrix.__main__ import main
from tools.matrix.cells import Cell
from tools.matrix.packing import pack, unpack
from tools.matrix.store import MatrixStore
from tools.testing.records import PASSED, SKIPPED

try:
    from distributed import LocalCluster
except ImportError:
    # Without Dask the name is that of test/distributed, which has no such thing.
    LocalCluster = None

# Quick to read, with goldens of many writers.
ONLY = "TestSerialization.test_linear*"
WRITERS = "1.7.1..1.8.1"


class RunTestCase(unittest.TestCase):
    """Runs the command with a store of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Importing all test files takes seconds, and each run would do it.
        listing = list_suite()
        listed = mock.patch.object(run, "list_suite", return_value=listing)
        listed.start()
        cls.addClassCleanup(listed.stop)

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = Path(folder.name, "matrix.sqlite")

    def run_matrix(self, *arguments: str, only: str = ONLY) -> tuple[int, str]:
        """Exit code and all that is printed."""
        output = io.StringIO()
        options = ["--store", str(self.store), "--writers", WRITERS, "--only", only]
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = main(["run", *options, *arguments])
        return code, output.getvalue()

    def cells(self) -> set[Cell]:
        with MatrixStore(self.store, create=False) as store:
            return set(store.cells())


class TestRun(RunTestCase):
    """Real readings with the torch that runs this."""

    def test_only_what_is_missing(self) -> None:
        """A second run reads nothing; what was forgotten is read again, no more."""
        code, output = self.run_matrix("--readers", "local")
        cells = self.cells()

        self.assertEqual(0, code, output)
        self.assertLess(8, sum(cell.state == PASSED for cell in cells))
        self.assertLessEqual(
            {cell.state for cell in cells}, {PASSED, SKIPPED, "failed"}
        )
        self.assertIn(f"{len(cells)} cells read, 0 units left", output)

        self.assertIn(" 0 cells read", self.run_matrix("--readers", "local")[1])

        with MatrixStore(self.store) as store:
            keys = {(c.file, c.test, c.writer) for c in cells}
            gone = next(key for key in sorted(keys) if key[2] == "1.8.1")
            store.forget_all_but(keys - {gone})
        again = sum((c.file, c.test, c.writer) == gone for c in cells)
        self.assertIn(f" {again} cells read", self.run_matrix("--readers", "local")[1])
        self.assertEqual(cells, self.cells())

    def test_test_that_is_not_there(self) -> None:
        """A test that the reader's torch does not have is skipped, and says so."""
        file = "test/quantization/bc/test_backward_compatibility.py"
        unit = reading.Unit("local", "*", ((file, "TestSerialization.test_no"),))

        (outcome,) = reading.read_unit(unit).outcomes

        self.assertEqual(SKIPPED, outcome.state)
        self.assertEqual("with torch local the file has no such test", outcome.message)

    def test_changed_golden(self) -> None:
        """A golden or source that changed is read again."""
        self.run_matrix("--readers", "local")
        find = run.find_targets

        def changed(*arguments):
            first, *others = find(*arguments)
            values = {**vars(first), "digest": "another"}
            return (type(first)(**values), *others)

        with mock.patch.object(run, "find_targets", changed):
            _, output = self.run_matrix("--readers", "local")

        self.assertNotIn(" 0 cells read", output)

    def test_goldens_that_are_gone(self) -> None:
        """A whole run forgets what it knew of them, one of a part does not."""
        gone = ("test/area/test_x.py", "TestX.test_y", "1.8.1")
        with MatrixStore(self.store) as store:
            store.save("2.0.1", {gone: "digest"}, [])
        targets = run.find_targets(
            run.declared_goldens(run.list_suite()),
            Path(TEST_FOLDER),
            ReleaseRange("1.8.1", "1.8.1"),
            "TestSerialization.test_linear",
        )
        with mock.patch.object(run, "find_targets", return_value=targets):
            self.run_matrix("--readers", "local")
            self.assertEqual(1, self.count_of(gone))
            with contextlib.redirect_stdout(io.StringIO()):
                main(["run", "--store", str(self.store), "--readers", "local"])
        self.assertEqual(0, self.count_of(gone))

    def count_of(self, key: tuple[str, str, str]) -> int:
        """How many readings of a target, of whichever reader, the store has."""
        with MatrixStore(self.store) as store:
            query = (
                "SELECT count(*) FROM readings r JOIN texts f ON f.id = r.file"
                " JOIN texts t ON t.id = r.test"
                " WHERE f.text = ? AND t.text = ? AND r.writer = ?"
            )
            return store._db.execute(query, key).fetchone()[0]

    def test_reader_that_cannot_be_installed(self) -> None:
        """One reader without an environment is told; the others are read."""

        @contextlib.contextmanager
        def environment_of(reader: str):
            if reader != "2.0.1":
                raise GoldenToolError(f"torch {reader}: no disk; free some")
            yield local_environment()

        with mock.patch.object(reading, "environment_of", environment_of):
            code, output = self.run_matrix("--readers", "1.13.1..2.0.1")

        self.assertEqual(2, code)
        self.assertIn("error: 1.13.1: torch 1.13.1: no disk; free some", output)
        self.assertEqual({"2.0.1"}, {cell.reader for cell in self.cells()})

    def test_torch_that_cannot_be_imported(self) -> None:
        """An environment whose torch is broken is told, and has no cells."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "torch.py").write_text("raise ImportError('no libcudart')")
            python = Path(folder, "python")
            python.write_text(
                f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n'
            )
            python.chmod(0o755)
            environment = Environment("2.0.1", python, None, None)
            opened = mock.patch.object(
                reading,
                "environment_of",
                lambda reader: contextlib.nullcontext(environment),
            )
            with opened:
                code, output = self.run_matrix("--readers", "2.0.1")

        self.assertEqual(2, code)
        self.assertIn("error: 2.0.1: torch 2.0.1: ", output)
        self.assertIn("no libcudart", output)
        self.assertEqual(set(), self.cells())

    def test_interrupted(self) -> None:
        """Ctrl-C keeps what was read; the same command goes on from there."""
        # Units of one test, so that some are done and some are not.
        with mock.patch.object(work, "UNIT_COST", 1):
            expected = self._read_elsewhere()
            keep = run._keep
            calls = []

            def keep_and_interrupt(*arguments):
                keep(*arguments)
                calls.append(arguments)
                if len(calls) == 2:
                    os.kill(os.getpid(), signal.SIGINT)

            with mock.patch.object(run, "_keep", keep_and_interrupt):
                code, output = self.run_matrix("--readers", "local", "-j", "1")
            self.assertEqual(130, code)
            self.assertIn("interrupted; the same command goes on from here", output)
            some = self.cells()
            self.assertLess(0, len(some))
            self.assertLess(len(some), len(expected))

            code, output = self.run_matrix("--readers", "local")
        self.assertEqual(0, code)
        self.assertEqual(expected, self.cells())

    def _read_elsewhere(self) -> set[Cell]:
        store, self.store = self.store, self.store.with_name("other.sqlite")
        self.run_matrix("--readers", "local")
        cells, self.store = self.cells(), store
        return cells

    def test_wrong_use(self) -> None:
        """Unknown readers, ranges, tests and numbers are told."""
        for options, words in (
            (("--readers", "0.4.1"), "no release of the table is in it"),
            (("--readers", "new"), "not a torch version"),
            (("-j", "0"), "-j 0: at least 1"),
            (("--scheduler", "tcp://127.0.0.1:1"), "--scheduler"),
        ):
            code, output = self.run_matrix("--readers", "local", *options)
            self.assertEqual(2, code, output)
            self.assertIn(words, output)
        code, output = self.run_matrix("--readers", "local", only="TestNothing")
        self.assertEqual(2, code)
        self.assertIn("no goldens of writers 1.7.1..1.8.1 match 'TestNothing'", output)


class TestPacking(unittest.TestCase):
    """A worker elsewhere gets what its unit needs, and no more."""

    def test_round_trip(self) -> None:
        """Sources, provenance, the goldens of the tests, and no other test's."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "test")
            release = root / "nn" / "serialized" / "1.0.1"
            release.mkdir(parents=True)
            pinned = root / "cpp" / "jit"
            pinned.mkdir(parents=True)
            for path in (
                root / "common_utils.py",
                root / "known_breaks.csv",
                release / "provenance.json",
                release / "A.test_one.module.pt",
                release / "A.test_one_more.module.pt",
                release / "A.test_two.module.pt",
                pinned / "script_module_v4.ptl",
            ):
                path.write_text(path.name)
            packed = pack(root, [("test/nn/test_a.py", "A.test_one")])
            target = Path(folder, "there")
            unpack(packed, str(target))
            found = {p.name: p.read_text() for p in target.rglob("*") if p.is_file()}

        self.assertNotIn("A.test_two.module.pt", found)
        self.assertEqual(6, len(found))
        self.assertEqual(set(found), set(found.values()))


@unittest.skipUnless(
    LocalCluster, "no Dask here (python -m pip install -e '.[cluster]')"
)
class TestCluster(RunTestCase):
    """The same cells on a Dask cluster of two workers."""

    @contextlib.contextmanager
    def cluster(self):
        with LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster:
            yield cluster

    def test_same_cells(self) -> None:
        """A cluster reads what threads read."""
        self.run_matrix("--readers", "local")
        expected, self.store = self.cells(), self.store.with_name("cluster.sqlite")
        with mock.patch.object(work, "UNIT_COST", 10), self.cluster() as cluster:
            code, output = self.run_matrix(
                "--readers", "local", "--scheduler", cluster.scheduler_address
            )

        self.assertEqual(0, code, output)
        self.assertEqual(expected, self.cells())

    def test_killed_worker(self) -> None:
        """A worker that dies halfway loses nothing but time."""
        self.run_matrix("--readers", "local")
        expected, self.store = self.cells(), self.store.with_name("cluster.sqlite")
        with mock.patch.object(work, "UNIT_COST", 10), self.cluster() as cluster:
            pids = [worker.pid for worker in cluster.workers.values()]
            kept = threading.Event()
            keep = run._keep

            def keep_and_tell(*arguments):
                keep(*arguments)
                kept.set()

            def kill() -> None:
                kept.wait(60)
                time.sleep(0.2)
                os.kill(pids[0], signal.SIGKILL)

            killer = threading.Thread(target=kill)
            killer.start()
            with mock.patch.object(run, "_keep", keep_and_tell):
                code, output = self.run_matrix(
                    "--readers", "local", "--scheduler", cluster.scheduler_address
                )
            killer.join()

        self.assertEqual(0, code, output)
        self.assertEqual(expected, self.cells())


if __name__ == "__main__":
    unittest.main()
