"""``python -m tools.matrix COMMAND``: each command is a module of its own."""

import sys
from collections.abc import Sequence

from tools.commands import run_command
from tools.golden.errors import GoldenToolError
from tools.matrix import (
    accept,
    bisect,
    diff,
    list_events,
    merge,
    pack,
    report,
    run,
    try_file,
)
from tools.matrix.errors import MatrixError

COMMANDS = {
    "run": run,
    "events": list_events,
    "diff": diff,
    "report": report,
    "try": try_file,
    "bisect": bisect,
    "merge": merge,
    "pack": pack,
    "accept": accept,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    description = "What each release reads of what each release wrote"
    errors = (MatrixError, GoldenToolError)
    return run_command("tools.matrix", description, COMMANDS, errors, arguments)


if __name__ == "__main__":
    sys.exit(main())
