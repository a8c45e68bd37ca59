"""Which goldens a run reads, and how the driver tells a suite so."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common_golden import (
    Golden,
    GoldenError,
    GoldenFiles,
    Provenance,
    record_file,
    save_provenance,
)
from common_reading import VARIABLE, ReadingPlan, read_reading_plan

from tools.test.archives import archive
from tools.test.sample_suite import FILE, SampleSuiteTestCase


class Files(dict):
    """The files of a golden, kind to path."""

    path_of = dict.__getitem__


class TestReadingPlan(unittest.TestCase):
    """Which writers of a golden a run reads."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.missing = GoldenFiles(folder.name, "A.b", ("pt",))

    def files(self, *versions: int) -> dict:
        """A golden with a file of each version."""
        for version in versions:
            content = archive({"version": str(version)})
            (self.folder / str(version)).write_bytes(content)
        return Files(
            {str(n): str(self.folder / str(v)) for n, v in enumerate(versions)}
        )

    def chosen(
        self, goldens: dict, reader: str = "9.0.0", read: set | None = None, **plan
    ) -> str:
        """The writers that are read, separated by blanks."""
        plan = ReadingPlan(**{"quick": True, **plan})
        return " ".join(plan.choose(goldens, reader, set() if read is None else read))

    def of_versions(self, *versions: int) -> dict:
        """Goldens of 1.0.0, 1.1.0 ... with files of these versions."""
        return {f"1.{n}.0": self.files(v) for n, v in enumerate(versions)}

    def test_not_quick(self) -> None:
        """Without ``quick`` all are read that the range of writers has."""
        goldens = self.of_versions(1, 1, 1)

        self.assertEqual("1.0.0 1.1.0 1.2.0", self.chosen(goldens, quick=False))
        self.assertEqual("1.1.0", self.chosen(goldens, quick=False, writers="1.1.0"))

    def test_few(self) -> None:
        """A quick run reads the oldest, and one later writer."""
        self.assertEqual("1.0.0", self.chosen(self.of_versions(1)))
        self.assertEqual("1.0.0 1.1.0", self.chosen(self.of_versions(1, 1)))
        for versions in ((1, 1, 1, 1), (1, 2, 3, 4, 5, 6)):
            with self.subTest(versions):
                oldest, later = self.chosen(self.of_versions(*versions)).split()

                self.assertEqual("1.0.0", oldest)
                self.assertIn(later, [f"1.{n}.0" for n in range(1, len(versions))])

    def test_names_decide(self) -> None:
        """Goldens of many names together are read of all writers."""
        later = {self.later_of(name, 9) for name in range(100)}

        self.assertEqual({f"1.{n}.0" for n in range(1, 9)}, later)

    def test_more_writers(self) -> None:
        """With more writers the one that is read is the same, or a new one."""
        old, new = set(), set()
        for name in range(100):
            before, after = self.later_of(name, 9), self.later_of(name, 12)
            (old if before == after else new).add(after)

        self.assertEqual({f"1.{n}.0" for n in range(1, 9)}, old)
        self.assertEqual({f"1.{n}.0" for n in range(9, 12)}, new)

    def later_of(self, name: int, count: int) -> str:
        """The later writer that is read of a golden's ``count`` writers."""
        goldens = {f"1.{n}.0": self.files(name) for n in range(count)}
        return self.chosen(goldens).split()[1]

    def test_read_already(self) -> None:
        """Of later goldens of a test whose versions it has read, only the oldest."""
        read: set = set()

        for versions, expected in (
            ((1, 2), "1.0.0 1.1.0"),
            ((1, 2), "1.0.0"),
            ((2, 1), "1.0.0"),
            ((1, 3), "1.0.0 1.1.0"),
            ((2, 3), "1.0.0"),
        ):
            found = self.chosen(self.of_versions(*versions), read=read)
            self.assertEqual(expected, found)

    def test_any_file(self) -> None:
        """A golden is of a new version if any of its files is."""
        read: set = set()
        self.chosen({"1.0.0": self.files(1, 1), "1.1.0": self.files(2, 1)}, read=read)

        for versions, expected in (((2, 1), "1.0.0"), ((2, 2), "1.0.0 1.1.0")):
            goldens = {"1.0.0": self.files(1, 1), "1.1.0": self.files(*versions)}
            self.assertEqual(expected, self.chosen(goldens, read=read))

    def test_missing(self) -> None:
        """A missing file is of a version of its own: it is read, so that it fails."""
        read: set = set()
        self.chosen(self.of_versions(1, 1), read=read)
        goldens = {"1.0.0": self.files(1), "1.1.0": self.missing}

        self.assertEqual("1.0.0 1.1.0", self.chosen(goldens, read=read))

    def test_range(self) -> None:
        """The oldest is that of the range of writers."""
        goldens = self.of_versions(1, 2, 2, 2, 3)

        self.assertEqual("1.1.0 1.2.0", self.chosen(goldens, writers="1.1.0..1.2.0"))
        self.assertEqual("1.3.0 1.4.0", self.chosen(goldens, writers="1.3.0.."))
        self.assertEqual("", self.chosen(goldens, writers="2.0.0.."))

    def test_newer_writers(self) -> None:
        """Nothing newer than the reader is read, unless there is no other."""
        goldens = self.of_versions(1, 2, 2, 3, 3)

        self.assertEqual("1.0.0 1.1.0", self.chosen(goldens, "1.1.3+cpu"))
        self.assertEqual("1.0.0", self.chosen(goldens, "1.0.0"))
        self.assertEqual("1.4.0", self.chosen(goldens, "0.4.1"))

    def test_through_the_environment(self) -> None:
        """The plan that the environment holds is the one that was put there."""
        plan = ReadingPlan("1.3.1..", {"A.b": [{"writer": "1.3.1"}]}, quick=True)

        with mock.patch.dict(os.environ, plan.to_environment()):
            self.assertEqual(plan, read_reading_plan())

    def test_no_plan(self) -> None:
        """Without the variable everything is read; nonsense in it is an error."""
        for text, plan in (("", ReadingPlan()), ('{"quick": true}', None)):
            with mock.patch.dict(os.environ, {VARIABLE: text}):
                expected = plan or ReadingPlan(quick=True)
                self.assertEqual(expected, read_reading_plan())
        with mock.patch.dict(os.environ, {VARIABLE: '{"quik": 1}'}):
            with self.assertRaisesRegex(GoldenError, f"{VARIABLE} is not a plan"):
                read_reading_plan()


class TestQuickRun(SampleSuiteTestCase):
    """What a golden test reads in a quick run."""

    VERSIONS = {"1.0.0": 1, "1.1.0": 1, "1.2.0": 2, "1.3.0": 2, "1.4.0": 3}

    def setUp(self) -> None:
        super().setUp()
        for release, version in self.VERSIONS.items():
            self.write_golden(release, "TestSample.test_read_part", version)
        self.write_tests("""
    @golden(since="1.0.0", kinds=("pt",), subnames={"part": "1.0.0"})
    def test_read(self):
        read = lambda files: print("read", files["pt"])
        self.check_golden(None, {"pt": read}, "part")
        read = lambda files: print("again", files["pt"])
        with self.subTest(way="again"):
            self.check_golden(None, {"pt": read}, "part")
""")

    def path(self, release: str) -> str:
        return os.path.join(self.goldens, release, "TestSample.test_read_part.pt")

    def write_golden(self, release: str, name: str, version: int) -> None:
        os.makedirs(os.path.join(self.goldens, release))
        with open(self.path(release), "wb") as file:
            file.write(archive({"version": str(version)}))
        golden = Golden(run=0, seed=0, files={"pt": record_file(self.path(release))})
        provenance = Provenance(release).with_golden(name, {}, golden)
        save_provenance(os.path.join(self.goldens, release), provenance)

    def read(self, way: str = "read", quick: bool = True) -> tuple:
        """The releases that were read so, and what the run said."""
        env = {**os.environ, VARIABLE: json.dumps({"quick": quick})}
        run = subprocess.run(
            [sys.executable, FILE],
            cwd=self.root, env=env, capture_output=True, text=True,
        )  # fmt: skip
        lines = [line.split() for line in run.stdout.splitlines()]
        paths = [words[1] for words in lines if words[:1] == [way]]
        return [os.path.basename(os.path.dirname(path)) for path in paths], run.stderr

    def test_writers(self) -> None:
        """The oldest is read, and that on which the golden's name decides."""
        releases, errors = self.read()

        self.assertEqual(["1.0.0", "1.2.0"], releases, errors)
        self.assertIn("OK", errors)

    def test_other_way(self) -> None:
        """Another way of reading reads the oldest alone, and all in a full run."""
        self.assertEqual(["1.0.0"], self.read("again")[0])
        self.assertEqual(list(self.VERSIONS), self.read("again", quick=False)[0])

    def test_altered_and_missing_goldens(self) -> None:
        """A golden that is read fails if it is not as written."""
        with open(self.path("1.0.0"), "ab") as file:
            file.write(b"?")
        os.unlink(self.path("1.2.0"))

        _, errors = self.read()

        self.assertIn(f"{self.path('1.0.0')}: not the file that was written", errors)
        self.assertIn(f"{self.path('1.2.0')}: missing", errors)


if __name__ == "__main__":
    unittest.main()
