"""Readers: the releases of the table, and the torch that runs the command."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from common_releases import ReleaseRange

from tools.golden.environments import (
    Environment,
    EnvironmentCache,
    local_environment,
)
from tools.golden.patches import like_in_table
from tools.golden.releases import LOCAL, Release, load_releases
from tools.matrix.cells import Reader
from tools.matrix.errors import MatrixError
from tools.testing.fingerprint import digest
from tools.testing.records import TorchInfo


def choose_readers(names: str | None, torch: TorchInfo) -> tuple[Reader, ...]:
    """The readers that the user named: a range of releases, ``local``, or both.

    ``torch`` is that of the running interpreter.  Raises MatrixError for a range that
    is none, or has no release in it.
    """
    readers: list[Reader] = []
    for name in (names or "*").split(","):
        if name.strip() == LOCAL:
            readers.append(_local_reader(torch))
            continue
        try:
            releases = ReleaseRange.parse(name)
        except ValueError as error:
            raise MatrixError(f"--readers {names}: {error}, or {LOCAL!r}") from error
        chosen = [r for r in load_releases() if r.version in releases]
        if not chosen:
            raise MatrixError(f"--readers {name}: no release of the table is in it")
        readers += map(_release_reader, chosen)
    return tuple(readers)


def _release_reader(release: Release) -> Reader:
    # Known before it is installed: what a registry has of a release does not change.
    made_of = [release.version, release.python, release.requirements]
    facts = {"torch": release.version, "python": release.python}
    return Reader(release.version, digest(made_of), facts)


def _local_reader(torch: TorchInfo) -> Reader:
    if torch.error:
        raise MatrixError(f"{LOCAL}: no torch here ({torch.error}); install one")
    library = Path(torch.folder, "lib")
    files = sorted(library.iterdir()) if library.is_dir() else []
    # A build of one's own changes without its version.
    state = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    facts = {"torch": torch.version, "python": torch.python, "git": torch.git_version}
    return Reader(LOCAL, digest([torch.version, torch.git_version, state]), facts)


@contextmanager
def environment_of(reader: str) -> Iterator[Environment]:
    """The environment of a reader by its name, made if needed, kept while in use.

    Raises GoldenToolError where there is none to be had.
    """
    if reader == LOCAL:
        yield local_environment()
        return
    with EnvironmentCache().use(like_in_table(reader)) as environment:
        yield environment


def default_jobs() -> int:
    """As many as this process has cores."""
    return len(os.sched_getaffinity(0))


def names_of(readers: Sequence[Reader]) -> str:
    """The readers in one short text."""
    names = [reader.name for reader in readers]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]}"
