"""``python -m tools.<package> COMMAND``: the command line of a package of tools.

A command is a module with ``HELP``, ``add_arguments(parser)`` and ``run(args)``,
which returns the exit code.  Runs on Python 3.7.
"""

import argparse
import os
import signal
import sys
from types import ModuleType
from typing import Mapping, Optional, Sequence, Tuple, Type

from tools.testing import exit_codes
from tools.testing.console import complain


def run_command(
    package: str,
    description: str,
    commands: Mapping[str, ModuleType],
    errors: Tuple[Type[Exception], ...],
    arguments: Optional[Sequence[str]] = None,
) -> int:
    """Run the command that the arguments name (default: the process's); exit code.

    ``errors`` are those meant for the user: each of their arguments is printed as a
    line, without a traceback.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}", description=description
    )
    subparsers = parser.add_subparsers(metavar="COMMAND")
    subparsers.required = True
    for name, command in commands.items():
        subparser = subparsers.add_parser(name, help=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    args = parser.parse_args(arguments)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return code
    except errors as error:
        complain(error.args)
        return exit_codes.WRONG_USE
    except KeyboardInterrupt:
        return exit_codes.BY_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        # As of `... | head`: who read it has seen enough.  What is still to be written
        # goes nowhere, or the interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.BY_SIGNAL + signal.SIGPIPE
