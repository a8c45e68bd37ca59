"""What the cells tell: breaks and mends, differences, and what older releases read."""

import contextlib
import io
import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from common_ledger import KnownBreak
from common_releases import ReleaseRange

from tools.matrix.__main__ import main
from tools.matrix.cells import Cell, Reader, cell_of
from tools.matrix.diff import (
    BROKEN,
    MENDED,
    ONLY_ONE,
    OTHER,
    Difference,
    differences,
    grouped,
)
from tools.matrix.events import NEW, find_events, shortened
from tools.matrix.list_events import event_lines
from tools.matrix.newer import newer_table
from tools.matrix.store import MatrixStore
from tools.test import matrix_samples as samples
from tools.testing.records import (
    MESSAGE_LIMIT,
    CRASHED,
    ERROR,
    FAILED,
    KNOWN_BREAK,
    PASSED,
    SKIPPED,
    UNEXPECTED_PASS,
    UNPROMISED,
    Outcome,
)

CAUSE, REFERENCE = "Release 1.4 asks for padding_mode.", "pytorch/pytorch#1"


def row(**fields) -> KnownBreak:
    """A row of the ledger that lists the sample's break."""
    values = {
        "test": "TestModules.*",
        "writers": ReleaseRange.parse("1.0.1"),
        "readers": ReleaseRange.parse("1.4.0.."),
        "message": "AttributeError: no *mode",
        "cause": CAUSE,
        "reference": REFERENCE,
        "line": 2,
    }
    return KnownBreak(**{**values, **fields})


class TestEvents(unittest.TestCase):
    """Each break has its first bad reader, and the first good one after it."""

    def events(self, *cells: list[Cell], rows=()):
        flat = [cell for group in cells for cell in group]
        return find_events(flat, samples.RELEASES, rows)

    def spans(self, *cells: list[Cell]):
        return [(e.broke, e.mended) for e in self.events(*cells)]

    def test_nothing_broken(self) -> None:
        """What is read by all is no event."""
        self.assertEqual([], self.spans(samples.cells_of(".....")))

    def test_broken_and_mended(self) -> None:
        """A break lasts from its first bad reader to the next good one."""
        self.assertEqual([("1.4.0", "2.0.1")], self.spans(samples.cells_of(".x...")))
        self.assertEqual([("2.6.0", None)], self.spans(samples.cells_of("...xx")))

    def test_broken_twice(self) -> None:
        """A test that breaks again has two events."""
        self.assertEqual(
            [("1.4.0", "2.0.1"), ("2.6.0", None)],
            self.spans(samples.cells_of(".x.xx")),
        )

    def test_broken_from_the_start(self) -> None:
        """A writer that cannot read its own file is where its break begins."""
        self.assertEqual([("1.0.1", "2.0.1")], self.spans(samples.cells_of("xx...")))

    def test_crash_counts(self) -> None:
        """A reader that dies has failed."""
        self.assertEqual([("2.0.1", None)], self.spans(samples.cells_of("..ccc")))

    def test_reader_that_was_not_asked(self) -> None:
        """A gap in the readers neither breaks nor mends."""
        self.assertEqual([("1.4.0", "2.6.0")], self.spans(samples.cells_of(".x ..")))

    def test_skipped_is_unknown(self) -> None:
        """A reader that skips the test neither breaks nor mends."""
        cells = samples.cells_of(".xx..")
        cells[2] = replace(cells[2], state=SKIPPED, message="lacks it")

        self.assertEqual([("1.4.0", "2.6.0")], self.spans(cells))

    def test_newer_files_are_no_events(self) -> None:
        """That a reader fails on a newer writer's file is no break."""
        self.assertEqual([], self.spans(samples.cells_of("xx...", writer="2.0.1")))

    def test_writers_of_one_break(self) -> None:
        """Writers that break alike are one event, those that do not are others."""
        events = self.events(
            samples.cells_of(".xxxx", "1.0.1"),
            samples.cells_of(" .xxx", "1.4.0"),
            samples.cells_of("  xxx", "2.0.1"),
        )

        self.assertEqual(
            [("2.0.1", ("1.4.0", "2.0.1")), ("1.4.0", ("1.0.1",))],
            [(event.broke, event.writers) for event in events],
        )

    def test_cause_from_the_ledger(self) -> None:
        """An event has the cause of the row that lists it, with its error."""
        (event,) = self.events(samples.cells_of(".xxxx"), rows=[row()])

        self.assertEqual((CAUSE, REFERENCE), (event.cause, event.reference))

    def test_other_error_is_new(self) -> None:
        """A row that expects another error, or other writers, is no cause."""
        for other in (
            row(message="KeyError"),
            row(writers=ReleaseRange.parse("1.4.0..")),
            row(readers=ReleaseRange.parse("2.6.0..")),
            row(test="TestOther.*"),
        ):
            (event,) = self.events(samples.cells_of(".xxxx"), rows=[other])
            self.assertEqual((NEW, ""), (event.cause, event.reference))

    def test_error_that_is_cut_off(self) -> None:
        """Of a long error the beginning tells whether it is the one that is listed."""
        for beginning, length, cause in (
            ("E: one", MESSAGE_LIMIT, CAUSE),
            ("E: one", MESSAGE_LIMIT - 1, CAUSE),
            ("E: one", MESSAGE_LIMIT - 2, NEW),
            ("E: two", MESSAGE_LIMIT, NEW),
        ):
            message = beginning.ljust(length, "x")
            cells = samples.cells_of(".xxxx", message=message)
            (event,) = self.events(cells, rows=[row(message="E: one*and its end")])
            self.assertEqual(cause, event.cause, (beginning, length))

    def test_errors_apart(self) -> None:
        """Two errors are two events, unless only addresses and numbers differ."""
        same = [
            *samples.cells_of(".xxxx", message="E: at 0x7f1 of 3", parameters=()),
            *samples.cells_of(".xxxx", message="E: at 0x9a of 17"),
        ]
        other = samples.cells_of(".xxxx", message="F: at 0x9a", parameters=())

        self.assertEqual(1, len(self.events(same)))
        self.assertEqual(2, len(self.events(samples.cells_of(".xxxx"), other)))
        self.assertEqual("E: at # of #", shortened("E: at 0x7f1 of 3"))

    def test_paths_of_a_machine(self) -> None:
        """Plain data has no folders of the machine; other slashes stay."""
        message = "E: '/home/me/torch/nn/a.py':3, in ../aten/b.cpp, a / b, and/or"
        (event,) = self.events(samples.cells_of(".xxxx", message=message))

        told = "E: 'a.py':3, in ../aten/b.cpp, a / b, and/or"
        self.assertEqual(told, event.to_json()["error"])

    def test_lines_for_people(self) -> None:
        """The list names cause, span, writers and error, and counts the events."""
        events = self.events(samples.cells_of(".xx.."), rows=[row()])
        text = "\n".join(event_lines(events))

        for part in (
            f"{CAUSE} [{REFERENCE}]",
            "broken by 1.4.0, mended by 2.6.0: written by 1.0.1; TestModules",
            samples.BROKEN,
            "1 events of 1 causes",
        ):
            self.assertIn(part, text)


class TestCells(unittest.TestCase):
    """A cell holds what happened, not what the ledger made of it."""

    def test_judgement_is_taken_back(self) -> None:
        """Known breaks and unpromised failures failed, unexpected passes passed."""
        expected = {
            PASSED: PASSED,
            KNOWN_BREAK: FAILED,
            UNPROMISED: FAILED,
            ERROR: FAILED,
            UNEXPECTED_PASS: PASSED,
            CRASHED: CRASHED,
            SKIPPED: SKIPPED,
        }
        found = {
            state: cell_of(Outcome("f", "A.b", state), "1.0.1").state
            for state in expected
        }

        self.assertEqual(expected, found)

    def test_writer_is_apart(self) -> None:
        """The writer is a field of its own; the other parameters stay in order."""
        parameters = {"loader": "path", "writer": "1.4.0", "file": "a.pt"}
        cell = cell_of(Outcome("f", "A.b", FAILED, parameters, "no"), "2.0.1")

        self.assertEqual("1.4.0", cell.writer)
        self.assertEqual((("loader", "path"), ("file", "a.pt")), cell.parameters)
        self.assertEqual("no", cell.message)


def save(path: Path, cells: list[Cell]) -> None:
    """Add cells to a store."""
    with MatrixStore(path) as store:
        for cell in cells:
            store.begin(Reader(cell.reader, "e", {"torch": cell.reader}))
            key = cell.file, cell.test, cell.writer
            store.save(cell.reader, {key: "d"}, [cell])


class TestDiff(unittest.TestCase):
    """What one reader does otherwise than another."""

    def kinds(self, outcomes: str) -> list[str]:
        cells = samples.cells_of(outcomes, readers=("a", "b"))
        sides = [{c.test: c for c in cells if c.reader == name} for name in ("a", "b")]
        return [difference.kind for difference in differences(*sides)]

    def test_kinds(self) -> None:
        """Broken, mended, otherwise failing, and read by one only."""
        for outcomes, kinds in (
            ("..", []),
            ("xx", []),
            (".x", [BROKEN]),
            ("c.", [MENDED]),
            ("xc", [OTHER]),
            ("x ", [ONLY_ONE]),
            (" .", [ONLY_ONE]),
            ("xs", [OTHER]),
        ):
            with self.subTest(outcomes=outcomes):
                self.assertEqual(kinds, self.kinds(outcomes))

    def test_other_error(self) -> None:
        """Two failures with different errors are told."""
        (one,) = samples.cells_of("x", message="E: one")
        (two,) = samples.cells_of("x", message="F: two")

        (found,) = differences({(): one}, {(): two})

        self.assertEqual(OTHER, found.kind)
        self.assertIn("failed -> failed: F: two", Difference(one, two).told)

    def test_grouped(self) -> None:
        """What happens to a test alike is one line, with its writers."""
        cells = [samples.cells_of(".x", w, readers=("a", "b"))
                 for w in ("1.0.1", "1.4.0")]  # fmt: skip
        pairs = [Difference(*pair) for pair in cells]

        (line,) = grouped(pairs)

        self.assertIn("(2 cells, written by 1.0.1, 1.4.0): passed -> failed", line)

    def test_command(self) -> None:
        """Newer writers than the older of the two are nobody's promise."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "m.sqlite")
            save(path, samples.cells_of(".x...", "1.0.1"))
            save(path, samples.cells_of("x.xx.", "2.13.0"))
            save(path, samples.cells_of("...x.", "2.6.0"))
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                worse = main(["diff", "1.0.1", "1.4.0", "--store", str(path)])
                same = main(["diff", "2.0.1", "2.6.0", "--store", str(path)])

        self.assertEqual((1, 0), (worse, same))
        self.assertIn("1 cells: read before, and fails now", output.getvalue())
        self.assertIn("0 cells: failed before, and is read now", output.getvalue())


class TestNewer(unittest.TestCase):
    """How far back today's files can be read."""

    def table(self, *cells: list[Cell]) -> list[list[str]]:
        flat = [cell for group in cells for cell in group]
        lines = list(newer_table(flat, samples.RELEASES))
        return [line.split("  ") for line in lines[1:]]

    def test_oldest_readers(self) -> None:
        """The oldest reader from which on all is read, and of which some is."""
        cells = samples.cells_of("xx...", writer="2.13.0")
        more = samples.cells_of("x....", "2.13.0", parameters=(("file", "module.pt"),))
        more = [replace(cell, test="TestModules.test_other") for cell in more]

        (line,) = self.table(cells, more)

        self.assertEqual(
            ["nn module.pt", "2.13.0", "2.0.1", "1.4.0"],
            [text.strip() for text in line if text.strip()],
        )

    def test_gap(self) -> None:
        """A reader in between that fails ends the row of good ones."""
        (line,) = self.table(samples.cells_of(".x...", writer="2.13.0"))

        self.assertIn("2.0.1", line)

    def test_newest_writer_only(self) -> None:
        """Older writers do not count."""
        (line,) = self.table(
            samples.cells_of("xxxx.", writer="2.13.0"),
            samples.cells_of(".....", writer="1.0.1"),
        )

        self.assertNotIn("1.0.1", line)


class TestCommand(unittest.TestCase):
    """``python -m tools.matrix events``."""

    def test_json(self) -> None:
        """A list of objects with the promised keys."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "m.sqlite")
            save(path, samples.cells_of(".xx.."))
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                code = main(["events", "--json", "--store", str(path)])

        (event,) = json.loads(output.getvalue())
        self.assertEqual(0, code)
        self.assertEqual(
            {
                "test": samples.TEST,
                "writers": ["1.0.1"],
                "broke": "1.4.0",
                "mended": "2.6.0",
                "error": samples.BROKEN,
                "cause": NEW,
                "reference": "",
            },
            event,
        )


if __name__ == "__main__":
    unittest.main()
