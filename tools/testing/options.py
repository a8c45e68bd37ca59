"""The command line of ``run_test.py``, read once."""

import argparse
import os
import re
from dataclasses import dataclass
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from common_releases import ReleaseRange

from tools import ROOT
from tools.testing import exit_codes
from tools.testing.plan import BATCH, FORK, SPAWN, TEST, TIMEOUT_SECONDS
from tools.testing.sharding import shard_from_environment

LEAST_MEMORY = 1 << 20  # bytes; --memory-limit 500 was not meant so
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMG]?)B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

EPILOG = """\
A NAME is a folder (quantization/bc), a file with or without its folder and .py
(test_backward_compatibility), a Class, a Class.test, or file::Class.test. With
@FILE the names are read from a file, such as --failed-to writes, one a line.

exit codes: 0 fine, 1 failures, 2 wrong use or environment, 5 nothing ran,
130 interrupted, 143 ended by SIGTERM

environment: TEST_TOTAL_SHARDS and TEST_SHARD_INDEX (from 0) stand for --shard,
XML_OUTPUT_FILE for --save-xml
"""


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    include: Tuple[str, ...] = ()
    exclude: Tuple[str, ...] = ()
    patterns: Tuple[str, ...] = ()
    last_failed: bool = False
    writers: str = "*"
    quick: bool = False
    shard: Optional[Tuple[int, int]] = None  # number, from 1, and count
    root: str = ROOT
    jobs: int = 0  # 0: as many as there are cores
    timeout: float = TIMEOUT_SECONDS
    memory_limit: Optional[int] = None  # bytes, for each worker; None: by the machine
    isolate: str = BATCH
    start_method: Optional[str] = None  # None: fork where it is safe
    fail_fast: bool = False
    reruns: int = 1
    seed: int = 0
    dry_run: bool = False
    list_only: bool = False
    verbosity: int = 0  # -1 quiet, 1 verbose
    show_locals: bool = False
    slowest: int = 0
    xml: Optional[str] = None
    json: Optional[str] = None
    failed_to: Optional[str] = None


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """With room for ``--start-method {fork,spawn}``: two screens have to do."""

    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=31)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(exit_codes.WRONG_USE, f"error: {message} (see {self.prog} --help)\n")


def parse_options(
    arguments: Optional[Sequence[str]] = None, env: Mapping[str, str] = os.environ
) -> Options:
    """The options of a command line, and of variables in ``env`` where it is silent.

    Exits with code 2 where they are wrong, and with code 5 where -i names a file
    that holds no names: nothing is to be run, and least of all everything.
    """
    parser = _parser()
    parsed = parser.parse_args(arguments)
    changes = {
        "include": _names(parser, "-i/--include", parsed.include),
        "exclude": _names(parser, "-x/--exclude", parsed.exclude),
        "patterns": tuple(parsed.patterns),
        "shard": _shard(parser, parsed.shard, env),
        "root": os.path.abspath(parsed.root),
    }
    if parsed.xml is None and env.get("XML_OUTPUT_FILE"):
        changes["xml"] = os.path.abspath(env["XML_OUTPUT_FILE"])
    options = Options(**{**vars(parsed), **changes})
    if parsed.include and not options.include:
        given = " ".join(word for words in parsed.include for word in words)
        parser.exit(
            exit_codes.NOTHING_RAN, f"error: nothing ran: no names in {given}\n"
        )
    _check_reports(parser, options)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="run_test.py",
        usage="%(prog)s [option ...]",
        description="Run the suite against the torch of this interpreter.",
        epilog=EPILOG,
        formatter_class=_HelpFormatter,
        add_help=False,
    )
    _add_selection(parser.add_argument_group("what to run"))
    _add_running(parser.add_argument_group("how to run"))
    _add_reports(parser.add_argument_group("what to report"))
    return parser


def _add_selection(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-i", "--include", metavar="NAME", nargs="+", action="append", default=[],
        help="only these; may be repeated, as -x and -k")  # fmt: skip
    add("-x", "--exclude", metavar="NAME", nargs="+", action="append", default=[],
        help="all but these")  # fmt: skip
    add("-k", dest="patterns", metavar="PART", action="append", default=[],
        help="tests with this, or a glob, in file.Class.test")  # fmt: skip
    add("--last-failed", action="store_true", help="what failed when it last ran")
    add("--writer", dest="writers", metavar="RANGE", type=_releases, default="*",
        help="goldens of these releases: A..B, A.., ..B or A")  # fmt: skip
    add("--quick", action="store_true",
        help="of each golden one writer or two")  # fmt: skip
    add("--shard", metavar=("I", "N"), nargs=2, type=_whole_number(1),
        help="part I of N, from 1")  # fmt: skip
    add("--root", metavar="DIR", type=_folder, default=ROOT,
        help="the tree whose tests to run (default: this one)")  # fmt: skip


def _add_running(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-j", "--jobs", metavar="N", type=_whole_number(1), default=0,
        help="workers (default: as many as cores)")  # fmt: skip
    add("--timeout", metavar="SECONDS", type=_seconds, default=TIMEOUT_SECONDS,
        help="for a test or sub-test (default: %(default)g)")  # fmt: skip
    add("--memory-limit", metavar="SIZE", type=_size,
        help="for each worker: 500M, 2G, or bytes")  # fmt: skip
    add("--isolate", choices=(BATCH, TEST), default=BATCH,
        help="a process for each test, or shared (default)")  # fmt: skip
    add("--start-method", choices=(FORK, SPAWN),
        help="of workers (default: fork where it is safe)")  # fmt: skip
    end = group.add_mutually_exclusive_group()
    end.add_argument(
        "--fail-fast", action="store_true", help="end with the first failure"
    )
    for option, text in (
        ("--keep-going", "run everything (default)"),
        ("--continue-through-error", argparse.SUPPRESS),  # PyTorch's word for it
    ):
        end.add_argument(
            option, dest="fail_fast", action="store_false", default=False, help=text
        )
    add("--reruns", metavar="N", type=_whole_number(0), default=1,
        help="how often a failed test runs again (default: 1)")  # fmt: skip
    add("--seed", metavar="N", type=_whole_number(0), default=0,
        help="for random numbers (default: 0)")  # fmt: skip
    instead = group.add_mutually_exclusive_group()
    instead.add_argument(
        "--dry-run", action="store_true", help="show what would run, run nothing"
    )
    instead.add_argument(
        "--list", dest="list_only", action="store_true",
        help="the same for programs: file::Class.test",
    )  # fmt: skip


def _add_reports(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    amount = group.add_mutually_exclusive_group()
    amount.add_argument(
        "-v", "--verbose", dest="verbosity", action="store_const", const=1, default=0,
        help="a line for each outcome, and all output",
    )  # fmt: skip
    amount.add_argument(
        "-q", "--quiet", dest="verbosity", action="store_const", const=-1, default=0,
        help="failures and the closing line",
    )  # fmt: skip
    add("--showlocals", dest="show_locals", action="store_true",
        help="local variables in tracebacks")  # fmt: skip
    add("--slowest", metavar="N", type=_whole_number(0), default=0,
        help="the N tests that took longest")  # fmt: skip
    for option, field, text in (
        ("--save-xml", "xml", "JUnit XML"),
        ("--json", "json", "all outcomes, a JSON object a line"),
        ("--failed-to", "failed_to", "names of failed tests, for -i @FILE"),
    ):
        add(option, dest=field, metavar="FILE", type=_file, help=text)
    add("-h", "--help", action="help", help="this")


def _names(
    parser: argparse.ArgumentParser, option: str, groups: Sequence[Sequence[str]]
) -> Tuple[str, ...]:
    """The names that an option was given, those in files among them."""
    names: List[str] = []
    for word in (word for group in groups for word in group):
        if not word.startswith("@"):
            names.append(word)
            continue
        try:
            with open(word[1:], encoding="utf-8") as file:
                lines = [line.strip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            parser.error(f"argument {option}: cannot read {word[1:]!r}: {reason}")
        names += [line for line in lines if line and not line.startswith("#")]
    return tuple(names)


def _shard(
    parser: argparse.ArgumentParser,
    given: Optional[Sequence[int]],
    env: Mapping[str, str],
) -> Optional[Tuple[int, int]]:
    if given is None:
        try:
            return shard_from_environment(env)
        except ValueError as error:
            parser.error(str(error))
    number, count = given
    if number > count:
        parser.error(f"argument --shard: no shard {number} of {count}")
    return number, count


def _check_reports(parser: argparse.ArgumentParser, options: Options) -> None:
    options_of = {}
    for option, path in (
        ("--save-xml", options.xml),
        ("--json", options.json),
        ("--failed-to", options.failed_to),
    ):
        if path is not None and options_of.setdefault(path, option) != option:
            parser.error(f"argument {option}: {options_of[path]} writes {path}")


def _whole_number(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"not a whole number from {least}: {text}")
        return number

    return parse


def _releases(text: str) -> str:
    try:
        return str(ReleaseRange.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return text


def _file(text: str) -> str:
    """The path as it is now: the driver may change its folder."""
    if not text:
        raise argparse.ArgumentTypeError("no file named")
    return os.path.abspath(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text}")
    return seconds


def _size(text: str) -> int:
    """Bytes.  So small a number as cannot be meant in bytes is refused."""
    match = _SIZE.fullmatch(text)
    size = int(float(match.group(1)) * _UNITS[match.group(2).upper()]) if match else 0
    if size < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"not a size such as 500M or 2G: {text}")
    return size
