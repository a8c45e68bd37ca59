"""Which tests the options select: ``-i``, ``-x``, ``-k`` and ``--last-failed``.

A name is a folder or a file, relative to the tree or to its test folder, with or
without ``.py``; the bare name of a file; ``Class``; ``Class.test``; or, of one file
only, ``file::Class`` and ``file::Class.test``.
"""

import difflib
import fnmatch
import functools
import os
import posixpath
from dataclasses import dataclass
from typing import (
    Container,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from tools.testing.errors import WrongUse
from tools.testing.options import Options
from tools.testing.records import ListedTest, Listing, Outcome

SEPARATOR = "::"  # between a file and what is in it
WHOLE = ""  # what is selected in a file: all of it


class UnmatchedName(WrongUse):
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


def files_to_list(
    files: Sequence[str],
    options: Options,
    last_failed: Optional[Sequence[str]] = None,
) -> Tuple[str, ...]:
    """The files that must be imported to know what ``options`` select.

    A name that is no file may be a class, anywhere: then all.  The files of names
    with ``::`` are always among them, for the names to be checked.
    """
    groups = {
        name: {file for file in files if _is_file(_file_of(name), file, options.root)}
        for name in options.include + options.exclude
    }
    if not all(groups.values()):
        return tuple(files)
    wanted = set(files)
    if options.include:
        wanted = set().union(*(groups[name] for name in options.include))
    if last_failed is not None:
        wanted &= set(map(_file_of, last_failed))
    wanted.update(*(groups[name] for name in groups if SEPARATOR in name))
    return tuple(file for file in files if file in wanted)


def select(
    files: Sequence[str],
    listing: Listing,
    options: Options,
    last_failed: Optional[Sequence[str]] = None,
) -> Selection:
    """The tests that the options select.  Raises UnmatchedName.

    ``last_failed`` is for --last-failed: what may be selected at all.  Each is
    exactly ``file``, ``file::Class`` or ``file::Class.test``; what is gone selects
    nothing.  None is for a run without that option.
    """
    root = options.root
    _check_names(files, listing, options)
    include = options.include or (".",)
    included, excluded, failed = {}, {}, None
    for file in {each.file for each in listing.tests + listing.problems}:
        included[file] = _parts(include, file, root)
        excluded[file] = _parts(options.exclude, file, root)
    if last_failed is not None:
        failed = {file: set() for file in map(_file_of, last_failed)}
        for name in last_failed:
            failed[_file_of(name)].add(name.partition(SEPARATOR)[2])
    tests = [
        test
        for test in listing.tests
        if _is_in(test, included)
        and not _is_in(test, excluded)
        and (failed is None or _is_in(test, failed))
        and (not options.patterns or _matches(options.patterns, test))
    ]
    # Of a file that cannot be imported nobody knows what a name in it selects.
    problems = [
        problem
        for problem in listing.problems
        if any(_is_file(_file_of(name), problem.file, root) for name in include)
        and WHOLE not in excluded[problem.file]
        and (failed is None or problem.file in failed)
    ]
    return Selection(without_twins(tests), tuple(problems))


def without_twins(tests: Sequence[ListedTest]) -> Tuple[ListedTest, ...]:
    """The tests without those that also stand where their class is defined.

    A file that aggregates others, as test_jit.py does, lists their tests again.  And
    of tests of one name in a file, which run together, one stands for all.
    """
    at_home: Set[Tuple[str, str]] = {
        (test.file, test.name) for test in tests if test.file == test.defined
    }
    at_home_or_only = (
        test
        for test in tests
        if test.file == test.defined or (test.defined, test.name) not in at_home
    )
    return tuple({test.identity: test for test in at_home_or_only}.values())


def _parts(names: Iterable[str], file: str, root: str) -> Set[str]:
    """What names select in a file: classes, tests, or WHOLE."""
    parts = set()
    for name in names:
        of_file, separator, inner = name.partition(SEPARATOR)
        if not separator:
            parts.add(WHOLE if _is_file(name, file, root) else name)
        elif _is_file(of_file, file, root):
            parts.add(inner)
    return parts


def _is_in(test: ListedTest, parts: Mapping[str, Container[str]]) -> bool:
    chosen = parts.get(test.file, ())
    return any(part in chosen for part in (WHOLE, *_scopes(test.name)))


def _scopes(test: str) -> List[str]:
    """The class of a test, and the test."""
    dots = [place for place, letter in enumerate(test) if letter == "."]
    return [test[:place] for place in dots] + [test]


def _is_file(name: str, file: str, root: str) -> bool:
    """Whether ``name`` is this file, or a folder around it."""
    return _as_path(name, root) in _spellings(file)


# Both are asked for each name with each file.
@functools.lru_cache(maxsize=None)
def _as_path(name: str, root: str) -> str:
    if not name:
        return name  # and not ".", which is everything
    if os.path.isabs(name):
        name = os.path.relpath(name, root)
    return _stem(posixpath.normpath(name.replace(os.sep, "/")))


@functools.lru_cache(maxsize=None)
def _spellings(file: str) -> FrozenSet[str]:
    """How a file and the folders around it may be written, without ``.py``."""
    path = _stem(file)
    found = {".", posixpath.basename(path)}
    for spelling in (path, _below_test(path)):
        while spelling:
            found.add(spelling)
            spelling = posixpath.dirname(spelling)
    return frozenset(found)


def _file_of(name: str) -> str:
    return name.partition(SEPARATOR)[0]


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


def _check_names(files: Sequence[str], listing: Listing, options: Options) -> None:
    contents: Dict[str, Set[str]] = {file: set() for file in files}
    for test in listing.tests:
        contents.setdefault(test.file, set()).update(_scopes(test.name))
    everywhere = set().union(*contents.values())
    broken = {problem.file for problem in listing.problems}
    for name in options.include + options.exclude:
        of_file, separator, inner = name.partition(SEPARATOR)
        near = [file for file in files if _is_file(of_file, file, options.root)]
        if separator:
            known = any(inner in contents[file] or file in broken for file in near)
        else:
            known = near or name in everywhere
        if not known:
            close = _close_names(name, near, files, listing)
            hint = f"; close to it: {', '.join(close)}" if close else ""
            if broken:
                hint += f"; these files gave no tests: {', '.join(sorted(broken))}"
            raise UnmatchedName(
                f"no folder, file, class or test is named {name!r}{hint}"
            )


def _close_names(
    name: str, near: Sequence[str], files: Sequence[str], listing: Listing
) -> List[str]:
    """What somebody may have meant, in full; ``near`` are the files that they named."""
    of_file, separator, inner = name.partition(SEPARATOR)
    if not separator:
        return _closest(name, _known_names(files, listing))
    if not near:
        paths = {spelling: file for file in files for spelling in _spellings(file)}
        near = _closest(of_file, paths)
    known = {}
    for test in listing.tests:
        if test.file in near:
            of_class, _, method = test.identity.rpartition(".")
            known[of_class.partition(SEPARATOR)[2]] = of_class
            known[test.name] = known[method] = test.identity
    return _closest(inner, known) or list(near)


def _closest(name: str, known: Dict[str, str]) -> List[str]:
    matches = difflib.get_close_matches(name, known, n=3)
    return list(dict.fromkeys(known[match] for match in matches))


def _known_names(files: Sequence[str], listing: Listing) -> Dict[str, str]:
    """What may be typed, and how that is spelled in full."""
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
