"""Which tests the options select: ``-i``, ``-x`` and ``-k``.

A name is a folder or a file, relative to the tree or to its test folder, with or
without ``.py``; the bare name of a file; ``Class``; or ``Class.test``.
"""

import difflib
import fnmatch
import os
import posixpath
from dataclasses import dataclass
from typing import Dict, Iterable, Sequence, Set, Tuple

from tools.testing.execution import ListedTest, Listing
from tools.testing.options import Options
from tools.testing.records import Outcome


class UnmatchedName(ValueError):
    """A name selects nothing; the message names what comes close."""


@dataclass(frozen=True)
class Selection:
    """What to run, and outcomes for selected files that cannot be imported."""

    tests: Tuple[ListedTest, ...]
    problems: Tuple[Outcome, ...]

    @property
    def files(self) -> Tuple[str, ...]:
        """The files of the tests, each once, in order."""
        return tuple(dict.fromkeys(test.file for test in self.tests))


def files_to_list(files: Sequence[str], options: Options) -> Tuple[str, ...]:
    """The files that must be imported to know what ``options`` select.

    A name that is no file may be a class, anywhere: then all.
    """
    groups = {
        name: {file for file in files if names_file(name, file, options.root)}
        for name in options.include + options.exclude
    }
    if not options.include or not all(groups.values()):
        return tuple(files)
    wanted = set().union(*(groups[name] for name in options.include))
    return tuple(file for file in files if file in wanted)


def select(files: Sequence[str], listing: Listing, options: Options) -> Selection:
    """The tests that the options select.  Raises UnmatchedName."""
    root = options.root
    for name in options.include + options.exclude:
        _check_name(name, files, listing, root)

    def named(names: Iterable[str], file: str, test: str = "") -> bool:
        return any(
            names_file(name, file, root) or (test and names_test(name, test))
            for name in names
        )

    tests = [
        test
        for test in listing.tests
        if (not options.include or named(options.include, test.file, test.name))
        and not named(options.exclude, test.file, test.name)
        and (not options.patterns or _matches(options.patterns, test))
    ]
    problems = tuple(
        problem
        for problem in listing.problems
        if (not options.include or named(options.include, problem.file))
        and not named(options.exclude, problem.file)
    )
    return Selection(without_twins(tests), problems)


def without_twins(tests: Sequence[ListedTest]) -> Tuple[ListedTest, ...]:
    """The tests without those that also stand where their class is defined.

    A file that aggregates others, as test_jit.py does, lists their tests again.
    """
    at_home: Set[Tuple[str, str]] = {
        (test.file, test.name) for test in tests if test.file == test.defined
    }
    return tuple(
        test
        for test in tests
        if test.file == test.defined or (test.defined, test.name) not in at_home
    )


def names_file(name: str, file: str, root: str) -> bool:
    """Whether ``name`` is this file, or a folder around it."""
    if os.path.isabs(name):
        name = os.path.relpath(name, root)
    name = _stem(posixpath.normpath(name.replace(os.sep, "/")))
    path = _stem(file)
    return name in (".", posixpath.basename(path)) or any(
        spelling == name or spelling.startswith(name + "/")
        for spelling in (path, _below_test(path))
    )


def names_test(name: str, test: str) -> bool:
    """Whether ``name`` is this test, or its class."""
    return test == name or test.startswith(name + ".")


def _matches(patterns: Iterable[str], test: ListedTest) -> bool:
    """As unittest's -k: a glob over ``file.Class.test``, or a part of that."""
    whole = f"{posixpath.basename(_stem(test.file))}.{test.name}"
    return any(
        fnmatch.fnmatchcase(whole, pattern if "*" in pattern else f"*{pattern}*")
        for pattern in patterns
    )


def _stem(path: str) -> str:
    return path[: -len(".py")] if path.endswith(".py") else path


def _below_test(path: str) -> str:
    return path[len("test/") :] if path.startswith("test/") else path


def _check_name(name: str, files: Sequence[str], listing: Listing, root: str) -> None:
    if any(names_file(name, file, root) for file in files):
        return
    if any(names_test(name, test.name) for test in listing.tests):
        return
    known = _known_names(files, listing)
    close = dict.fromkeys(
        known[match] for match in difflib.get_close_matches(name, known, n=3)
    )
    hint = f"; close to it: {', '.join(close)}" if close else ""
    if listing.problems:
        broken = ", ".join(sorted({problem.file for problem in listing.problems}))
        hint += f"; these files gave no tests: {broken}"
    raise UnmatchedName(f"no folder, file, class or test is named {name!r}{hint}")


def _known_names(files: Sequence[str], listing: Listing) -> Dict[str, str]:
    """What somebody may have meant to type, and how that is spelled in full."""
    names = {}
    for file in files:
        path = _below_test(_stem(file))
        while path:
            names[path] = names[posixpath.basename(path)] = path
            path = posixpath.dirname(path)
    for test in listing.tests:
        class_name, _, method = test.name.rpartition(".")
        names[class_name] = class_name
        names[test.name] = names[method] = test.name
    return names
