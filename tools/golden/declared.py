"""The goldens that the tests declare, and which of them a release must have."""

import fnmatch
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common_golden import load_provenance
from common_releases import ReleaseRange

from tools import ROOT, TEST_FOLDER
from tools.golden.errors import GoldenToolError
from tools.testing.discovery import find_test_files
from tools.testing.execution import list_tests
from tools.testing.plan import Plan
from tools.testing.records import Listing
from tools.testing.selection import without_twins


@dataclass(frozen=True)
class DeclaredGolden:
    """One golden of one test.

    ``name`` is that of its files before their kinds; ``folder`` that of its release
    folders, relative to ``test/``, or of a ``pinned`` golden that of its files;
    ``releases`` are those that have to write it.
    """

    file: str
    test: str
    name: str
    folder: str
    kinds: tuple[str, ...]
    releases: ReleaseRange
    pinned: bool

    def release_folder(self, into: Path, release: str) -> Path:
        """Where the release's files of this golden lie, below ``into``."""
        folder = into / self.folder
        return folder if self.pinned else folder / release

    def is_written(self, into: Path, release: str) -> bool:
        """Whether the release's provenance has it.

        Raises GoldenError for a corrupt provenance file.
        """
        folder = str(self.release_folder(into, release))
        return self.name in load_provenance(folder).goldens


def list_suite() -> Listing:
    """All tests of the suite, as the running interpreter's torch sees them.

    Raises GoldenToolError where one cannot be imported: goldens must not go
    missing because a file that declares them was not seen.
    """
    listing = list_tests(find_test_files(ROOT), Plan())
    if listing.torch.error:
        raise GoldenToolError(
            f"no torch here ({listing.torch.error}): the suite's declarations are "
            "read with it; install one, for example with: python -m pip install torch"
        )
    for problem in listing.problems:
        raise GoldenToolError(
            f"{problem.file} cannot be imported: {problem.message}; mend it first"
        )
    return listing


def declared_goldens(listing: Listing) -> Iterator[DeclaredGolden]:
    """Every golden that the listed tests declare."""
    # An aggregator such as test_jit.py has the tests of other files, too.
    for test in without_twins(listing.tests):
        if test.golden is None:
            continue
        for name, releases in test.golden["goldens"].items():
            yield DeclaredGolden(
                file=test.file,
                test=test.name,
                name=name,
                folder=test.golden["folder"],
                kinds=tuple(test.golden["kinds"]),
                releases=ReleaseRange(**releases),
                pinned=test.golden["pinned"],
            )


def matching(goldens: Iterable[DeclaredGolden], pattern: str) -> list[DeclaredGolden]:
    """Those whose test, file or name contains ``pattern`` or matches it as a glob.

    Raises GoldenToolError where none does.
    """
    found = [
        golden
        for golden in goldens
        if any(
            pattern in text or fnmatch.fnmatchcase(text, pattern)
            for text in (golden.test, golden.name, golden.file)
        )
    ]
    if not found:
        raise GoldenToolError(
            f"--only {pattern}: no test that writes goldens is called so; "
            "python run_test.py --dry-run lists the tests"
        )
    return found


def test_folder(into: str | None) -> Path:
    """The folder that goldens are written below: ``test/``, or another."""
    if into is None:
        return Path(TEST_FOLDER)
    folder = Path(into).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GoldenToolError(f"--into {into}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise GoldenToolError(f"--into {into}: the folder cannot be written")
    return folder
