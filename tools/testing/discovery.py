"""Finding the test files of a tree."""

import fnmatch
import os
from typing import Tuple

TEST_FILE = "test_*.py"


def folder_of_tests(root: str) -> str:
    """The folder ``test`` of a tree, or the tree itself where it has none."""
    folder = os.path.join(os.path.abspath(root), "test")
    return folder if os.path.isdir(folder) else os.path.abspath(root)


def find_test_files(root: str) -> Tuple[str, ...]:
    """Every test file of a tree, relative to ``root``, with slashes, sorted."""
    root = os.path.abspath(root)
    found = []
    for folder, names, files in os.walk(folder_of_tests(root)):
        names[:] = [name for name in names if not is_hidden(name)]
        for name in fnmatch.filter(files, TEST_FILE):
            path = os.path.relpath(os.path.join(folder, name), root)
            found.append(path.replace(os.sep, "/"))
    return tuple(sorted(found))


def is_hidden(folder: str) -> bool:
    """Whether a folder of this name holds no tests, such as .git or __pycache__."""
    return folder.startswith((".", "__"))
