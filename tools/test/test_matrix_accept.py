"""``accept`` makes the ledger say what the cells say, and nothing without a cause."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common_ledger import KnownBreak, LedgerError, load_ledger
from common_releases import ReleaseRange

from tools.matrix import accept
from tools.matrix.cells import Cell
from tools.matrix.errors import MatrixError
from tools.test import matrix_samples as samples
from tools.testing.records import MESSAGE_LIMIT, Listing, TorchInfo

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

    def test_long_error(self) -> None:
        """A message whose end the matrix cut off fits a row that names the end."""
        row = f"TestModules.*,1.0.1,1.4.0..,{TAIL}".replace("Attr", "Begin*end of Attr")
        cut = "Begin" + "x" * (MESSAGE_LIMIT - len("Begin"))

        text = self.accept(row, samples.cells_of(".xxxx", message=cut))

        self.assertEqual(HEADER + COMMENT + row, text)

    def test_glob_of_test_names(self) -> None:
        """Each sign of a glob counts, in the name of a test and beyond it."""
        for pattern in (
            f"{samples.TEST[:-1]}?(*)",
            f"{samples.TEST[:-1]}[{samples.TEST[-1]}](*",
            f"{samples.TEST}*file=module.pt)",
        ):
            row = f"{pattern},1.0.1,1.4.0..,{TAIL}"
            text = self.accept(row, samples.cells_of(".xxxx"))
            self.assertEqual(HEADER + COMMENT + row, text)

    def test_reader_with_a_local_version(self) -> None:
        """What a wheel calls itself beside its release is no part of a new row."""
        releases = {name: f"{name}+cu121" for name in samples.RELEASES}
        (row,) = accept.new_rows([], samples.cells_of(".x..."), releases)

        self.assertEqual(("1.0.1", "1.4.0"), row[1:3])

    def test_rows_of_what_is_not_read(self) -> None:
        """A row of a test without goldens is none that the matrix tells of."""
        rows = [
            KnownBreak(test, ReleaseRange(), ReleaseRange(), "E", "c", "r", 2)
            for test in ("TestA.test_a(*)", "TestA.test_b(x=1)", "TestA.*x=1)")
        ]
        told = list(accept.rows_told_of(rows, ["TestA.test_b", "TestB.test_a"]))

        self.assertEqual(["TestA.test_a(*)"], [row.test for row in told])

    def test_incomplete_run(self) -> None:
        """A store that lacks a reading is refused, with what to do."""
        store = mock.Mock(path="m.sqlite")
        with (
            mock.patch.object(accept, "find_targets"),
            mock.patch.object(
                accept, "choose_readers", return_value=[mock.Mock(), mock.Mock()]
            ),
            mock.patch.object(accept, "stale_targets", side_effect=[[], ["one"]]),
            self.assertRaisesRegex(
                MatrixError, "not complete, 1 of .*tools.matrix run"
            ),
        ):
            accept._check_complete(store, Listing(TorchInfo(""), (), ()), ())


if __name__ == "__main__":
    unittest.main()
