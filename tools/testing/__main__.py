"""``python -m tools.testing COMMAND``: what is done with reports after the runs."""

import sys
from typing import Optional, Sequence

from tools.commands import run_command
from tools.testing import merge
from tools.testing.errors import WrongUse

COMMANDS = {"merge": merge}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    description = "Reports of the driver; run_test.py runs the tests"
    return run_command("tools.testing", description, COMMANDS, (WrongUse,), arguments)


if __name__ == "__main__":
    sys.exit(main())
