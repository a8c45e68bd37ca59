"""What there is to read: for each golden test and each writer, one target."""

import fnmatch
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from common_golden import load_provenance, release_folders
from common_releases import ReleaseRange

from tools.golden.declared import DeclaredGolden
from tools.matrix.cells import Target
from tools.matrix.errors import MatrixError
from tools.testing.fingerprint import digest

ALL = ReleaseRange()

# It decides which goldens a run reads, not what is found when one is read.
_READING = "common_reading.py"


def find_targets(
    goldens: Iterable[DeclaredGolden],
    root: Path,
    writers: ReleaseRange = ALL,
    only: str = "",
) -> tuple[Target, ...]:
    """The targets of the goldens below ``root`` (``test/``), sorted.

    ``only`` is a glob, or a part of a test's or file's name.  Raises MatrixError where
    nothing is left.
    """
    found: dict[tuple[str, str, str], list] = {}
    for golden in goldens:
        if not _is_chosen(golden, only):
            continue
        for writer, record in _records(golden, root):
            if writer in writers:
                key = (golden.file, golden.test, writer)
                found.setdefault(key, []).append((golden.name, record))
    targets = tuple(
        Target(
            file,
            test,
            writer,
            digest([sources_digest(root, file), sorted(records)]),
            sum(len(json.loads(record)) for _, record in records),
        )
        for (file, test, writer), records in sorted(found.items())
    )
    if not targets:
        raise MatrixError(
            f"no goldens of writers {writers} match {only or '*'!r}; "
            "python run_test.py --dry-run lists the tests"
        )
    return targets


def _is_chosen(golden: DeclaredGolden, only: str) -> bool:
    return any(
        only in text or fnmatch.fnmatchcase(text, only)
        for text in (golden.test, golden.file)
    )


def _records(golden: DeclaredGolden, root: Path) -> Iterator[tuple[str, str]]:
    """Writer, and its files with their hashes as JSON, of each that wrote it."""
    folder = root / golden.folder
    # A pinned golden has one writer, and no folder of its own.
    folders = (
        {str(golden.releases.since): str(folder)}
        if golden.pinned
        else release_folders(str(folder))
    )
    for writer, place in folders.items():
        record = load_provenance(place).goldens.get(golden.name)
        if record and writer in golden.releases:
            files = {kind: asdict(file) for kind, file in record.files.items()}
            yield writer, json.dumps(files, sort_keys=True)


@functools.lru_cache(maxsize=None)
def sources_digest(root: Path, file: str) -> str:
    """A text for what a test file is made of: itself, its area's helpers, the base.

    ``file`` is relative to the folder that holds ``root``.  The ledger is none of it,
    nor is what chooses the goldens of a run.
    """
    content = hashlib.sha256()
    for path in (root.parent / file, *_helpers(root, file)):
        content.update(path.read_bytes())
    return content.hexdigest()


def _helpers(root: Path, file: str) -> list[Path]:
    area = root / Path(file).parts[1]
    helpers = set(root.glob("common_*.py")) - {root / _READING}
    if area.is_dir():
        helpers.update(
            path
            for path in area.rglob("*.py")
            if not path.name.startswith("test_") and "fixtures_srcs" not in path.parts
        )
    return sorted(helpers)
