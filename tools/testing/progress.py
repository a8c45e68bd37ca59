"""How far a run is."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence

from tools.testing.records import FAILED, ListedTest, Outcome, is_failure

SLOW_SECONDS = 10.0  # a test that takes longer is announced while it runs


@dataclass
class RunningTest:
    """What a worker runs.  ``since`` is the time of the tick after it began."""

    identity: str
    parameters: Mapping[str, str]
    since: Optional[float] = None
    slow_from: float = SLOW_SECONDS  # next announced when it runs for so long

    @property
    def name(self) -> str:
        """``Class.test (writer=1.3.1)``, as an outcome's."""
        test = self.identity.partition("::")[2]
        return Outcome(self.file, test, "", dict(self.parameters)).name

    @property
    def file(self) -> str:
        """Its file."""
        return file_of(self.identity)

    def seconds(self, now: float) -> float:
        """How long it runs."""
        return 0.0 if self.since is None else now - self.since


@dataclass
class FileProgress:
    """What became of a file's tests so far."""

    name: str
    left: int = 0  # of its selected tests
    seconds: float = 0.0  # that its tests took
    counts: Dict[str, int] = field(default_factory=Counter)


class Progress:
    """Which tests run, which have ended, and how long the others may take.

    ``seconds`` maps the identities of tests to how long they took before, where
    that is known; ``jobs`` is the number of workers.
    """

    def __init__(
        self, tests: Sequence[ListedTest], seconds: Mapping[str, float], jobs: int
    ):
        self._waiting = {test.identity: seconds.get(test.identity) for test in tests}
        recorded = [each for each in self._waiting.values() if each is not None]
        self._recorded_left = sum(recorded)
        self._mean = sum(recorded) / len(recorded) if recorded else None
        self._unrecorded_left = len(self._waiting) - len(recorded)
        self._measured = 0.0
        self._jobs = jobs
        self._files: Dict[str, FileProgress] = {}
        for identity in self._waiting:
            self._file(file_of(identity)).left += 1
        self.total = len(self._waiting)
        self.files = len(self._files)
        self.files_done = 0
        self.counts: Dict[str, int] = Counter()  # outcomes; failures of any kind as one
        # By worker, in the order they came; None: between two tests.
        self.running: Dict[int, Optional[RunningTest]] = {}
        self.seconds: Dict[str, float] = {}  # what the tests that ended took

    @property
    def done(self) -> int:
        """The number of tests that have ended."""
        return self.total - len(self._waiting)

    def _file(self, name: str) -> FileProgress:
        if name not in self._files:
            self._files[name] = FileProgress(name)
        return self._files[name]

    def started(
        self, worker: int, identity: str, parameters: Mapping[str, str]
    ) -> None:
        """A test or sub-test begins, or goes on after its sub-test."""
        running = self.running.get(worker)
        if running is not None and running.identity == identity:
            running.parameters = parameters
        else:
            self.running[worker] = RunningTest(identity, parameters)

    def outcome(self, outcome: Outcome) -> None:
        """A test or sub-test has an outcome."""
        state = FAILED if is_failure(outcome.state) else outcome.state
        self.counts[state] += 1
        self._file(outcome.file).counts[state] += 1

    def ended(
        self, worker: int, identity: str, seconds: float
    ) -> Optional[FileProgress]:
        """A test has ended; its file, if it was the last one of it.

        One that runs again counts once.
        """
        self.running[worker] = None
        if identity not in self._waiting:
            return None
        expected = self._waiting.pop(identity)
        if expected is None:
            self._unrecorded_left -= 1
        else:
            self._recorded_left -= expected
        self.seconds[identity] = seconds
        self._measured += seconds
        file = self._file(file_of(identity))
        file.left -= 1
        file.seconds += seconds
        if file.left:
            return None
        self.files_done += 1
        return file

    def idle(self, worker: int) -> None:
        """A worker has nothing to run, or has gone."""
        self.running.pop(worker, None)

    def tick(self, now: float) -> List[RunningTest]:
        """Take the time, in seconds of any clock; which tests are to be announced
        as slow: each after SLOW_SECONDS, and whenever that has doubled."""
        slow = []
        for running in filter(None, self.running.values()):
            if running.since is None:
                running.since = now
            elif running.seconds(now) >= running.slow_from:
                slow.append(running)
                while running.seconds(now) >= running.slow_from:
                    running.slow_from *= 2
        return slow

    def seconds_left(self, now: float) -> Optional[float]:
        """An estimate, or None where nothing is known to found it on."""
        mean = self._mean
        if mean is None:
            if not self.seconds:
                return None
            mean = self._measured / len(self.seconds)
        left = self._recorded_left + self._unrecorded_left * mean
        for running in filter(None, self.running.values()):
            expected = self._waiting.get(running.identity, 0.0)
            left -= min(running.seconds(now), mean if expected is None else expected)
        return left / self._jobs


def file_of(identity: str) -> str:
    """The file in the identity of a test."""
    return identity.partition("::")[0]
