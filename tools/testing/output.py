"""The end of what children printed, from the file that took it."""

import os
from typing import BinaryIO, List, Optional, Tuple

TAIL_LINES = 40
LINE_LIMIT = 1000  # characters; a longer line is cut
_BLOCK = 1 << 20  # bytes


def output_lines(
    stream: BinaryIO,
    start: int = 0,
    limit: Optional[int] = TAIL_LINES,
    stop: Optional[int] = None,
) -> Tuple[List[str], int]:
    """The last ``limit`` lines from byte ``start`` to ``stop``, and how many before.

    With ``limit`` None all lines; with ``stop`` None to the end.
    """
    stream.flush()
    position = stream.tell()
    size = stream.seek(0, os.SEEK_END) if stop is None else stop
    # Reads no more of a huge file than its end can show, but counts all lines.
    first = start if limit is None else max(start, size - limit * LINE_LIMIT * 4)
    left_out = _count_lines(stream, start, first)
    stream.seek(first)
    text = stream.read(size - first).decode("utf-8", "backslashreplace")
    stream.seek(position)
    lines = [_cut(line) for line in text.splitlines()]
    if limit is not None and len(lines) > limit:
        left_out += len(lines) - limit
        lines = lines[-limit:]
    return lines, left_out


def _count_lines(stream: BinaryIO, start: int, stop: int) -> int:
    stream.seek(start)
    count = 0
    while stream.tell() < stop:
        count += stream.read(min(_BLOCK, stop - stream.tell())).count(b"\n")
    return count


def _cut(line: str) -> str:
    return line if len(line) <= LINE_LIMIT else line[:LINE_LIMIT] + " ..."
