"""``python -m tools.testing COMMAND``: what is done with reports after the runs.

A command's module has ``HELP``, ``add_arguments(parser)`` and ``run(args)``,
which returns the exit code.
"""

import argparse
import sys
from typing import Optional, Sequence

from tools.testing import exit_codes, merge
from tools.testing.console import complain
from tools.testing.files import ReportError

COMMANDS = {"merge": merge}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except (merge.MergeError, ReportError) as error:
        complain(error.args)
        return exit_codes.WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.testing",
        description="Reports of the driver; run_test.py runs the tests",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
