"""The command ``check``: do test files keep the rules of PyTorch's tree?"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common_golden import GOLDEN_FOLDERS

from tools import ROOT
from tools.golden.declared import declared_goldens, list_suite
from tools.testing import exit_codes
from tools.testing.discovery import is_hidden
from tools.testing.display import plural
from tools.upstream.errors import UpstreamError
from tools.upstream.golden_rules import golden_problems
from tools.upstream.needs import TEST, Tree
from tools.upstream.problem import Problem
from tools.upstream.ruff_rules import NO_PYTHON, ruff_problems
from tools.upstream.rules import source_problems

HELP = "check test files by the rules of PyTorch's tree"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The paths to check."""
    parser.description = HELP
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files or folders below test/ (default: all of it)",
    )


def run(args: argparse.Namespace) -> int:
    """Print each problem, a line each; exit code 1 if there is one."""
    root = Path(ROOT)
    paths = find_sources(root, [Path(path) for path in args.paths] or [root / TEST])
    problems = check_sources(root, paths)
    _print(problems)
    goldens = list(declared_goldens(list_suite()))
    folders = {golden.folder for golden in goldens if golden.file in paths}
    of_goldens = golden_problems(root, goldens, folders if args.paths else None)
    problems += (found := sorted(of_goldens))
    _print(found)
    print(
        f"{plural(len(problems), 'problem')} in {plural(len(paths), 'file')}",
        file=sys.stderr,
    )
    return exit_codes.FAILURES if problems else exit_codes.FINE


def find_sources(root: Path, paths: Sequence[Path]) -> list[str]:
    """The Python files that the paths name, relative to ``root``, sorted.

    Raises UpstreamError for a path that is not below its folder ``test``, or that has
    no Python files.
    """
    found = set()
    for path in paths:
        place = path.resolve()
        if not place.exists():
            raise UpstreamError(f"{path}: no such file or folder")
        if place != root / TEST and root / TEST not in place.parents:
            raise UpstreamError(f"{path}: not below {root / TEST}; name a file there")
        files = place.rglob("*.py") if place.is_dir() else [place]
        own = {f.relative_to(root) for f in files if f.suffix == ".py"}
        if not own:
            raise UpstreamError(f"{path}: no Python file; name one, or its folder")
        found |= {f.as_posix() for f in own if not any(map(_is_passed, f.parts))}
    return sorted(found)


def _is_passed(part: str) -> bool:
    return part in GOLDEN_FOLDERS or (is_hidden(part) and part != "__init__.py")


def check_sources(root: Path, paths: Sequence[str]) -> list[Problem]:
    """What is wrong with the files of a tree.  Raises UpstreamError without ruff."""
    tree = Tree(root)
    problems = ruff_problems(root, paths)
    # The other rules look at what a file imports, too: all has to be Python first.
    if not any(problem.rule == NO_PYTHON for problem in problems):
        for path in paths:
            problems += source_problems(tree, path)
    # An import of several names is one problem.
    return sorted(set(problems))


def _print(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem)
