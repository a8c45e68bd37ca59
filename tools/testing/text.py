"""Text that every report can hold: nothing forbidden, nothing endless."""

import re

# What XML 1.0 forbids, and carriage returns, which its readers make newlines.
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def visible(text: str) -> str:
    r"""The text with control characters and lone surrogates spelled out.

    A newline and a tab stay what they are; an escape character becomes ``\x1b``.
    """
    return _FORBIDDEN.sub(lambda found: ascii(found.group())[1:-1], text)


def cut(text: str, limit: int) -> str:
    """The text; of one above ``limit`` characters both ends, and how much is gone.

    The note comes on top of the limit.
    """
    if len(text) <= limit:
        return text
    head, tail = text[: limit // 2], text[-(limit // 2) :]
    left_out = len(text) - len(head) - len(tail)
    return f"{head} ... ({left_out} characters left out) ... {tail}"
