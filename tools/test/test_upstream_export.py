"""What ``export`` writes into a checkout."""

import unittest

from common_golden import GoldenError

from tools.test.checkout_case import commit, git, snapshot
from tools.test.export_case import (
    A_ROW,
    B_ROW,
    FILE_A,
    FILE_B,
    HEADING,
    ExportCase,
)
from tools.testing.records import ListedTest, Listing, TorchInfo
from tools.upstream.errors import UpstreamError
from tools.upstream.export import ADDS, EXTENDS, REPLACES, choose, commands
from tools.upstream.needs import Tree

UPGRADERS = "test/jit/test_upgraders.py"
BYTECODE = "test/mobile/test_bytecode.py"
VALUES = "test/serialization/test_values.py"


class TestContent(ExportCase):
    """What comes into the checkout."""

    def test_files(self) -> None:
        """A test comes with its helpers, data and goldens, and with nothing else."""
        before = set(git(self.root, "ls-files").split())
        changes = self.export(FILE_A)
        serialized = "test/jit/serialized"
        expected = dict.fromkeys(
            [
                FILE_A,
                "test/common_ledger.py",
                "test/jit/fixtures/one_v1.x.pt",
                "test/jit/fixtures/provenance.json",
                "test/jit/fixtures_srcs/sources.py",
                "test/jit/helper.py",
                f"{serialized}/1.0.0/TestA.test_one.x.pt",
                f"{serialized}/1.0.0/provenance.json",
                f"{serialized}/2.0.0/TestA.test_one.x.pt",
                f"{serialized}/2.0.0/provenance.json",
                "test/known_breaks.csv",
            ],
            ADDS,
        )
        expected["test/test_jit.py"] = EXTENDS
        self.assertEqual(expected, changes)
        git(self.root, "add", "--all")
        self.assertEqual(before | set(changes), set(git(self.root, "ls-files").split()))

    def test_again(self) -> None:
        """A second export changes nothing, whether the first was committed or not."""
        self.export(FILE_A)
        written = snapshot(self.root)
        self.assertEqual({}, self.export(FILE_A))
        commit(self.root)
        self.assertEqual({}, self.export(FILE_A))
        self.assertEqual(written, snapshot(self.root))

    def test_dry_run(self) -> None:
        """A dry run tells what an export would do, and does nothing."""
        before = snapshot(self.root)
        told = self.export(FILE_A, dry_run=True)
        self.assertEqual(before, snapshot(self.root))
        self.assertEqual(told, self.export(FILE_A))

    def test_newest_writer(self) -> None:
        """Without a range no writer is newer than the checkout; with one it may be."""
        (self.root / "version.txt").write_text("3.0.0a0\n")
        self.export(FILE_A)
        self.assertEqual({"TestA.test_one"}, self.names("3.0.0"))

    def test_range_of_writers(self) -> None:
        """A range takes all of its writers, newer ones too."""
        self.export(FILE_A, writers="1.1.0..")
        self.assertEqual(set(), self.names("1.0.0"))
        for release in ("1.1.0", "2.0.0", "3.0.0"):
            self.assertEqual({"TestA.test_one"}, self.names(release))

    def test_second_test(self) -> None:
        """Tests of one folder have goldens of the same releases, whoever came first."""
        self.export(FILE_A, writers="1.1.0")
        commit(self.root)
        changes = self.export(FILE_B)
        self.assertEqual(EXTENDS, changes["test/jit/serialized/1.1.0/provenance.json"])
        for release in ("1.0.0", "1.1.0", "2.0.0"):
            both = {"TestA.test_one", "TestB.test_one"}
            self.assertEqual(both, self.names(release))
        self.assertEqual(set(), self.names("3.0.0"))

    def test_ledger(self) -> None:
        """The ledger gets the rows about exported tests, in our order, and keeps its
        own."""
        ledger = self.root / "test/known_breaks.csv"
        self.export(FILE_A)
        self.assertEqual([HEADING, A_ROW], ledger.read_text().splitlines())
        other = "TestOther.test,*,*,Error,cause,reference"
        stale = A_ROW.replace("Error", "Gone")
        ledger.write_text("\n".join((HEADING, other, stale, "")))
        commit(self.root)
        self.export(FILE_A)
        self.assertEqual([HEADING, A_ROW, other], ledger.read_text().splitlines())
        commit(self.root)
        self.export(FILE_B)
        rows = [HEADING, B_ROW, A_ROW, other]
        self.assertEqual(rows, ledger.read_text().splitlines())

    def test_aggregator(self) -> None:
        """The aggregator imports the class after the others of the folder, once."""
        place = self.root / "test/test_jit.py"
        old = place.read_text().splitlines()
        self.export(FILE_A, FILE_B)
        lines = place.read_text().splitlines()
        at = lines.index("from jit.test_save_load import TestSaveLoad  # noqa: F401")
        new = [f"from jit.test_{x.lower()} import Test{x}  # noqa: F401" for x in "AB"]
        self.assertEqual(new, lines[at + 1 : at + 3])
        self.assertEqual(old, lines[: at + 1] + lines[at + 3 :])

    def test_replaced(self) -> None:
        """What the checkout has by that name is replaced, and keeps its mode."""
        path = self.root / FILE_A
        path.write_text("# PyTorch's.\n")
        path.chmod(0o755)
        commit(self.root)
        self.assertEqual(REPLACES, self.export(FILE_A)[FILE_A])
        self.assertEqual((self.suite / FILE_A).read_text(), path.read_text())
        self.assertEqual(0o755, path.stat().st_mode & 0o777)

    def test_commands(self) -> None:
        """A test of test/jit is run by the aggregator, another by its file."""
        tree = Tree(self.suite)
        expected = ["python test/test_jit.py TestA TestB", "python test/nn/test_c.py"]
        found = commands(tree, [FILE_A, FILE_B, "test/nn/test_c.py"])
        self.assertEqual(expected, found)

    def test_altered_golden(self) -> None:
        """A golden that is not what its provenance says is not exported."""
        place = self.suite / "test/jit/serialized/1.0.0/TestA.test_one.x.pt"
        place.write_bytes(b"[]")
        before = snapshot(self.root)
        with self.assertRaisesRegex(GoldenError, "not the file that was written"):
            self.export(FILE_A)
        self.assertEqual(before, snapshot(self.root))


class TestChoice(unittest.TestCase):
    """Which files the user's names stand for."""

    def choose(self, include: list[str], exclude: list[str]) -> tuple[str, ...]:
        """The files of a choice among three files, one of them with an aggregator."""
        tests = (
            ListedTest(UPGRADERS, "TestUpgraders.test_one", UPGRADERS),
            ListedTest("test/test_jit.py", "TestUpgraders.test_one", UPGRADERS),
            ListedTest(BYTECODE, "TestCode.test_one", BYTECODE),
            ListedTest(BYTECODE, "TestCode.test_two", BYTECODE),
            ListedTest(VALUES, "TestValues.test_one", VALUES),
        )
        return choose(Listing(TorchInfo(), tests, ()), include, exclude).files

    def test_included(self) -> None:
        """A test stands for its whole file, and without names all files are meant."""
        included = ["TestUpgraders", "TestCode.test_two"]
        self.assertEqual((UPGRADERS, BYTECODE), self.choose(included, []))
        self.assertEqual((UPGRADERS, BYTECODE, VALUES), self.choose([], []))

    def test_excluded(self) -> None:
        """A file stays while it has a test that is not left out."""
        excluded = ["TestCode.test_one", "test_values", "test_upgraders"]
        self.assertEqual((BYTECODE,), self.choose([], excluded))

    def test_nothing(self) -> None:
        """Names that leave nothing, such as that of an aggregator, are an error."""
        for include, exclude in ((["TestCode"], ["mobile"]), (["test_jit"], [])):
            with self.assertRaisesRegex(UpstreamError, "nothing is left to export"):
                self.choose(include, exclude)


if __name__ == "__main__":
    unittest.main()
