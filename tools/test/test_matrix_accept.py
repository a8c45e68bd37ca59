"""``accept`` makes the ledger say what the cells say, and nothing without a cause."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common_ledger import LedgerError, load_ledger

from tools.matrix import accept
from tools.matrix.cells import Cell
from tools.matrix.errors import MatrixError
from tools.test import matrix_samples as samples

HEADER = "test,writers,readers,message,cause,reference\n"
COMMENT = "# what nn.Module keeps\n"
TAIL = 'AttributeError,"Since 1.4, it asks.",pytorch/pytorch#1\n'


class TestAccept(unittest.TestCase):
    """Rows go, are narrowed, or come; comments and causes stay."""

    def accept(self, row: str, *cells: list[Cell]) -> str:
        """The ledger with a comment and a row after the cells are accepted."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "known_breaks.csv")
            path.write_text(HEADER + COMMENT + row)
            rows = load_ledger(str(path))
        flat = [cell for group in cells for cell in group]
        changes = list(accept.find_changes(rows, flat, samples.RELEASES))
        self.whys = [change.why for change in changes]
        added = list(accept.new_rows(rows, flat, samples.RELEASES))
        return accept.rewritten(HEADER + COMMENT + row, changes, added)

    def test_row_that_fits(self) -> None:
        """A row whose cells all fail as it says is not touched."""
        row = f"TestModules.*,1.0.1,1.4.0..,{TAIL}"

        text = self.accept(row, samples.cells_of(".xxxx"))

        self.assertEqual(HEADER + COMMENT + row, text)

    def test_row_that_describes_nothing(self) -> None:
        """A row without a failing cell goes; the comment stays."""
        for row in (
            f"TestOther.*,1.0.1,1.4.0..,{TAIL}",
            f"TestModules.*,1.0.1,1.4.0..,{TAIL}".replace("Attribute", "Key"),
        ):
            text = self.accept(row, samples.cells_of("....."))
            self.assertEqual(HEADER + COMMENT, text)

    def test_row_that_is_too_wide(self) -> None:
        """A row is narrowed to what fails, and keeps its cause."""
        text = self.accept(f"TestModules.*,*,*,{TAIL}", samples.cells_of(".xx.."))

        expected = f"TestModules.*,1.0.1,1.4.0..2.0.1,{TAIL}"
        self.assertEqual(HEADER + COMMENT + expected, text)

    def test_open_range_stays_open(self) -> None:
        """What the newest reader fails, later ones are expected to fail, too."""
        text = self.accept(f"TestModules.*,*,1.0.1..,{TAIL}", samples.cells_of("..xxx"))

        self.assertIn("1.0.1,2.0.1..,Attr", text)

    def test_row_with_a_gap(self) -> None:
        """A row that no range can mend is left, and told."""
        row = f"TestModules.*,1.0.1,1.4.0..,{TAIL}"

        text = self.accept(row, samples.cells_of(".x.xx"))

        self.assertEqual(HEADER + COMMENT + row, text)
        self.assertIn("lists 1 cells that pass", self.whys[0])
        self.assertIn("split it by hand", self.whys[0])

    def test_new_break(self) -> None:
        """What no row lists becomes a row, which cannot be loaded without a cause."""
        row = f"TestModules.*,1.0.1,1.4.0..,{TAIL}"
        text = self.accept(
            row,
            samples.cells_of(".xxxx"),
            samples.cells_of("  xx.", "1.4.0", message="E: 0x7f0 is no module"),
        )

        added = text.splitlines()[-1]
        name = f"{samples.TEST}(file=module.pt)"
        self.assertEqual(f"{name},1.4.0,2.0.1..2.6.0,E: * is no module,,", added)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "known_breaks.csv")
            path.write_text(text)
            with self.assertRaisesRegex(LedgerError, "empty cause, reference"):
                load_ledger(str(path))

    def test_crash(self) -> None:
        """A death fits a row whatever it says."""
        row = f"TestModules.*,1.0.1,1.4.0..,{TAIL}"

        text = self.accept(row, samples.cells_of(".cccc", message="signal 11"))

        self.assertEqual(HEADER + COMMENT + row, text)

    def test_incomplete_run(self) -> None:
        """A store that lacks a reading is refused, with what to do."""
        store = mock.Mock(path="m.sqlite")
        with (
            mock.patch.object(accept, "list_suite"),
            mock.patch.object(accept, "declared_goldens"),
            mock.patch.object(accept, "find_targets"),
            mock.patch.object(
                accept, "choose_readers", return_value=[mock.Mock(), mock.Mock()]
            ),
            mock.patch.object(accept, "stale_targets", side_effect=[[], ["one"]]),
            self.assertRaisesRegex(
                MatrixError, "not complete, 1 of .*tools.matrix run"
            ),
        ):
            accept._check_complete(store)


if __name__ == "__main__":
    unittest.main()
