"""The fewest writers that have every format version."""

import itertools
import unittest

from common_releases import parse_release
from hypothesis import given
from hypothesis import strategies as st

from tools.upstream.writers import fewest

RELEASES = ("1.2.0", "1.9.1", "1.10.2", "2.0.1", "2.15.0")
# Of each writer the versions of two goldens' files.
VERSIONS = st.dictionaries(
    st.sampled_from(RELEASES),
    st.sets(
        st.tuples(st.sampled_from("AB"), st.sampled_from("xy"), st.sampled_from("123")),
        min_size=1,
    ),
)


class TestFewest(unittest.TestCase):
    """``fewest`` against trying all choices."""

    @given(VERSIONS)
    def test_smallest(self, versions: dict) -> None:
        """The choice has all versions, and no smaller one has."""
        found = fewest(versions)

        wanted = set().union(*versions.values())
        self.assertEqual(wanted, set().union(*map(versions.__getitem__, found)))
        for choice in itertools.combinations(versions, max(0, len(found) - 1)):
            if found:
                smaller = set().union(*map(versions.__getitem__, choice))
                self.assertNotEqual(wanted, smaller)

    def test_oldest(self) -> None:
        """Of writers with the same versions the oldest is taken, by number."""
        same = {("A", "x", "1")}
        versions = dict.fromkeys(sorted(RELEASES, reverse=True), same)

        self.assertEqual({min(RELEASES, key=parse_release)}, fewest(versions))

    def test_none(self) -> None:
        """Without writers none is taken."""
        self.assertEqual(frozenset(), fewest({}))


if __name__ == "__main__":
    unittest.main()
