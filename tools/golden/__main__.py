"""``python -m tools.golden COMMAND``: each command is a module of its own."""

import sys
from collections.abc import Sequence

from tools.commands import run_command
from tools.golden import list_releases, verify, write
from tools.golden.errors import GoldenToolError

COMMANDS = {"releases": list_releases, "write": write, "verify": verify}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    description = "Releases of torch and their goldens"
    return run_command(
        "tools.golden", description, COMMANDS, (GoldenToolError,), arguments
    )


if __name__ == "__main__":
    sys.exit(main())
