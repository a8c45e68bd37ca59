"""The command line of ``run_test.py``, read once."""

import argparse
import os
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from common_releases import ReleaseRange

from tools import ROOT
from tools.testing.children import TIMEOUT_SECONDS

EPILOG = """\
A NAME is a folder (quantization/bc), a file with or without its folder and .py
(test_backward_compatibility), a Class, or a Class.test.

exit codes: 0 fine, 1 failures, 2 wrong use or environment, 5 nothing ran,
130 interrupted
"""


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    include: Tuple[str, ...] = ()
    exclude: Tuple[str, ...] = ()
    patterns: Tuple[str, ...] = ()
    writers: str = "*"
    root: str = ROOT
    timeout: float = TIMEOUT_SECONDS
    dry_run: bool = False
    verbose: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def parse_options(arguments: Optional[Sequence[str]] = None) -> Options:
    """The options of a command line; exits with code 2 where it is wrong."""
    parsed = _parser().parse_args(arguments)
    return Options(
        include=_flat(parsed.include),
        exclude=_flat(parsed.exclude),
        patterns=tuple(parsed.patterns),
        writers=parsed.writer,
        root=os.path.abspath(parsed.root),
        timeout=parsed.timeout,
        dry_run=parsed.dry_run,
        verbose=parsed.verbose,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="run_test.py",
        description="Run the suite against the torch of this interpreter.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what to run")
    what.add_argument(
        "-i", "--include", metavar="NAME", nargs="+", action="append", default=[],
        help="only these; may be repeated",
    )  # fmt: skip
    what.add_argument(
        "-x", "--exclude", metavar="NAME", nargs="+", action="append", default=[],
        help="all but these; may be repeated",
    )  # fmt: skip
    what.add_argument(
        "-k", dest="patterns", metavar="PATTERN", action="append", default=[],
        help="only tests whose file.Class.test contains this, or matches it as a "
        "glob if it has a *; may be repeated",
    )  # fmt: skip
    what.add_argument(
        "--writer", metavar="RANGE", type=_releases, default="*",
        help="only goldens of these releases: A..B, A.., ..B or A",
    )  # fmt: skip
    what.add_argument(
        "--root", metavar="DIR", type=_folder, default=ROOT,
        help="the tree whose tests to run (default: this one)",
    )  # fmt: skip
    how = parser.add_argument_group("how to run")
    how.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, default=TIMEOUT_SECONDS,
        help="for each test, and each sub-test (default: %(default)g)",
    )  # fmt: skip
    how.add_argument(
        "--dry-run", action="store_true", help="list what would run, run nothing"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-v", "--verbose", action="store_true",
        help="a line for each outcome, and all that the tests print",
    )  # fmt: skip
    return parser


def _flat(groups: List[List[str]]) -> Tuple[str, ...]:
    return tuple(name for group in groups for name in group)


def _releases(text: str) -> str:
    try:
        return str(ReleaseRange.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text}")
    return seconds
