"""Large goldens need a reason, and reasons need a large golden."""

import tempfile
import unittest
from pathlib import Path

from common_golden import FileRecord, Golden, Provenance, save_provenance

from tools import TEST_FOLDER
from tools.golden.large import LIMIT, load_large, size_problems

HEADER = "golden,release,reason\n"


class TestLargeGoldens(unittest.TestCase):
    """``verify`` tells of files above the limit."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.table = self.root / "large.csv"
        goldens = self.root / "serialized" / "1.2.0"
        goldens.mkdir(parents=True)
        files = {
            "a.pt": FileRecord("0", LIMIT + 1),
            "expected.npz": FileRecord("0", LIMIT),
        }
        named = {
            "A.test": Golden(0, 0, files),
            "B.test": Golden(0, 0, {"a.pt": FileRecord("0", LIMIT)}),
        }
        save_provenance(str(goldens), Provenance("1.2.0", (), named))

    def problems(self, rows: str) -> list[str]:
        self.table.write_text(HEADER + rows)
        return list(size_problems(self.root, self.table))

    def test_without_reason(self) -> None:
        """A file above the limit is a problem, one at the limit is none."""
        (problem,) = self.problems("")

        self.assertIn("1.2.0/A.test.a.pt: 64001 bytes, more than 64000", problem)

    def test_with_reason(self) -> None:
        """A row with the reason settles it."""
        self.assertEqual([], self.problems("A.*,1.2.0,it has to be\n"))

    def test_other_release(self) -> None:
        """A row is for its release only, and one that is not needed is a problem."""
        problems = self.problems("A.*,1.3.1,it has to be\n")

        self.assertEqual(2, len(problems))
        self.assertIn("remove the row", problems[1])

    def test_empty_reason(self) -> None:
        """A row without a reason is refused."""
        with self.assertRaisesRegex(ValueError, "A.test of 1.2.0 has no reason"):
            self.problems("A.test,1.2.0, \n")

    def test_goldens_of_the_suite(self) -> None:
        """The goldens that are large have their reasons."""
        self.assertEqual([], list(size_problems(Path(TEST_FOLDER))))
        self.assertTrue(load_large())


if __name__ == "__main__":
    unittest.main()
