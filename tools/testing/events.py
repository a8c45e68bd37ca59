"""What happens while jobs run, as ``running.Run`` tells it."""

from dataclasses import dataclass
from typing import BinaryIO, Dict, Tuple, Union

from tools.testing.jobs import Test
from tools.testing.records import Outcome


@dataclass(frozen=True)
class Began:
    """A worker has begun a test or sub-test."""

    worker: int
    identity: str
    parameters: Dict[str, str]


@dataclass(frozen=True)
class Ended:
    """A test or sub-test has an outcome.

    ``company`` are the tests that ran before it in its process, if it failed.
    """

    worker: int
    outcome: Outcome
    company: Tuple[Test, ...] = ()


@dataclass(frozen=True)
class Finished:
    """Nothing more will come of a test."""

    worker: int
    identity: str


@dataclass(frozen=True)
class Printed:
    """A job has ended, and printed this since byte ``start``; read it at once."""

    worker: int
    output: BinaryIO
    start: int


@dataclass(frozen=True)
class Rested:
    """A worker has nothing to do."""

    worker: int


@dataclass(frozen=True)
class Tick:
    """Some time has passed."""


Event = Union[Began, Ended, Finished, Printed, Rested, Tick]
