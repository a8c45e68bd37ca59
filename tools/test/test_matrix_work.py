"""What has to be read: no more, no less, and what is kept of it."""

import unittest
from unittest import mock

from common_releases import ReleaseRange

from tools.matrix import bisect, work
from tools.matrix.cells import Target
from tools.matrix.errors import MatrixError
from tools.matrix.reading import Unit, UnitResult
from tools.matrix.work import Work, plan_work, settled, stale_targets
from tools.testing.records import CRASHED, FAILED, PASSED, SKIPPED, Outcome

ALL = ReleaseRange()
WRITERS = ("1.0.1", "1.4.0", "2.0.1")


def targets(test: str = "A.one", cost: int = 1) -> list[Target]:
    """A target of each writer."""
    return [
        Target("f.py", test, writer, f"{test} {writer}", cost) for writer in WRITERS
    ]


class TestStale(unittest.TestCase):
    """Targets are read again where something changed, else not."""

    def test_digests(self) -> None:
        """A target without a digest, or with another, is stale."""
        known = {("f.py", "A.one", "1.0.1"): "A.one 1.0.1",
                 ("f.py", "A.one", "1.4.0"): "old"}  # fmt: skip

        found = stale_targets(targets(), known)

        self.assertEqual(["1.4.0", "2.0.1"], [target.writer for target in found])


class TestPlan(unittest.TestCase):
    """Units cover what is stale."""

    def plan(self, stale: list[Target], everything: list[Target]) -> list[Work]:
        return list(plan_work("2.6.0", stale, everything, ALL, quick=False))

    def test_nothing(self) -> None:
        """Without stale targets there is no unit."""
        self.assertEqual([], self.plan([], targets()))

    def test_one_writer(self) -> None:
        """Only the writers that are stale are read."""
        (found,) = self.plan(targets()[1:2], targets())

        expected = Unit("2.6.0", "1.4.0", (("f.py", "A.one"),))
        self.assertEqual(expected, found.unit)
        self.assertEqual(targets()[1:2], list(found.targets))

    def test_between(self) -> None:
        """A writer between two stale ones is read again with them."""
        everything = [*targets(), Target("f.py", "A.one", "2.1.2", "A.one 2.1.2", 1)]
        (found,) = self.plan([everything[0], everything[2]], everything)

        self.assertEqual("1.0.1..2.0.1", found.unit.writers)
        self.assertEqual(everything[:3], list(found.targets))

    def test_ranges_apart(self) -> None:
        """Tests of which other writers are stale are other units."""
        both = targets("A.one") + targets("A.two")
        found = self.plan(targets("A.one") + targets("A.two")[2:], both)

        self.assertEqual(
            {("*", "A.one"), ("2.0.1", "A.two")},
            {(each.unit.writers, each.unit.tests[0][1]) for each in found},
        )

    def test_whole(self) -> None:
        """Tests that are read whole are in one unit, whatever writers they have."""
        both = targets("A.one") + targets("A.two")[1:]
        (found,) = self.plan(both, both)

        self.assertEqual("*", found.unit.writers)
        self.assertEqual(both, list(found.targets))

    def test_chunks(self) -> None:
        """Units have at most so many files, and at least one test."""
        tests = [t for n in range(5) for t in targets(f"A.t{n}", cost=100)]
        big = targets("A.t9", cost=1000)
        with mock.patch.object(work, "UNIT_COST", 650):
            found = self.plan(tests + big, tests + big)

        self.assertEqual([2, 2, 1, 1], [len(each.unit.tests) for each in found])
        self.assertEqual([600, 600, 300, 3000], [each.cost for each in found])


class TestSettled(unittest.TestCase):
    """What is kept of a unit."""

    def settle(self, *outcomes: Outcome, quick: bool = False):
        unit = Unit("2.6.0", "*", (("f.py", "A.one"),), quick)
        return settled(Work(unit, tuple(targets())), UnitResult(outcomes))

    def outcome(self, writer: str | None, state: str = PASSED) -> Outcome:
        parameters = {"writer": writer} if writer else {}
        return Outcome("f.py", "A.one", state, parameters, "message")

    def test_all_targets(self) -> None:
        """Each target has its digest, and what is about no writer a place."""
        digests, cells = self.settle(*map(self.outcome, WRITERS))

        self.assertEqual(3, len(cells))
        self.assertEqual({*WRITERS, ""}, {writer for _, _, writer in digests})

    def test_skipped_as_a_whole(self) -> None:
        """A test that the reader skips settles all of its targets."""
        digests, cells = self.settle(self.outcome(None, SKIPPED))

        self.assertEqual({*WRITERS, ""}, {writer for _, _, writer in digests})
        self.assertEqual([""], [cell.writer for cell in cells])

    def test_quick(self) -> None:
        """A quick unit settles only the writers that it read."""
        digests, _ = self.settle(self.outcome("1.4.0"), quick=True)

        self.assertEqual({"1.4.0", ""}, {writer for _, _, writer in digests})

    def test_death_is_a_cell(self) -> None:
        """A crash in a sub-test is one cell."""
        _, (cell,) = self.settle(self.outcome("1.0.1", CRASHED))

        self.assertTrue(cell.is_dead and cell.is_broken)


class TestBisect(unittest.TestCase):
    """Halving finds what trying each release finds."""

    def test_every_place(self) -> None:
        """Wherever the break is, both find it; halving asks less often."""
        releases = [str(number) for number in range(40)]
        for first in [*range(40), None]:
            asked: list[str] = []

            def judge(release: str, first=first, asked=asked) -> str:
                asked.append(release)
                return "no" if first is not None and int(release) >= first else ""

            expected = None if first is None else str(first)
            with self.subTest(first=first):
                self.assertEqual(expected, bisect.first_bad(releases, judge))
                self.assertLessEqual(len(asked), 8)
                self.assertEqual(expected, bisect.first_linear(releases, judge))

    def test_unknown_test(self) -> None:
        """A test that does not exist is told."""
        with mock.patch.object(bisect, "declared_goldens", return_value=[]):
            with mock.patch.object(bisect, "list_suite"):
                with self.assertRaisesRegex(MatrixError, "A.b: no test with goldens"):
                    bisect._file_of("A.b")

    def test_skipping_release(self) -> None:
        """A release that skips the test is neither good nor bad."""
        result = UnitResult((Outcome("f.py", "A.b", SKIPPED, {}, "it lacks x"),))
        with mock.patch.object(bisect, "read_unit", return_value=result):
            with self.assertRaisesRegex(MatrixError, "does not run A.b: it lacks x"):
                bisect._error("1.0.1", "f.py", "A.b", "1.0.1")

    def test_error_of_a_release(self) -> None:
        """The first failing sub-test is what a release says."""
        outcomes = tuple(
            Outcome("f.py", "A.b", state, {"writer": "1.0.1", "n": str(n)}, f"m{n}")
            for n, state in enumerate((PASSED, FAILED, CRASHED))
        )
        with mock.patch.object(bisect, "read_unit", return_value=UnitResult(outcomes)):
            self.assertEqual("m1", bisect._error("2.6.0", "f.py", "A.b", "1.0.1"))


if __name__ == "__main__":
    unittest.main()
