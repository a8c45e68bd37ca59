"""Tests of what the benchmark of the driver compares, refuses and prints."""

import unittest

from tools.bench.comparison import Spread, compare, limits_of, ratios_to_driver
from tools.bench.measuring import (
    Measurement,
)
from tools.bench.table import to_markdown

TESTS = 20


def measured(
    runner: str, seconds: float, number: int = 1, pair: str = "",
    exit_code: int = 0, tests: int | None = TESTS,
) -> Measurement:  # fmt: skip
    """A run that went well, unless said otherwise."""
    return Measurement(runner, pair or runner, number, seconds, exit_code, tests)


def pair_of(
    peer: str, driver_seconds: float, seconds: float, number: int = 1
) -> list[Measurement]:
    """A run of the driver and the peer's beside it."""
    return [
        measured("driver", driver_seconds, number, peer),
        measured(peer, seconds, number),
    ]


class TestComparison(unittest.TestCase):
    """Ratios, the limit, and what is left out of both."""

    def test_spread_of_values(self) -> None:
        """A spread is the median with the lowest and the highest value."""
        spread = Spread.of([3.0, 1.0, 8.0, 2.0])

        self.assertEqual(Spread(2.5, 1.0, 8.0), spread)

    def test_spread_of_nothing(self) -> None:
        """No values have no spread."""
        self.assertIsNone(Spread.of([]))

    def test_a_drifting_machine_does_not_change_ratios(self) -> None:
        """A machine that is four times slower in one round leaves ratios alone."""
        runs = pair_of("pytest", 2.0, 5.0, 1) + pair_of("pytest", 8.0, 20.0, 2)

        self.assertEqual([2.5, 2.5], ratios_to_driver(runs, "pytest"))

    def test_each_peer_is_compared_with_the_run_beside_it(self) -> None:
        """The driver's runs beside other peers do not count for a peer."""
        runs = pair_of("pytest", 2.0, 6.0) + pair_of("unittest", 5.0, 10.0)

        row = compare(["pytest"], runs, TESTS, workers=2).rows[0]

        self.assertEqual(Spread(3.0, 3.0, 3.0), row.to_driver)

    def test_limit_shares_out_all_but_the_import(self) -> None:
        """The limit is one import and, divided by the workers, the rest."""
        runs = [measured("import", 2.0), measured("unittest", 10.0)]

        self.assertEqual({1: 4.0}, limits_of(runs, workers=4))

    def test_limit_is_that_of_the_round(self) -> None:
        """A runner is compared with the limit of its own round."""
        runs = [
            *pair_of("unittest", 6.0, 8.0, 1),
            measured("import", 2.0, 1, "unittest", tests=None),
            *pair_of("unittest", 30.0, 16.0, 2),
            measured("import", 4.0, 2, "unittest", tests=None),
        ]

        comparison = compare(["driver"], runs, TESTS, workers=2)

        self.assertEqual(Spread(2.1, 1.2, 3.0), comparison.rows[0].to_limit)
        self.assertEqual(Spread(7.5, 5.0, 10.0), comparison.limit.seconds)
        self.assertEqual(3.0, comparison.limit.of_import.median)
        self.assertEqual(12.0, comparison.limit.of_unittest.median)

    def test_warm_up_is_not_counted(self) -> None:
        """The first run of a runner is no part of any number."""
        runs = [measured("pytest", 99.0, 0), *pair_of("pytest", 1.0, 2.0)]

        row = compare(["pytest"], runs, TESTS, workers=2).rows[0]

        self.assertEqual(Spread(2.0, 2.0, 2.0), row.seconds)

    def test_no_driver_no_ratio(self) -> None:
        """Peers that were measured alone have seconds and no ratio."""
        row = compare(["pytest"], [measured("pytest", 2.0)], TESTS, workers=2).rows[0]

        self.assertEqual(Spread(2.0, 2.0, 2.0), row.seconds)
        self.assertIsNone(row.to_driver)


class TestRefusal(unittest.TestCase):
    """Runs whose time says nothing."""

    def assertRefused(self, fault: str, bad: Measurement) -> None:
        """Fail unless a bad run among good ones takes a runner's numbers away."""
        good = pair_of("pytest", 1.0, 2.0, 1) + pair_of("pytest", 1.0, 2.0, 3)

        row = compare(["pytest"], [*good, bad], TESTS, workers=2).rows[0]

        self.assertEqual(fault, row.fault)
        self.assertIsNone(row.seconds)
        self.assertIsNone(row.to_driver)

    def test_too_few_tests(self) -> None:
        """A runner that ran fewer tests once is not shown as fast."""
        bad = measured("pytest", 0.1, 2, tests=19)

        self.assertRefused("ran 19 of 20 tests", bad)

    def test_too_many_tests(self) -> None:
        """A runner that ran more tests did other work, too."""
        bad = measured("pytest", 0.1, 2, tests=21)

        self.assertRefused("ran 21 of 20 tests", bad)

    def test_exit_code(self) -> None:
        """A runner that failed once is told by its exit code."""
        self.assertRefused("exit code 3", measured("pytest", 0.1, 2, exit_code=3))

    def test_no_count(self) -> None:
        """A runner that does not say what it ran is refused."""
        bad = measured("pytest", 0.1, 2, tests=None)

        self.assertRefused("does not tell how many tests it ran", bad)

    def test_of_the_driver(self) -> None:
        """If the driver is refused, nothing is compared with it."""
        runs = [
            measured("driver", 0.1, 1, "pytest", tests=1),
            measured("pytest", 2.0),
        ]

        rows = compare(["driver", "pytest"], runs, TESTS, workers=2).rows

        self.assertEqual(["ran 1 of 20 tests", ""], [row.fault for row in rows])
        self.assertIsNone(rows[1].to_driver)
        self.assertIsNotNone(rows[1].seconds)

    def test_of_unittest(self) -> None:
        """If unittest is refused, there is no limit."""
        runs = [
            *pair_of("pytest", 1.0, 2.0),
            measured("unittest", 9.0, tests=1),
            measured("import", 1.0, pair="unittest", tests=None),
        ]

        comparison = compare(["pytest"], runs, TESTS, workers=2)

        self.assertIsNone(comparison.limit)
        self.assertIsNone(comparison.rows[0].to_limit)

    def test_of_the_import(self) -> None:
        """If torch cannot be imported, there is no limit."""
        runs = [
            measured("unittest", 9.0),
            measured("import", 1.0, pair="unittest", exit_code=1, tests=None),
        ]

        self.assertIsNone(compare(["unittest"], runs, TESTS, workers=2).limit)


class TestTable(unittest.TestCase):
    """The printed table."""

    def test_is_aligned(self) -> None:
        """All lines of the table are of one length, and the driver's ratio is 1."""
        runs = pair_of("pytest", 2.0, 5.0) + pair_of("unittest", 2.0, 4.0)

        names = ["driver", "unittest", "pytest"]
        text = to_markdown(compare(names, runs, TESTS, workers=2), workers=2)

        table = [line for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(5, len(table))
        self.assertEqual(1, len({len(line) for line in table}), text)
        self.assertRegex(table[2], r"2\.00 \(2\.00 to 2\.00\) \| 1 ")
        self.assertIn("| 2.50 (2.50 to 2.50) ", table[4])


if __name__ == "__main__":
    unittest.main()
