"""Reading mode: which goldens a run reads (Python 3.7, no torch).

The driver tells the suite with the environment variable ``GOLDEN_READ``, as JSON.
Without the variable the suite reads everything.
"""

import functools
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from typing import Dict, List, Mapping, Sequence, Set, Tuple

from common_formats import format_version
from common_golden import GoldenError
from common_releases import ReleaseRange, parse_release

VARIABLE = "GOLDEN_READ"


@dataclass(frozen=True)
class ReadingPlan:
    """What to read.

    ``writers`` is a range of releases (common_releases.ReleaseRange).  ``finished``
    has, by ``Class.test``, the parameters of the sub-tests that an interpreter
    finished before it died in another of that test: they are not run again.
    ``quick`` reads few writers of each golden, see ``choose``.
    """

    writers: str = "*"
    finished: Dict[str, List[Dict[str, str]]] = field(default_factory=dict)
    quick: bool = False

    def to_environment(self) -> Dict[str, str]:
        """The environment variable that makes a run follow the plan."""
        return {VARIABLE: json.dumps(asdict(self))}

    def choose(
        self, goldens: Mapping[str, Mapping], reader: str, read: Set[Tuple[str, str]]
    ) -> List[str]:
        """The writers of a golden that are read by the release ``reader``.

        ``goldens`` has the golden's files, kind to path, of each writer, oldest
        first.  A quick run reads the oldest, and one later writer, unless the test
        has read files of its format versions already: ``read`` has kinds and versions
        that it has read, and gets those of this golden.  It reads none that is newer
        than the reader, which it may fail to read, unless there is no other.
        """
        releases = ReleaseRange.parse(self.writers)
        writers = [writer for writer in goldens if writer in releases]
        if not self.quick:
            return writers
        promised = [w for w in writers if parse_release(w) <= parse_release(reader)]
        if not promised:
            return writers[-1:]
        oldest, *later = promised
        if not later:
            return [oldest]
        chosen = _one_of(later, goldens)
        versions = _versions(goldens[chosen])
        if read.issuperset(versions):
            return [oldest]
        read.update(versions, _versions(goldens[oldest]))
        return [oldest, chosen]

    def has_finished(self, test: str, parameters: Dict[str, str]) -> bool:
        """Whether this sub-test of ``Class.test`` has its outcome already."""
        return parameters in self.finished.get(test, ())


def _one_of(writers: Sequence[str], goldens: Mapping[str, Mapping]) -> str:
    """A writer that the golden's name decides on.

    So the tests of an area, each of which reads few writers, together read all.  It is
    the same in each run, and remains so when there are more writers, unless it is one
    of these.
    """

    def rank(writer: str) -> bytes:
        files = goldens[writer]
        names = [os.path.basename(files.path_of(kind)) for kind in files]
        return hashlib.sha256(" ".join([writer, *names]).encode()).digest()

    return max(writers, key=rank)


def _versions(files: Mapping) -> List[Tuple[str, str]]:
    """Kinds and format versions of a golden's files."""
    return [(kind, _version(files.path_of(kind))) for kind in files]


# A test asks for the same files again for each way in which it reads them.
@functools.lru_cache(maxsize=4096)
def _version(path: str) -> str:
    try:
        return format_version(path)
    except OSError:
        return "missing"  # a version of its own: it is read, to fail as it should


def read_reading_plan() -> ReadingPlan:
    """The plan of this run.  Raises GoldenError where the variable holds none."""
    text = os.environ.get(VARIABLE)
    if not text:
        return ReadingPlan()
    try:
        return ReadingPlan(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise GoldenError(
            f"{VARIABLE} is not a plan ({error}); use run_test.py --writer or --quick"
        ) from error
