"""``python -m tools.bench COMMAND``: each command is a module of its own.

A command's module has ``HELP``, ``add_arguments(parser)`` and ``run(args)``,
which returns the exit code.  Exit code 2: wrong use, or an error that its
message tells how to mend.
"""

import argparse
import sys
from collections.abc import Sequence

from tools.bench import driver
from tools.bench.errors import BenchError
from tools.testing.files import ReportError

COMMANDS = {"driver": driver}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    try:
        args = _parser().parse_args(arguments)
        return args.run(args)
    except (BenchError, ReportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench", description="Benchmarks of this project"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
