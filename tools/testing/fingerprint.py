"""Whether the sources of the tests changed, by one look at their folder."""

import hashlib
import os
from contextlib import suppress
from typing import Any, Iterator, Tuple

from common_golden import GOLDEN_FOLDERS

from tools.testing.discovery import folder_of_tests, is_hidden

_SOURCES = (".py", ".csv")


def fingerprint_of(root: str) -> str:
    """A text that is another one after any change to the sources of a tree's tests.

    Sources are the Python and CSV files below its test folder, but for those that
    ``is_watched`` leaves out.  Take it before they are imported.

    It is made of size and times, not of content.  That is fast, and errs on the
    harmless side: a new checkout counts as a change.  No tool sets ctime back.
    """
    return digest(sorted(_sources(folder_of_tests(root), "")))


def is_watched(name: str) -> bool:
    """Whether the path, with slashes, is not in a hidden folder or among goldens."""
    return not any(_is_passed_over(folder) for folder in name.split("/")[:-1])


def digest(content: Any) -> str:
    """A short text for plain data: equal for equal data, else another one."""
    return hashlib.sha256(ascii(content).encode("ascii")).hexdigest()


def _sources(folder: str, prefix: str) -> Iterator[Tuple[str, int, int, int]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not _is_passed_over(entry.name):
                    yield from _sources(entry.path, name + "/")
            elif name.endswith(_SOURCES):
                try:
                    status = entry.stat()
                except OSError:
                    continue  # a link to nowhere
                yield name, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_passed_over(folder: str) -> bool:
    return folder in GOLDEN_FOLDERS or is_hidden(folder)
