"""``python -m tools.bench COMMAND``: each command is a module of its own."""

import sys
from collections.abc import Sequence

from tools.bench import driver
from tools.bench.errors import BenchError
from tools.commands import run_command
from tools.testing.files import ReportError

COMMANDS = {"driver": driver}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    errors = BenchError, ReportError
    return run_command(
        "tools.bench", "Benchmarks of this project", COMMANDS, errors, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
