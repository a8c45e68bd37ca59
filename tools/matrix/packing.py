"""The part of the suite that a unit needs, as bytes, for a worker elsewhere."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from common_golden import GOLDEN_FOLDERS, PROVENANCE_NAME
from common_releases import is_release


def pack(root: Path, tests: Iterable[tuple[str, str]]) -> bytes:
    """The test sources below ``root`` (``test/``) and the goldens of these tests.

    A golden's file is taken where its name begins with that of a test; of folders with
    goldens under names of their own all is taken.
    """
    prefixes = tuple(f"{test}{end}" for _, test in tests for end in "._")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file() and _is_needed(path, prefixes):
                archive.add(path, Path("test", path.relative_to(root)), recursive=False)
    return buffer.getvalue()


def _is_needed(path: Path, prefixes: tuple[str, ...]) -> bool:
    in_release = path.parent.parent.name in GOLDEN_FOLDERS and is_release(
        path.parent.name
    )
    if in_release and path.name != PROVENANCE_NAME:
        return path.name.startswith(prefixes)
    return "__pycache__" not in path.parts


def unpack(packed: bytes, folder: str) -> None:
    """Lay what ``pack`` made into a folder."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")
