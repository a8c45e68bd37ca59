"""The part of a run that one of several machines, or one after the other, does.

Each shard sees all tests and takes its own.  With the same tests and the same
durations, or none, each test is in exactly one shard.  Machines whose durations
differ would lose tests and run others twice, so a sharded run must not change them;
``python -m tools.testing merge`` checks that nothing was lost.
"""

import hashlib
import heapq
import re
from typing import Dict, Mapping, Optional, Sequence, Tuple

from tools.testing.records import ListedTest
from tools.testing.scheduling import estimates

# Bazel's protocol, which other programs speak, too.
COUNT_VARIABLE = "TEST_TOTAL_SHARDS"
INDEX_VARIABLE = "TEST_SHARD_INDEX"
STATUS_VARIABLE = "TEST_SHARD_STATUS_FILE"


def shard_from_environment(env: Mapping[str, str]) -> Optional[Tuple[int, int]]:
    """The shard that TEST_SHARD_INDEX (from 0) and TEST_TOTAL_SHARDS ask for.

    As number, from 1, and count; None where they ask for none.  The file
    TEST_SHARD_STATUS_FILE is touched, by which Bazel learns that the run takes
    notice.  Raises ValueError for other values, and where it cannot be touched.
    """
    if not env.get(COUNT_VARIABLE):
        return None
    count = _number(env, COUNT_VARIABLE)
    index = _number(env, INDEX_VARIABLE)
    if index >= count:
        raise ValueError(
            f"{INDEX_VARIABLE}={index}, {COUNT_VARIABLE}={count}: shards are numbered "
            f"from 0, so the index must be below the total"
        )
    if env.get(STATUS_VARIABLE):
        try:
            with open(env[STATUS_VARIABLE], "ab"):
                pass
        except OSError as error:
            raise ValueError(
                f"cannot touch {STATUS_VARIABLE}={env[STATUS_VARIABLE]}: "
                f"{error.strerror}; name a file that can be written, or unset it"
            ) from error
    return index + 1, count


def _number(env: Mapping[str, str], variable: str) -> int:
    text = env.get(variable, "")
    if not re.fullmatch("[0-9]+", text):
        value = f"{variable}={text}" if text else f"{variable} is not set"
        raise ValueError(
            f"{value}: to run a shard set it to a whole number, or unset "
            f"{COUNT_VARIABLE} to run all tests"
        )
    return int(text)


def shard_of(
    tests: Sequence[ListedTest],
    durations: Mapping[str, float],
    shard: Tuple[int, int],
) -> Tuple[ListedTest, ...]:
    """The tests of a shard (number, from 1, and count), in the order given.

    Where a duration of any of them is known, the shards take about equal time.
    Where none is, a test's name alone decides: another test does not move it.
    """
    number, count = shard
    if any(test.identity in durations for test in tests):
        shards = _balanced(tests, durations, count)
    else:
        shards = {test.identity: _hash(test.identity) % count for test in tests}
    return tuple(test for test in tests if shards[test.identity] == number - 1)


def _balanced(
    tests: Sequence[ListedTest], durations: Mapping[str, float], count: int
) -> Dict[str, int]:
    """Identity to shard: each test, the longest first, goes where the least is."""
    seconds = dict(zip((test.identity for test in tests), estimates(tests, durations)))
    loads = [(0.0, shard) for shard in range(count)]
    shards = {}
    for identity in sorted(
        seconds, key=lambda identity: (-seconds[identity], identity)
    ):
        load, shard = loads[0]
        shards[identity] = shard
        heapq.heapreplace(loads, (load + seconds[identity], shard))
    return shards


def _hash(identity: str) -> int:
    digest = hashlib.sha256(identity.encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big")
