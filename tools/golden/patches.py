"""All releases that the registry has: the table has one patch release of each minor."""

import re
import subprocess
import sys
from functools import lru_cache

from common_releases import parse_release

from tools.golden.errors import GoldenToolError
from tools.golden.releases import Release, load_releases

_SECONDS = 120  # for pip to ask the registry
_FINAL = re.compile(r"\d+\.\d+\.\d+")


def like_in_table(version: str) -> Release:
    """The release ``version`` with Python and pins of its minor in the table.

    Raises GoldenToolError where the table has no release of that minor.
    """
    minor = parse_release(version)[:2]
    for release in load_releases():
        if parse_release(release.version)[:2] == minor:
            return Release(version, release.python, release.pins)
    raise GoldenToolError(
        f"torch {version}: the table has no release {minor[0]}.{minor[1]}; add one"
    )


def registry_releases() -> tuple[Release, ...]:
    """Every final release of torch that pip finds, oldest first.

    Of the minors of the table, each for its Python.  Raises GoldenToolError where pip
    finds none.
    """
    table = load_releases()
    minors = {parse_release(r.version)[:2]: r for r in table}
    found = {
        version: minors[minor]
        for python in dict.fromkeys(release.python for release in table)
        for version in _versions(python)
        if (minor := parse_release(version)[:2]) in minors
        and minors[minor].python == python
    }
    return tuple(
        Release(version, found[version].python, found[version].pins)
        for version in sorted(found, key=parse_release)
    )


@lru_cache
def _versions(python: str) -> tuple[str, ...]:
    """The final versions of torch that pip finds for a Python."""
    command = [sys.executable, "-m", "pip", "index", "versions", "torch"]
    command += ["--python-version", python, "--only-binary", ":all:"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GoldenToolError(
            f"pip does not tell which releases exist: {error}"
        ) from error
    line = re.search(r"^Available versions: (.+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or line is None:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise GoldenToolError(
            f"pip finds no torch for Python {python} (it says: {said}); is the network "
            "there, and pip 21.2 or later in this environment?"
        )
    versions = (text.strip().partition("+")[0] for text in line.group(1).split(","))
    return tuple(dict.fromkeys(v for v in versions if _FINAL.fullmatch(v)))
