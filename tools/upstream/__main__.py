"""``python -m tools.upstream COMMAND``: each command is a module of its own."""

import sys
from collections.abc import Sequence

from common_golden import GoldenError
from common_ledger import LedgerError

from tools.commands import run_command
from tools.golden.errors import GoldenToolError
from tools.testing.errors import WrongUse
from tools.upstream import check, export
from tools.upstream.errors import UpstreamError

COMMANDS = {"check": check, "export": export}
ERRORS = (UpstreamError, GoldenToolError, GoldenError, LedgerError, WrongUse)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit code."""
    description = "Carry tests into a PyTorch checkout"
    return run_command("tools.upstream", description, COMMANDS, ERRORS, arguments)


if __name__ == "__main__":
    sys.exit(main())
