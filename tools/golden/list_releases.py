"""The command ``releases``: the table, and what of it this machine has."""

import argparse
from functools import cache

from tools.golden.environments import EnvironmentCache, format_size
from tools.golden.interpreters import find_interpreter
from tools.golden.releases import load_releases

HELP = "list the releases, with their interpreters and cached environments"
HEADER = ("release", "Python", "environment", "interpreter")
NOT_FOUND = "not found (uv may be able to download it)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no options; its parser gets a description."""
    parser.description = HELP


def run(args: argparse.Namespace) -> int:
    """Print the list; returns exit code 0."""
    environments = EnvironmentCache()
    interpreter = cache(find_interpreter)
    rows = [HEADER]
    for release in load_releases():
        cached = environments.find(release)
        size = format_size(cached.record.size) if cached else "-"
        python = interpreter(release.python) or NOT_FOUND
        rows.append((release.version, release.python, size, str(python)))
    print(_align(rows))
    total = sum(cached.record.size for cached in environments.cached())
    cap = format_size(environments.cap_bytes)
    print(f"\n{format_size(total)} of {cap} used in {environments.folder}")
    return 0


def _align(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
