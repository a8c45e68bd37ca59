"""Text for a terminal or a log, whatever the tests put into it."""

import os
import re
import sys
from typing import Iterable, Match, TextIO

from tools.testing.text import cut, visible

LINE_LIMIT = 400  # characters of a message that is to be one line
# What a report may hold and a terminal may not: the other control characters, ends of
# lines that are no newlines, and what turns the direction of writing.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_BREAKS = re.compile("[\t\n]")


def clean(text: str) -> str:
    r"""The text with what would move the cursor spelled out, ``\x1b``.

    Newlines and tabs stay.
    """
    return _UNSAFE.sub(_spelled_out, visible(text.replace("\r\n", "\n")))


def clean_line(text: str) -> str:
    """As ``clean``, with newlines and tabs spelled out, too; cut if it is long."""
    return _BREAKS.sub(_spelled_out, clean(cut(text, LINE_LIMIT)))


def complain(problems: Iterable[str]) -> None:
    """Tell of errors, a line each, where errors belong."""
    for problem in problems:
        SafeStream(sys.stderr).line(f"error: {clean(problem)}")


def _spelled_out(match: Match) -> str:
    return ascii(match.group())[1:-1]


class SafeStream:
    """A text stream whose writes never raise.

    What its encoding lacks is escaped.  After the first failure, such as a closed
    pipe, it is ``broken`` and takes all that is written to it silently.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.broken = False

    def write(self, text: str) -> int:
        """Write text; its length."""
        safe = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        self._attempt(self._stream.write, safe)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._attempt(self._stream.flush)

    def line(self, text: str) -> None:
        """Write text and a newline, at once."""
        self.write(text + "\n")
        self.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Its descriptor.  Raises OSError where it has none."""
        return self._stream.fileno()

    def _attempt(self, function, *arguments) -> None:
        if self.broken:
            return
        try:
            function(*arguments)
        except OSError:
            self.broken = True
            self._discard()

    def _discard(self) -> None:
        # What is left in the buffer would fail again, and with a message, when the
        # interpreter exits.
        try:
            descriptor = self.fileno()
        except OSError:
            return
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
