"""Ctrl-C and SIGTERM: how a run is asked to end."""

import contextlib
import signal
import threading
from typing import Iterator, List

from tools.testing import exit_codes


class Interrupted(BaseException):
    """A signal ended the run before it began to run tests."""


class Interruption:
    """While inside, the two signals are kept in ``signals``, in order.

    They raise Interrupted besides, unless it is ``deferred``.  A signal that the
    process was started to ignore, as a shell's background job is, stays ignored.
    """

    def __init__(self) -> None:
        self.signals: List[int] = []
        self._deferred = False

    @property
    def exit_code(self) -> int:
        """That of a run which the first signal has ended."""
        return exit_codes.BY_SIGNAL + self.signals[0]

    def __enter__(self) -> "Interruption":
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, _: object) -> None:
        self.signals.append(number)
        if not self._deferred:
            raise Interrupted()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """While inside, whoever runs looks at ``signals`` from time to time."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
