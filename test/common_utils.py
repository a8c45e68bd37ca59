"""Base of the suite's tests, and the manual for writing a golden test.

A golden test is an ordinary test method that is its own writer.  Run under an
old release in *writing mode* it builds an object, saves it, records the expected
values, and reads it back at once.  In *reading mode*, the default, it reads what
each release left behind, in one sub-test a writer, and compares:

    class TestModules(GoldenTestCase):
        @golden(since="1.0.0", kinds=("module.pt", "expected.npz"))
        def test_linear(self):
            \"\"\"A pickled Linear keeps its parameters and its output.\"\"\"
            x = torch.ones(2, 3)
            self.check_saved(
                "module.pt", torch.nn.Linear(3, 4), torch.save, load_golden,
                lambda module: [module.state_dict(), module(x)],
            )

What a test must know:

* ``since`` is the first release that can write the golden, ``until`` the last;
  a reader older than ``since`` skips the test.  Between them every writer must
  have written: a golden that is missing is a failure, never a skip.
* A *pinned* golden has one writer and the file name that PyTorch gave it.  With
  ``pinned=True`` each of the ``subnames`` is such a name, its release the writer, and
  the files ``<subname>.<kind>`` lie flat in ``golden_folder``.
* ``kinds`` are the endings of its files, ``<Class>.<test>[_<subname>].<kind>``;
  ``subnames`` where one test makes several goldens.  So a renamed test orphans
  its goldens; ``python -m tools.golden verify`` says which.
* Expected values come from the live object in the writer and lie in an ``.npz``
  (common_expected.py), never in the format under test.  They are compared bit
  by bit; a ``Tolerance`` is for what is computed and carries its reason.
* Random numbers are seeded from the test's identity before each test and write.
* Tests that save several files use ``check_golden(write, reads)`` instead.
* Write the goldens with ``python -m tools.golden write --only <test>``; a new
  release is added in ``tools/golden/releases.csv``.
* A test without goldens that torch is known to fail has its check within
  ``with self.judged():`` (common_judging.py), and a row in the ledger.

This module and the tests run on Python 3.7 with torch 1.0 and all that follow.
"""

import functools
import hashlib
import inspect
import os
import random
import unittest
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import numpy as np
import torch

from common_compat import (  # noqa: F401 - for the tests, which import all from here
    HardwareClassification,
    TestCase,
    ignore_announced_deprecations,
    import_first,
    load_golden,
    raise_on_run_directly,
    run_tests,
)
from common_expected import Tolerance, find_differences, save_expected
from common_golden import GoldenError, GoldenFiles, release_folders
from common_judging import LedgerMixin, identity_of
from common_ledger import one_line
from common_reading import ReadingPlan, read_reading_plan
from common_releases import ReleaseRange, parse_release
from common_writing import (
    GoldenRequest,
    read_writing_plan,
    record_fault,
    write_golden,
)

TEST_FOLDER = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True)
class GoldenSpec:
    """What a golden test declares of its goldens."""

    since: str
    until: Optional[str]
    kinds: Tuple[str, ...]
    # Subname to the first release that writes it, of a pinned golden to the only
    # one; None is the unnamed golden.
    subnames: Dict[Optional[str], str]
    # By subname, how a golden was made that no release writes by itself.
    notes: Dict[Optional[str], str]
    pinned: bool

    def writers(self, subname: Optional[str]) -> ReleaseRange:
        """The releases that write the golden ``subname``."""
        since = self.subnames[subname]
        return ReleaseRange(since, since if self.pinned else self.until)

    def to_json(self, test: "GoldenTestCase") -> dict:
        """What ``test`` declares, as plain data for the tools.

        ``folder`` is that of its goldens, relative to ``test/``; each golden has its
        name and the range of releases that write it.
        """
        folder = os.path.relpath(golden_folder(test), TEST_FOLDER)
        goldens = {
            golden_name(test, subname): asdict(self.writers(subname))
            for subname in self.subnames
        }
        return {
            "folder": folder.replace(os.sep, "/"),
            "goldens": goldens,
            "kinds": self.kinds,
            "pinned": self.pinned,
        }


def golden(
    since: str,
    kinds: Tuple[str, ...],
    until: Optional[str] = None,
    subnames: Optional[Dict[str, str]] = None,
    notes: Optional[Dict[Optional[str], str]] = None,
    pinned: bool = False,
) -> Callable:
    """Declare a golden test; see the module's docstring.

    ``since`` and ``until`` are releases (``"1.3.0"``), both included; ``subnames``
    maps each subname to the first release that can write it, with ``pinned`` to the
    only one; ``notes`` say, by subname, in the provenance how a file was made that no
    release writes by itself.
    """
    names = dict(subnames or {None: since})
    spec = GoldenSpec(since, until, tuple(kinds), names, dict(notes or {}), pinned)
    releases = ReleaseRange(since, until)

    def declare(method: Callable) -> Callable:
        @functools.wraps(method)
        def test(self: "GoldenTestCase") -> None:
            if parse_release(torch.__version__) < parse_release(since):
                self._skip_old(since)
            if WRITING and WRITING.release not in releases:
                self.skipTest(f"only {releases} write this golden")
            # The method runs twice when writing, so that what is read back goes
            # into an object that is not the one that was saved.
            for self.writing in (True, False) if WRITING else (False,):
                self.seed()
                method(self)

        test.golden = spec
        return test

    return declare


def identity_seed(identity: str) -> int:
    """The seed that belongs to a test's identity, the same everywhere."""
    return int(hashlib.sha256(identity.encode()).hexdigest()[:7], 16)


def golden_name(test: unittest.TestCase, subname: Optional[str] = None) -> str:
    """``Class.test[_subname]``, the name of a golden; a pinned one's is its subname."""
    if subname and test.golden_spec().pinned:
        return subname
    return identity_of(test) + (f"_{subname}" if subname else "")


def golden_folder(test: "GoldenTestCase") -> str:
    """Where the goldens of all releases lie: beside the file that defines the test."""
    beside = os.path.dirname(os.path.abspath(inspect.getfile(type(test))))
    folder = os.path.normpath(os.path.join(beside, test.golden_folder))
    if WRITING and WRITING.into:
        return os.path.join(WRITING.into, os.path.relpath(folder, TEST_FOLDER))
    return folder


def writer_folder(test: "GoldenTestCase", writer: str) -> str:
    """Where the goldens of the test lie that the release ``writer`` wrote."""
    folder = golden_folder(test)
    return folder if test.golden_spec().pinned else os.path.join(folder, writer)


def get_filenames(test: "GoldenTestCase", subname: Optional[str] = None) -> Mapping:
    """Kind to path, for the golden that ``test.writer`` wrote, hashes checked."""
    folder = writer_folder(test, test.writer)
    return GoldenFiles(folder, golden_name(test, subname), test.golden_spec().kinds)


WRITING = read_writing_plan()


class GoldenTestCase(LedgerMixin, TestCase):
    """Base class of tests that read goldens; the module's docstring says how."""

    hw_classification = HardwareClassification.GENERIC

    # Relative to the file that defines the class.
    golden_folder = "serialized"
    # The release whose golden is being read; set around each sub-test.
    writer: str = ""
    # Whether the test method runs in order to write, see ``golden``.
    writing = False

    def setUp(self) -> None:
        super().setUp()
        self.seed()
        # Kind and format version, see ReadingPlan.choose.
        self._versions_read: Set[Tuple[str, str]] = set()
        # A test asks for the same folders for each of its goldens.
        self._release_folders = functools.lru_cache(maxsize=None)(release_folders)

    def seed(self) -> int:
        """Seed from the test's identity; the seed.

        Reading takes other numbers than writing: a module built anew must not
        have by chance of the seed what it is about to load.
        """
        mode = "write" if self.writing else "read"
        seed = identity_seed(f"{mode} {identity_of(self)}")
        # Not torch.manual_seed, which seeds all devices and takes half a millisecond.
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        return seed

    def run(self, result: Optional[unittest.TestResult] = None) -> Any:
        threads = torch.get_num_threads()
        # Goldens are too small to share out: with two threads a run took three times
        # as long on two cores that had other work.
        torch.set_num_threads(1)
        try:
            with warnings.catch_warnings():
                ignore_announced_deprecations()
                return super().run(result)
        finally:
            torch.set_num_threads(threads)

    def golden_spec(self) -> GoldenSpec:
        """What the running test declared with ``@golden``."""
        return getattr(self, self._testMethodName).golden

    def check_saved(
        self,
        kind: str,
        value: Any,
        save: Callable[[Any, str], Any],
        load: Callable[[str], Any],
        observe: Callable[[Any], Any],
        tolerance: Optional[Tolerance] = None,
        subname: Optional[str] = None,
    ) -> None:
        """Check what ``save`` made of ``value``: it loads, and observes the same.

        ``save(value, path)`` and ``load(path)`` are the format under test, in the
        file ``kind``; ``observe`` turns an object into what is compared (tensors,
        numbers, strings and containers of them), kept in ``expected.npz``;
        ``subname`` is that of ``check_golden``.
        """

        def write(files: Dict[str, str]) -> None:
            save(value, files[kind])
            save_expected(files["expected.npz"], observe(value))

        def read(files: Mapping) -> None:
            found = observe(load(files[kind]))
            self.check_expected(files["expected.npz"], found, tolerance)

        self.check_golden(write, {kind: read}, subname)

    def check_expected(
        self,
        path: str,
        found: Any,
        tolerance: Optional[Tolerance] = None,
        part: Optional[str] = None,
    ) -> None:
        """Fail, saying where, if ``found`` is not the value kept in ``path``.

        ``part`` is the key to compare with, where the value kept is a dict.
        """
        differences = find_differences(path, found, tolerance, part)
        if differences:
            self.fail("\n".join(differences))

    def check_golden(
        self,
        write: Callable[[Dict[str, str]], None],
        reads: Dict[str, Callable[[Mapping], None]],
        subname: Optional[str] = None,
        since: Optional[str] = None,
    ) -> None:
        """Check one golden of this test, with every writer that has to have it.

        ``write(files)`` makes each declared file; each of ``reads`` loads the file
        that it stands for and compares, in a sub-test of its own, so that one
        failure hides no other.  All get a dict of kind to path.  ``since`` is the
        first writer of a file that can be read so, where not all can.
        """
        spec = self.golden_spec()
        if subname not in spec.subnames:
            raise GoldenError(
                f"{identity_of(self)}: subname {subname!r} is not declared in "
                "@golden(subnames=...)"
            )
        if WRITING and WRITING.release not in spec.writers(subname):
            return  # a golden of other releases
        if self.writing:
            self._write(write, subname)
            return
        outer = dict(self._subtest.params) if self._subtest else {}
        # Each time: the driver's workers are told anew for each job.
        plan = read_reading_plan()
        for writer in self._writers(subname, plan, tuple(reads), ReleaseRange(since)):
            for kind, read in reads.items():
                own = {"writer": writer, "file": kind}
                if subname:
                    own["subname"] = subname
                if plan.has_finished(identity_of(self), {**outer, **own}):
                    continue
                with self.subTest(**own), self._cell(golden_name(self, subname), own):
                    read(get_filenames(self, subname))

    def has_subname(self, subname: str) -> bool:
        """Whether this torch has what the golden ``subname`` needs; if not, a skip."""
        since = self.golden_spec().subnames[subname]
        if parse_release(torch.__version__) >= parse_release(since):
            return True
        with self.subTest(subname=subname):
            self._skip_old(since)
        return False

    def _skip_old(self, since: str) -> None:
        self.skipTest(
            f"torch {torch.__version__} lacks what this needs (since {since})"
        )

    def _writers(
        self,
        subname: Optional[str],
        plan: ReadingPlan,
        kinds: Tuple[str, ...],
        readable: ReleaseRange,
    ) -> List[str]:
        """The releases of whose golden this run reads ``kinds``, oldest first."""
        if WRITING:
            return [WRITING.release] if WRITING.release in readable else []
        spec, folder = self.golden_spec(), golden_folder(self)
        releases, name = spec.writers(subname), golden_name(self, subname)
        if spec.pinned:
            folders = {spec.subnames[subname]: folder}
        else:
            folders = self._release_folders(folder)
        goldens = {
            writer: GoldenFiles(place, name, kinds)
            for writer, place in folders.items()
            if writer in releases
        }
        if not goldens:
            raise GoldenError(
                f"{folder}: no goldens for {identity_of(self)}; write them with "
                f"python -m tools.golden write --only {identity_of(self)}"
            )
        goldens = {w: files for w, files in goldens.items() if w in readable}
        return plan.choose(goldens, torch.__version__, self._versions_read)

    @contextmanager
    def _cell(self, name: str, parameters: Dict[str, str]) -> Iterator[None]:
        """One file of a golden read by this torch: judge failure by the ledger."""
        self.writer = writer = parameters["writer"]
        try:
            # A writer that fails to read what it wrote is told so, whatever is listed.
            with self.judged(writer, rows=() if WRITING else None):
                try:
                    yield
                except (unittest.SkipTest, GoldenError):
                    raise
                except Exception as error:
                    if WRITING:
                        folder = writer_folder(self, writer)
                        record_fault(folder, name, parameters["file"], one_line(error))
                    raise
        finally:
            self.writer = ""

    def _write(self, write: Callable, subname: Optional[str]) -> None:
        """Write the golden ``subname`` of this test, unless it is there."""
        spec = self.golden_spec()

        def seed_and_write(files: Dict[str, str]) -> int:
            # Once more: a golden is the same whether those before it were there or not.
            seed = self.seed()
            write(files)
            return seed

        golden = GoldenRequest(
            folder=writer_folder(self, WRITING.release),
            name=golden_name(self, subname),
            kinds=spec.kinds,
            note=spec.notes.get(subname),
            test_path=inspect.getfile(type(self)),
        )
        write_golden(WRITING, golden, seed_and_write)
