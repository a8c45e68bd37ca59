"""Batches and shards: every test once, and the workers end together."""

import heapq
import os
import tempfile
import unittest

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tools.testing.plan import TEST
from tools.testing.records import ListedTest
from tools.testing.scheduling import (
    DEFAULT_SECONDS,
    FORK_SECONDS,
    LEAST_SECONDS,
    START_SHARE,
    Batch,
    estimates,
    make_batches,
)
from tools.testing.sharding import shard_from_environment, shard_of

examples = settings(deadline=None, database=None, derandomize=True, max_examples=60)

jobs_drawn = st.integers(1, 9)
seconds_drawn = st.lists(st.floats(0.0, 5.0), max_size=60)
# None: nothing is known of the test.
mixed_drawn = st.lists(st.none() | st.floats(0.0, 5.0), max_size=60)


def make_tests(count: int, of_class: int = 5) -> list[ListedTest]:
    """Tests in classes of so many, and files of three classes."""
    return [
        ListedTest(
            f"test/test_{n // of_class // 3}.py",
            f"Test{n // of_class}.test_{n:04}",
            f"test/test_{n // of_class // 3}.py",
        )
        for n in range(count)
    ]


def make_suite(seconds: list[float | None]) -> tuple[list[ListedTest], dict]:
    """Tests of these durations, as far as they are known."""
    tests = make_tests(len(seconds))
    pairs = zip(tests, seconds)
    return tests, {test.identity: each for test, each in pairs if each is not None}


def makespan(batches: list[Batch], durations: dict, jobs: int) -> float:
    """Seconds until the last worker ends, each pulling a batch when it is free."""
    ends = [0.0] * jobs
    for batch in batches:
        seconds = sum(durations[test.identity] for test in batch.tests)
        heapq.heapreplace(ends, ends[0] + FORK_SECONDS + seconds)
    return max(ends)


def flat(batches: list[Batch]) -> list[ListedTest]:
    """The tests of all batches."""
    return [test for batch in batches for test in batch.tests]


def names(tests: list[ListedTest]) -> list[str]:
    """The identities of tests, sorted."""
    return sorted(test.identity for test in tests)


class TestBatches(unittest.TestCase):
    """make_batches."""

    @examples
    @given(mixed_drawn, jobs_drawn, st.sampled_from(["batch", "test"]))
    def test_partition(self, seconds, jobs, isolate) -> None:
        """Each test is in exactly one batch, and no batch is empty."""
        tests, durations = make_suite(seconds)

        batches = make_batches(tests, durations, jobs, isolate)

        self.assertEqual(names(tests), names(flat(batches)))
        self.assertTrue(all(batch.tests for batch in batches))

    @examples
    @given(mixed_drawn, st.integers(2, 9), st.sampled_from(["batch", "test"]))
    def test_longest_first(self, seconds, jobs, isolate) -> None:
        """For several workers the longest batch comes first."""
        tests, durations = make_suite(seconds)

        batches = make_batches(tests, durations, jobs, isolate)

        times = [batch.seconds for batch in batches]
        self.assertEqual(sorted(times, reverse=True), times)

    @examples
    @given(mixed_drawn, jobs_drawn)
    def test_deterministic(self, seconds, jobs) -> None:
        """The order in which durations are known does not matter."""
        tests, durations = make_suite(seconds)
        turned = dict(reversed(list(durations.items())))

        self.assertEqual(
            make_batches(tests, durations, jobs), make_batches(tests, turned, jobs)
        )

    @examples
    @given(mixed_drawn, jobs_drawn)
    def test_order(self, seconds, jobs) -> None:
        """Tests stay in their order within a batch."""
        tests, durations = make_suite(seconds)

        for batch in make_batches(tests, durations, jobs):
            self.assertEqual(names(batch.tests), [t.identity for t in batch.tests])

    @examples
    @given(mixed_drawn, jobs_drawn)
    def test_seconds(self, seconds, jobs) -> None:
        """A batch is estimated to take what its tests are."""
        tests, durations = make_suite(seconds)
        by_test = dict(zip(tests, estimates(tests, durations)))

        for batch in make_batches(tests, durations, jobs):
            self.assertAlmostEqual(sum(map(by_test.get, batch.tests)), batch.seconds)

    @examples
    @given(st.integers(2, 6), st.data())
    def test_short_tests_end_together(self, jobs, data) -> None:
        """Where no test is long, the workers need at most a tenth more than an equal
        share, and one start of a process."""
        drawn = st.lists(st.floats(0.02, 0.2), min_size=40 * jobs, max_size=60 * jobs)
        tests, durations = make_suite(data.draw(drawn))
        share = sum(durations.values()) / jobs
        assume(share >= max(1.0, 20 * max(durations.values())))

        span = makespan(make_batches(tests, durations, jobs), durations, jobs)

        self.assertLessEqual(span, 1.1 * share + FORK_SECONDS)

    @examples
    @given(st.integers(2, 6), st.lists(st.floats(0.01, 20.0), min_size=1, max_size=80))
    def test_any_tests_end_together(self, jobs, seconds) -> None:
        """Batches take little more than tests that workers pull one by one, the
        longest first, were that free of cost."""
        tests, durations = make_suite(seconds)
        assume(sum(seconds) >= jobs)
        single = [0.0] * jobs
        for each in sorted(seconds, reverse=True):
            heapq.heapreplace(single, single[0] + each)

        span = makespan(make_batches(tests, durations, jobs), durations, jobs)

        self.assertLessEqual(span, 1.15 * max(single) + FORK_SECONDS)

    @examples
    @given(jobs_drawn, st.lists(st.floats(0.001, 20.0), min_size=1, max_size=80))
    def test_starts_cost_little(self, jobs, seconds) -> None:
        """In a run of some length a twentieth goes into starting processes at most,
        and one start for each worker."""
        tests, durations = make_suite(seconds)
        assume(sum(seconds) >= jobs)

        starts = FORK_SECONDS * len(make_batches(tests, durations, jobs))

        self.assertLessEqual(starts, START_SHARE * sum(seconds) + jobs * FORK_SECONDS)

    def test_long_test(self) -> None:
        """A long test is alone, and first."""
        tests, durations = make_suite([0.1] * 30 + [3.0] + [0.1] * 29)

        first = make_batches(tests, durations, 2)[0]

        self.assertEqual((tests[30],), first.tests)

    def test_long_in_a_short_run(self) -> None:
        """In a short run, too, what takes most of a worker's time is alone."""
        tests, durations = make_suite([0.005] * 30 + [0.15] + [0.005] * 29)

        batches = make_batches(tests, durations, 2)

        self.assertIn((tests[30],), [batch.tests for batch in batches])

    def test_long_tests_count(self) -> None:
        """A worker that has more long tests gets less of the others."""
        tests, durations = make_suite([3.0] * 3 + [0.05] * 60)

        sizes = [len(batch.tests) for batch in make_batches(tests, durations, 2)]

        self.assertEqual([1, 1, 1], sizes[:3])
        self.assertGreater(sizes[3], 25)

    def test_long_by_what(self) -> None:
        """What is long hangs on the run: each batch costs the start of a process."""
        short, of_short = make_suite([0.14] * 60)
        long, of_long = make_suite([0.25] * 1000)

        self.assertLess(len(make_batches(short, of_short, 4)), 40)
        self.assertLess(len(make_batches(long, of_long, 2)), 40)

    def test_smaller_towards_the_end(self) -> None:
        """Batches begin large and end small."""
        tests, durations = make_suite([0.02] * 400)

        sizes = [len(batch.tests) for batch in make_batches(tests, durations, 2)]

        self.assertGreaterEqual(sizes[0], 80)
        self.assertLessEqual(sizes[-1], 5)

    def test_small_enough(self) -> None:
        """The last batches are not smaller than they are worth."""
        tests, durations = make_suite([0.001] * 20_000)

        batches = make_batches(tests, durations, 2)

        self.assertGreater(batches[-1].seconds, 2.5 * FORK_SECONDS)

    def test_few_tests(self) -> None:
        """Tests that take next to no time are not worth a second process."""
        tests, durations = make_suite([0.002] * 8)

        self.assertEqual(1, len(make_batches(tests, durations, 8)))

    def test_no_more_batches_than_useful(self) -> None:
        """A short run has a batch for each worker."""
        tests, durations = make_suite([0.002] * 120)

        self.assertEqual(2, len(make_batches(tests, durations, 2)))

    def test_slow_starts(self) -> None:
        """Where a process takes long to start, each worker starts one."""
        tests, durations = make_suite([0.1] * 130)

        self.assertEqual(2, len(make_batches(tests, durations, 2, start_seconds=1.8)))

    def test_one_worker(self) -> None:
        """A single worker has few batches, and keeps the tests in order."""
        tests, durations = make_suite([0.02] * 200)

        batches = make_batches(tests, durations, 1)

        self.assertEqual(4, len(batches))
        self.assertEqual(tests, flat(batches))

    def test_nothing_known(self) -> None:
        """Where nothing is known, batches are equal, and several for each worker."""
        tests = make_tests(400)

        sizes = [len(batch.tests) for batch in make_batches(tests, {}, 2)]

        self.assertEqual([25] * 16, sizes)

    def test_little_known_of_few(self) -> None:
        """Where nothing is known of a few tests, each worker has one batch."""
        sizes = [len(batch.tests) for batch in make_batches(make_tests(12), {}, 2)]

        self.assertEqual([6, 6], sizes)

    def test_nothing_known_of_these(self) -> None:
        """It does not help to know other tests."""
        tests = make_tests(400)

        self.assertEqual(
            make_batches(tests, {}, 2),
            make_batches(tests, {"test/test_x.py::TestX.test": 9.0}, 2),
        )

    def test_classes_stay_together(self) -> None:
        """A class is not cut where the batch is about full before it."""
        tests = make_tests(98, of_class=24)

        sizes = [len(batch.tests) for batch in make_batches(tests, {}, 1)]

        self.assertEqual([24, 24, 24, 26], sizes)

    def test_cut_where_it_is_nearest(self) -> None:
        """Batches are cut at the test that is nearest to the size."""
        tests = make_tests(13, of_class=13)  # in three batches of 4.33

        sizes = [len(batch.tests) for batch in make_batches(tests, {}, 1)]

        self.assertEqual([4, 5, 4], sizes)

    def test_longer_than_a_batch(self) -> None:
        """After a test that takes the time of several batches there are fewer."""
        tests, durations = make_suite([0.05] * 4 + [3.0] + [0.05] * 8)

        sizes = [len(batch.tests) for batch in make_batches(tests, durations, 1)]

        self.assertEqual([4, 1, 8], sizes)

    def test_isolated(self) -> None:
        """With isolate=TEST each test has its process."""
        tests, durations = make_suite([0.001, 0.003, 0.002])

        batches = make_batches(tests, durations, 2, TEST)

        self.assertEqual(
            [(tests[1],), (tests[2],), (tests[0],)], [batch.tests for batch in batches]
        )

    def test_no_tests(self) -> None:
        """Without tests there are no batches."""
        self.assertEqual([], make_batches([], {"test/test_x.py::TestX.test": 9.0}, 2))


class TestEstimates(unittest.TestCase):
    """What a test may take of which nothing is known."""

    def estimate(self, **known: float) -> float:
        """The estimate for TestA.test in a.py; ``b_TestC_d`` is a test in b.py."""
        durations = {
            "{}.py::{}.{}".format(*name.split("_")): seconds
            for name, seconds in known.items()
        }
        return estimates([ListedTest("a.py", "TestA.test", "a.py")], durations)[0]

    def test_known(self) -> None:
        """What is known counts."""
        self.assertEqual(7.0, self.estimate(a_TestA_test=7.0, a_TestA_b=1.0))

    def test_class(self) -> None:
        """Else the median of its class."""
        self.assertEqual(
            2.0, self.estimate(a_TestA_b=1.0, a_TestA_c=2.0, a_TestA_d=9.0, a_B_e=5.0)
        )

    def test_file(self) -> None:
        """Else the median of its file."""
        self.assertEqual(
            2.0, self.estimate(a_B_b=1.0, a_C_c=2.0, a_B_d=9.0, b_TestA_e=5.0)
        )

    def test_nothing(self) -> None:
        """Else a usual time, whatever other files take."""
        self.assertEqual(DEFAULT_SECONDS, self.estimate(b_TestA_b=5.0))

    def test_no_time(self) -> None:
        """No test is free of cost."""
        self.assertEqual(LEAST_SECONDS, self.estimate(a_TestA_test=0.0))


class TestShards(unittest.TestCase):
    """shard_of."""

    @examples
    @given(mixed_drawn, jobs_drawn)
    def test_partition(self, seconds, count) -> None:
        """Each test is in exactly one shard, and keeps its place before others."""
        tests, durations = make_suite(seconds)

        shards = [shard_of(tests, durations, (n + 1, count)) for n in range(count)]

        self.assertEqual(names(tests), names([t for shard in shards for t in shard]))
        for shard in shards:
            self.assertEqual(names(shard), [test.identity for test in shard])

    @examples
    @given(mixed_drawn, jobs_drawn, st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, seconds, count, random) -> None:
        """Machines that list the tests or know durations in another order agree."""
        tests, durations = make_suite(seconds)
        shuffled, known = list(tests), list(durations.items())
        random.shuffle(shuffled)
        random.shuffle(known)

        self.assertEqual(
            names(shard_of(tests, durations, (1, count))),
            names(shard_of(shuffled, dict(known), (1, count))),
        )

    @examples
    @given(st.lists(st.floats(0.01, 5.0), min_size=1, max_size=60), jobs_drawn)
    def test_balanced(self, seconds, count) -> None:
        """Shards differ by one test at most, that is by no more than the longest."""
        tests, durations = make_suite(seconds)

        loads = [
            sum(durations[t.identity] for t in shard_of(tests, durations, (n, count)))
            for n in range(1, count + 1)
        ]

        self.assertLessEqual(max(loads) - min(loads), max(seconds) + 1e-9)

    def test_longest_first(self) -> None:
        """The longest test is placed first, and the short ones make up for it."""
        tests, durations = make_suite([1.0, 1.0, 1.0, 3.0])

        self.assertEqual(
            [[tests[3]], tests[:3]],
            [list(shard_of(tests, durations, (number, 2))) for number in (1, 2)],
        )

    @examples
    @given(st.integers(1, 60), st.integers(0, 59), jobs_drawn)
    def test_stable(self, count, left_out, shards) -> None:
        """Where nothing is known, a new test moves no other one."""
        after = make_tests(count)
        before = [test for n, test in enumerate(after) if n != left_out % count]

        for number in range(1, shards + 1):
            with_it = shard_of(after, {}, (number, shards))
            without = shard_of(before, {}, (number, shards))
            self.assertEqual(set(before) & set(with_it), set(without))

    def test_same_on_every_machine(self) -> None:
        """Where nothing is known, the name alone decides: today, tomorrow, anywhere."""
        tests = make_tests(12)

        numbers = [t.name[-2:] for t in shard_of(tests, {}, (1, 2))]

        self.assertEqual(["03", "04", "05", "06", "08", "09"], numbers)

    def test_spread_without_durations(self) -> None:
        """Where nothing is known, shards have about as many tests each."""
        tests = make_tests(1000)

        sizes = [len(shard_of(tests, {}, (number, 4))) for number in range(1, 5)]

        self.assertGreater(min(sizes), 200)
        self.assertLess(max(sizes), 300)

    def test_balanced_where_some_is_known(self) -> None:
        """Tests of which nothing is known count as those of their class."""
        tests = make_tests(4, of_class=2)
        durations = {tests[0].identity: 10.0}

        self.assertEqual(
            [[tests[0], tests[2]], [tests[1], tests[3]]],
            [list(shard_of(tests, durations, (number, 2))) for number in (1, 2)],
        )


class TestEnvironment(unittest.TestCase):
    """shard_from_environment."""

    def shard(self, total=None, index=None, status=None):
        """The shard that these values of the variables ask for."""
        names = "TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX", "TEST_SHARD_STATUS_FILE"
        pairs = zip(names, (total, index, status))
        return shard_from_environment({k: v for k, v in pairs if v is not None})

    def test_index_from_zero(self) -> None:
        """Indices begin at 0, numbers of shards at 1."""
        self.assertEqual((1, 5), self.shard("5", "0"))
        self.assertEqual((5, 5), self.shard("5", "4"))

    def test_no_shard(self) -> None:
        """Without the variables, or with empty ones, all tests run."""
        self.assertIsNone(self.shard())
        self.assertIsNone(self.shard(total="", index=""))

    def test_malformed(self) -> None:
        """A value that asks for no shard is an error that says what to do."""
        for total, index, message in (
            ("five", "0", "^TEST_TOTAL_SHARDS=five: .* set it to a whole number"),
            ("5", "-1", "^TEST_SHARD_INDEX=-1: .* set it to a whole number"),
            ("5", "1.5", "^TEST_SHARD_INDEX=1.5: "),
            ("5", "²", "^TEST_SHARD_INDEX=²: "),
            ("5", None, "^TEST_SHARD_INDEX is not set: .* or unset TEST_TOTAL_SHARDS"),
            ("5", "5", "^TEST_SHARD_INDEX=5, TEST_TOTAL_SHARDS=5: .*from 0"),
            ("0", "0", "^TEST_SHARD_INDEX=0, TEST_TOTAL_SHARDS=0: "),
        ):
            with self.subTest(total=total, index=index):
                with self.assertRaisesRegex(ValueError, message):
                    self.shard(total, index)

    def test_status_file(self) -> None:
        """The status file is made, or stays as it is, if the tests are sharded."""
        with tempfile.TemporaryDirectory() as folder:
            new, old = os.path.join(folder, "new"), os.path.join(folder, "old")
            with open(old, "w") as file:
                file.write("text")

            self.shard("2", "1", new)
            self.shard("2", "1", old)
            self.shard(status=os.path.join(folder, "unused"))

            self.assertEqual(["new", "old"], sorted(os.listdir(folder)))
            with open(old) as file:
                self.assertEqual("text", file.read())

    def test_status_file_that_cannot_be_made(self) -> None:
        """Where it cannot be made, the error names it."""
        with self.assertRaisesRegex(
            ValueError, "^cannot touch TEST_SHARD_STATUS_FILE=/no/file: No such file"
        ):
            self.shard("2", "1", "/no/file")


if __name__ == "__main__":
    unittest.main()
