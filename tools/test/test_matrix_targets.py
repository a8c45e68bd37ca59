"""When what a reader made of a golden counts as read before a change."""

import tempfile
import unittest
from pathlib import Path

from tools.matrix.targets import sources_digest

FILE = "test/nn/test_modules.py"


class TestSourcesDigest(unittest.TestCase):
    """Of which sources a test file is made."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.before = self.digest()

    def digest(self, *changed: str) -> str:
        """The digest where these files have other content than all others."""
        for name in (
            FILE,
            "test/nn/test_pruning.py",
            "test/nn/nn_rows.py",
            "test/optim/optim_cases.py",
            "test/common_utils.py",
            "test/common_reading.py",
            "test/known_breaks.csv",
        ):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name} {name in changed}")
        sources_digest.cache_clear()
        return sources_digest(self.folder / "test", FILE)

    def test_part_of_it(self) -> None:
        """The file, its area's helpers and the base are part of it."""
        for name in (FILE, "test/nn/nn_rows.py", "test/common_utils.py"):
            with self.subTest(name):
                self.assertNotEqual(self.before, self.digest(name))

    def test_no_part_of_it(self) -> None:
        """Other tests, other areas, the ledger and the choice of goldens are not."""
        for name in (
            "test/nn/test_pruning.py",
            "test/optim/optim_cases.py",
            "test/known_breaks.csv",
            "test/common_reading.py",
        ):
            with self.subTest(name):
                self.assertEqual(self.before, self.digest(name))


if __name__ == "__main__":
    unittest.main()
