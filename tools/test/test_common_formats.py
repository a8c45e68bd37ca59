"""Format versions told from bytes, and the writers that a quick run reads."""

import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from common_formats import LEGACY_MAGIC, UNKNOWN, format_version
from common_golden import (
    Golden,
    GoldenError,
    GoldenFiles,
    Provenance,
    record_file,
    save_provenance,
)
from common_reading import VARIABLE, ReadingPlan, read_reading_plan

from tools import TEST_FOLDER
from tools.test.sample_suite import FILE, SampleSuiteTestCase

QUANTIZATION = Path(TEST_FOLDER) / "quantization" / "serialized"
# The first bytes of a flatbuffer of torch 2.13, to the end of its bytecode version.
FLATBUFFER = bytes.fromhex(
    "24000000 50544d46 1c003400 04000800 0c001000 14001800 1c002000 24002800 2c003000"
    "1c000000 09000000"
)


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


def archive(records: dict, folder: str = "archive/") -> bytes:
    """A zip container of these records."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as content:
        for name, value in records.items():
            content.writestr(folder + name, value)
    return file.getvalue()


class TestFormatVersion(unittest.TestCase):
    """What is told of a file."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file")

    def told(self, content: bytes) -> str:
        with open(self.path, "wb") as file:
            file.write(content)
        return format_version(self.path)

    def test_containers(self) -> None:
        """A zip container has its version record, and what else changed."""
        version = {"version": "3\n"}
        for records, expected in (
            ({"version": "3\n", "data.pkl": b""}, "zip 3"),
            ({".data/version": "6\n", "a/version": "1"}, "zip 6"),
            ({"version": "1\n", "model.json": "{}"}, "zip 1, model.json"),
            (
                {"version": "1\n", "attributes.pkl": b"", "model.json": "{}"},
                "zip 1, model.json, attributes.pkl",
            ),
            ({"byteorder": "big", **version}, "zip 3, byteorder big"),
            (
                {
                    ".storage_alignment": "64",
                    ".format_version": "1",
                    "byteorder": "little",
                    **version,
                },
                "zip 3, byteorder little, format_version 1, storage_alignment 64",
            ),
            (
                {
                    ".data/version": "6\n",
                    "archive_version": "0",
                    "models/model.json": '{"schema_version": {"major": 8}}',
                },
                "zip 6, archive_version 0, schema 8",
            ),
            ({"other": ""}, "zip"),
        ):
            with self.subTest(expected):
                self.assertEqual(expected, self.told(archive(records)))
                self.assertEqual(expected, self.told(archive(records, "A.b c/")))

    def test_a_container_without_a_folder(self) -> None:
        """torch.export had its records at the top of the archive at first."""
        content = archive({"version": "5.3", "serialized_state_dict.pt": b""}, "")

        self.assertEqual("zip 5.3", self.told(content))

    def test_bytecode(self) -> None:
        """A file for the lite interpreter has the number that its bytecode begins
        with."""
        for bytecode, expected in (
            ((8, "forward"), "zip 3, bytecode 8"),
            ((4, "a", "b", "c"), "zip 3, bytecode 4"),
            ((70000, "a"), "zip 3, bytecode 70000"),
            (("forward", 8), "zip 3, bytecode without version"),
            ((), "zip 3, bytecode without version"),
        ):
            with self.subTest(expected):
                data = pickle.dumps(bytecode, protocol=2)
                content = archive({"version": "3", "bytecode.pkl": data})

                self.assertEqual(expected, self.told(content))

    def test_flatbuffer(self) -> None:
        """A flatbuffer has the bytecode version that it holds."""
        self.assertEqual("flatbuffer 9", self.told(FLATBUFFER))
        self.assertEqual("flatbuffer 8", self.told(FLATBUFFER[:-4] + b"\x08\0\0\0"))

    def test_legacy(self) -> None:
        """A file of torch.save before the container has its protocol's version."""
        for protocol in 2, 4:
            parts = [pickle.dumps(part, protocol) for part in (LEGACY_MAGIC, 1001, {})]

            self.assertEqual("legacy 1001", self.told(b"".join(parts)))

    def test_pickle(self) -> None:
        """Any other pickle has its protocol."""
        for protocol in 2, 4:
            for value in ([], LEGACY_MAGIC + 1, (LEGACY_MAGIC, 1001)):
                found = self.told(pickle.dumps(value, protocol))

                self.assertEqual(f"pickle {protocol}", found)

    def test_tar(self) -> None:
        """torch.save of 0.1 made a tar file."""
        for form in tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT:
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w", format=form) as tar:
                tar.addfile(tarfile.TarInfo("sys_info"))

            self.assertEqual("tar", self.told(content.getvalue()))

    def test_numpy(self) -> None:
        """An array has the version of its header; several of them have none."""
        array = b"\x93NUMPY\x01\x00v\x00{}"

        self.assertEqual("npy 1.0", self.told(array))
        self.assertEqual("npz", self.told(archive({"a.npy": array}, "")))

    def test_json(self) -> None:
        """JSON has no version."""
        self.assertEqual("json", self.told(b'{"a": [1]}'))
        self.assertEqual("json", self.told(b"[]"))

    def test_unknown(self) -> None:
        """Anything else, and what is damaged, is unknown."""
        whole = archive({"version": "3"})
        for content in (
            b"",
            b"text",
            b"{",
            b"PK\x03\x04",
            whole[:-1],
            archive({"version": b"\xff"}),
            FLATBUFFER[:-1],
            b"\x80",
            b"\x80\x02\x8a",
            b"\x93NUMPY\x01",
        ):
            with self.subTest(content):
                self.assertEqual(UNKNOWN, self.told(content))

    def test_missing(self) -> None:
        """A file that is not there is an OSError."""
        with self.assertRaises(FileNotFoundError):
            format_version(self.path)

    def test_nothing_is_unpickled(self) -> None:
        """Pickles that would run code are looked at only."""
        evil = pickle.dumps((8, Evil()), protocol=2)
        magic = pickle.dumps(LEGACY_MAGIC, protocol=2)

        content = archive({"version": "3", "data.pkl": evil, "bytecode.pkl": evil})

        self.assertEqual("zip 3, bytecode 8", self.told(content))
        self.assertEqual("pickle 2", self.told(evil))
        self.assertEqual("legacy 8", self.told(magic + evil))

    def test_any_damage(self) -> None:
        """Whatever is cut off or altered, the answer is text."""
        name = "TestSerialization.test_lstm.state_dict.pt"
        for release in ("1.3.1", "2.7.1"):
            whole = (QUANTIZATION / release / name).read_bytes()
            for place in range(0, len(whole), max(1, len(whole) // 100)):
                altered = bytearray(whole)
                altered[place] ^= 0xFF

                self.assertIsInstance(self.told(whole[:place]), str)
                self.assertIsInstance(self.told(bytes(altered)), str)

    def test_real_files(self) -> None:
        """What releases wrote is told apart where its layout changed."""
        container = "zip 3, byteorder little"
        saved = f"{container}, format_version 1, storage_alignment 64"
        package = "TestSerialization.test_linear_relu_package_quantization_transforms"
        for golden, release, expected in (
            ("TestSerialization.test_linear.state_dict.pt", "2.15.0", "legacy 1001"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.3.1", "legacy 1001"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.4.0", "zip 1"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.5.1", "zip 2"),
            ("TestSerialization.test_lstm.state_dict.pt", "1.6.0", "zip 3"),
            ("TestSerialization.test_lstm.state_dict.pt", "2.1.2", container),
            ("TestSerialization.test_lstm.state_dict.pt", "2.7.1", saved),
            ("TestSerialization.test_lstm.scripted.pt", "1.3.1", "zip 1"),
            ("TestSerialization.test_lstm.scripted.pt", "2.7.1", container),
            ("TestSerialization.test_lstm.expected.npz", "2.7.1", "npz"),
            (f"{package}.package.pt", "1.11.0", "zip 6"),
            (f"{package}.package.pt", "2.1.2", "zip 6, byteorder little"),
        ):
            with self.subTest(golden=golden, release=release):
                found = format_version(str(QUANTIZATION / release / golden))

                self.assertEqual(expected, found)


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
