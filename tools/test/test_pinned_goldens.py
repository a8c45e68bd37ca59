"""Pinned goldens: one writer each, and a file name that PyTorch gave them."""

import os
import unittest
from pathlib import Path

from common_golden import (
    check_folders,
    folder_release,
    golden_folders,
    load_provenance,
    save_provenance,
)

from tools.golden.declared import declared_goldens
from tools.golden.verify import find_problems
from tools.test.sample_suite import FILE, SampleSuiteTestCase
from tools.testing.execution import list_tests
from tools.testing.plan import Plan
from tools.testing.records import ERROR, PASSED, SKIPPED

MODELS = """
    golden_folder = "../models"

    @golden(
        since="1.0.0",
        kinds=("pt", "expected.npz"),
        subnames={"model_v1": "1.5.1", "model_v2": "1.9.1"},
        notes={"model_v2": "made from model_v1"},
        pinned=True,
    )
    def test_models(self):
        for name, size in (("model_v1", 3), ("model_v2", 4)):
            self.check_saved(
                "pt", torch.nn.Linear(3, size), torch.save, load_golden,
                lambda module: module.state_dict(), subname=name,
            )
"""


class PinnedTestCase(SampleSuiteTestCase):
    """Base class: a suite with two pinned goldens in ``self.models``."""

    def setUp(self) -> None:
        super().setUp()
        self.write_tests(MODELS)
        self.models = Path(self.root, "test", "models")

    def write_both(self) -> None:
        self.write_goldens("test_models", "1.5.1")
        self.write_goldens("test_models", "1.9.1")

    def states(self) -> list:
        return [
            (outcome.parameters.get("subname"), outcome.writer, outcome.state)
            for outcome in self.read_goldens("test_models")
        ]


class TestPinned(PinnedTestCase):
    """Writing and reading."""

    def test_each_is_written_by_its_release(self):
        """A release writes what is pinned to it, flat, beside one provenance."""
        self.write_goldens("test_models", "1.5.1")
        first = sorted(os.listdir(self.models))
        self.write_goldens("test_models", "1.9.1")

        provenance = load_provenance(str(self.models))
        expected = ["model_v1.expected.npz", "model_v1.pt", "provenance.json"]
        self.assertEqual(expected, first)
        self.assertIsNone(provenance.release)
        self.assertEqual(["model_v1", "model_v2"], sorted(provenance.goldens))
        notes = [golden.note for golden in provenance.goldens.values()]
        self.assertEqual([None, "made from model_v1"], notes)

    def test_another_release_writes_nothing(self):
        """A release that no golden is pinned to leaves the folder alone."""
        self.write_goldens("test_models", "1.6.0")

        self.assertFalse(self.models.exists())

    def test_each_is_read_once(self):
        """Reading has one outcome for each golden, with its writer."""
        self.write_both()

        expected = [("model_v1", "1.5.1", PASSED), ("model_v2", "1.9.1", PASSED)]
        self.assertEqual(expected, self.states())

    def test_one_that_is_missing_fails(self):
        """A golden that was not written is an error, and hides no other."""
        self.write_goldens("test_models", "1.9.1")

        expected = [("model_v1", "1.5.1", ERROR), ("model_v2", "1.9.1", PASSED)]
        self.assertEqual(expected, self.states())

    def test_an_altered_file_is_not_loaded(self):
        """A file that is not the one that was written fails by its hash."""
        self.write_both()
        Path(self.models, "model_v2.pt").write_bytes(b"?")

        (_, outcome) = self.read_goldens("test_models")

        self.assertEqual(ERROR, outcome.state)
        self.assertIn("not the file that was written", outcome.message)

    def test_a_reader_older_than_since_skips(self):
        """``since`` is the first release that can read, whoever wrote."""
        self.write_both()
        self.write_tests(MODELS.replace('since="1.0.0"', 'since="99.0.0"'))

        self.assertEqual([(None, None, SKIPPED)], self.states())


class TestSince(SampleSuiteTestCase):
    """Reading only what writers from some release on left."""

    BODY = """
    @golden(since="1.0.0", kinds=("pt", "expected.npz"))
    def test_sizes(self):
        def write(files):
            for path in files.values():
                torch.save(1, path)

        def read(files):
            self.assertNotIn("1.5.1", files["pt"])

        self.check_golden(write, {"pt": read}, since="1.6.0")
"""

    def test_older_writers_are_left_out(self):
        """A call with ``since`` reads nothing that an older release wrote."""
        self.write_tests(self.BODY)
        for release in ("1.5.1", "1.9.1"):
            self.write_goldens("test_sizes", release)

        outcomes = self.read_goldens("test_sizes")

        states = [(outcome.writer, outcome.state) for outcome in outcomes]
        self.assertEqual([("1.9.1", PASSED)], states)


class TestPinnedFolders(PinnedTestCase):
    """What is wrong with folders of pinned goldens."""

    def setUp(self) -> None:
        super().setUp()
        self.write_both()
        self.test_folder = Path(self.root, "test")

    def problems(self) -> list[str]:
        goldens = declared_goldens(list_tests([FILE], Plan(root=self.root)))
        return list(find_problems(goldens, self.test_folder))

    def test_found_by_their_provenance(self):
        """A folder holds goldens if it has a provenance, or stands for a release."""
        Path(self.test_folder, "area", "serialized", "1.8.1").mkdir(parents=True)

        folders = golden_folders(str(self.test_folder))

        expected = [f"{self.goldens}/1.8.1", str(self.models)]
        self.assertEqual(expected, folders)
        self.assertEqual(["1.8.1", None], [folder_release(name) for name in folders])

    def test_strays(self):
        """A file that the provenance does not know is told, in each sort of folder."""
        Path(self.models, "model_v3.pt").write_bytes(b"stray")
        os.makedirs(self.goldens)
        Path(self.goldens, "loose.pt").write_bytes(b"stray")

        problems = check_folders(str(self.test_folder))

        self.assertEqual(2, len(problems), problems)
        self.assertIn("loose.pt: not in provenance.json", problems[0])
        self.assertIn("model_v3.pt: not in provenance.json", problems[1])

    def test_verify_knows_them(self):
        """Wrong writer, missing golden, golden of no test: each is one problem."""
        provenance = load_provenance(str(self.models))
        # The torch that wrote is the local one, whatever release the plan named.
        local = provenance.runs[0]["torch_version"]
        problems = "\n".join(self.problems())
        for name, release in (("model_v1", "1.5.1"), ("model_v2", "1.9.1")):
            self.assertIn(
                f"{name}: written by {local}, its test declares {release}", problems
            )
        without = provenance.without_golden("model_v1")
        save_provenance(str(self.models), without)
        self.assertIn("model_v1: missing; write it", "\n".join(self.problems()))
        self.write_tests(MODELS.replace("model_v2", "model_v9"))
        self.assertIn("model_v2: no test declares", "\n".join(self.problems()))

    def test_a_release_in_the_wrong_folder(self):
        """A provenance that names a release does not fit a folder of pinned goldens."""
        text = Path(self.models, "provenance.json").read_text()
        Path(self.models, "provenance.json").write_text(
            text.replace('"release": null', '"release": "1.5.1"')
        )

        (problem,) = check_folders(str(self.test_folder))

        self.assertIn("is of release 1.5.1, its folder of None; restore it", problem)


if __name__ == "__main__":
    unittest.main()
