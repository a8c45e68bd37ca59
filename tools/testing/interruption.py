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

    Whoever runs looks there from time to time, or waits in ``raising``.  A signal
    that the process was started to ignore, as a shell's background job is, stays
    ignored.
    """

    def __init__(self) -> None:
        self.signals: List[int] = []
        self._raising = False

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
        if self._raising:
            raise Interrupted()

    @contextlib.contextmanager
    def raising(self) -> Iterator[None]:
        """While inside, a signal raises Interrupted; so does one of before.

        What has to be cleaned up after it is cleaned up outside, undisturbed.
        """
        if self.signals:
            raise Interrupted()
        self._raising = True
        try:
            yield
        finally:
            self._raising = False
