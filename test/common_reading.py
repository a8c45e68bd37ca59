"""Reading mode: which goldens a run reads (Python 3.7, no torch).

The driver tells the suite with the environment variable ``GOLDEN_READ``, as JSON.
Without the variable the suite reads everything.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

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

    def choose(self, goldens: Mapping[str, Mapping], reader: str) -> List[str]:
        """The writers of a golden that are read by the release ``reader``.

        ``goldens`` has the golden's files, kind to path, of each writer, oldest
        first.  A quick run reads the oldest, the newest, and the first of each
        format version between; none that is newer than the reader, which it may
        fail to read, unless there is no other.
        """
        releases = ReleaseRange.parse(self.writers)
        writers = [writer for writer in goldens if writer in releases]
        if not self.quick:
            return writers
        promised = [w for w in writers if parse_release(w) <= parse_release(reader)]
        return _that_differ(promised, goldens) or writers[-1:]

    def has_finished(self, test: str, parameters: Dict[str, str]) -> bool:
        """Whether this sub-test of ``Class.test`` has its outcome already."""
        return parameters in self.finished.get(test, ())


def _that_differ(writers: Sequence[str], goldens: Mapping[str, Mapping]) -> List[str]:
    """The oldest writer, the newest, and the first of each format version between.

    One whose golden is missing or altered is among them, to fail as it should.
    """
    versions = {writer: _versions(goldens[writer]) for writer in writers}
    chosen = set(writers[:1]) | set(writers[-1:])
    known = {versions[writer] for writer in chosen}
    for writer in writers:
        if versions[writer] is None or versions[writer] not in known:
            chosen.add(writer)
            known.add(versions[writer])
    return [writer for writer in writers if writer in chosen]


def _versions(files: Mapping) -> Optional[Tuple[str, ...]]:
    """The format versions of a golden's files, None where it cannot be used."""
    try:
        return tuple(_version(files, kind) for kind in files)
    except GoldenError:
        return None


# By path and state of the file: a test asks for the same files again for each way in
# which it reads them.
_known: Dict[Tuple, str] = {}


def _version(files: Mapping, kind: str) -> str:
    path = files.path_of(kind)
    try:
        status = os.stat(path)
    except OSError as error:
        raise GoldenError(f"{path}: {error.strerror}") from error
    state = (path, status.st_mtime_ns, status.st_size)
    if state not in _known:
        _known[state] = format_version(files[kind])
    return _known[state]


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
