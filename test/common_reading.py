"""Reading mode: which goldens a run reads (Python 3.7, no torch).

The driver tells the suite with the environment variable ``GOLDEN_READ``, as JSON.
Without the variable the suite reads everything.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Dict, List

from common_golden import GoldenError
from common_releases import ReleaseRange

VARIABLE = "GOLDEN_READ"


@dataclass(frozen=True)
class ReadingPlan:
    """What to read.

    ``writers`` is a range of releases (common_releases.ReleaseRange).  ``finished``
    has, by ``Class.test``, the parameters of the sub-tests that an interpreter
    finished before it died in another of that test: they are not run again.
    """

    writers: str = "*"
    finished: Dict[str, List[Dict[str, str]]] = field(default_factory=dict)

    def to_environment(self) -> Dict[str, str]:
        """The environment variable that makes a run follow the plan."""
        return {VARIABLE: json.dumps(asdict(self))}

    def reads(self, writer: str) -> bool:
        """Whether goldens of this release are read."""
        return writer in ReleaseRange.parse(self.writers)

    def has_finished(self, test: str, parameters: Dict[str, str]) -> bool:
        """Whether this sub-test of ``Class.test`` has its outcome already."""
        return parameters in self.finished.get(test, ())


def read_reading_plan() -> ReadingPlan:
    """The plan of this run.  Raises GoldenError where the variable holds none."""
    text = os.environ.get(VARIABLE)
    if not text:
        return ReadingPlan()
    try:
        return ReadingPlan(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise GoldenError(
            f"{VARIABLE} is not a plan ({error}); use run_test.py --writer"
        ) from error
