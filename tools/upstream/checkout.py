"""A PyTorch checkout: is it one, what does git say of it, and writing to it."""

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tools.upstream.errors import UpstreamError

# What PyTorch has, and hardly anything else.
MARKERS = ("test/run_test.py", "torch/csrc", "torch/testing/_internal/common_utils.py")
VERSION_FILE = "version.txt"  # such as 2.16.0a0
WRITE_BITS = 0o222


@dataclass(frozen=True)
class Checkout:
    """A checkout; ``version`` is that of the torch which is built from it.

    ``tracked`` are the files below ``test/`` that git knows, ``changed`` those of them
    that are not as they were committed; all relative to the root, with slashes.
    """

    root: Path
    version: str
    tracked: frozenset[str]
    changed: frozenset[str]

    def read(self, path: str) -> bytes | None:
        """What a file holds, None where there is none."""
        place = self.root / path
        return place.read_bytes() if place.is_file() else None


def open_checkout(path: Path) -> Checkout:
    """The checkout with the root ``path``.  Raises UpstreamError for anything else."""
    root = path.resolve()
    missing = [name for name in (*MARKERS, VERSION_FILE) if not (root / name).exists()]
    if missing:
        raise UpstreamError(
            f"{path}: no PyTorch checkout, it has no {missing[0]}; name its root folder"
        )
    if Path(_git(root, "rev-parse", "--show-toplevel").strip()) != root:
        raise UpstreamError(
            f"{path}: no git checkout of its own, so that nothing could be taken back; "
            "clone PyTorch with git"
        )
    version = (root / VERSION_FILE).read_text(encoding="utf-8").strip()
    if not re.match(r"\d+\.\d+", version):
        raise UpstreamError(
            f"{root / VERSION_FILE}: holds {version!r}, no version of torch; restore it"
        )
    status = _git(root, "status", "--porcelain", "-z", "--no-renames", "-uno", "test")
    return Checkout(
        root,
        version,
        frozenset(filter(None, _git(root, "ls-files", "-z", "test").split("\0"))),
        frozenset(entry[3:] for entry in status.split("\0") if entry),
    )


def check_free(checkout: Checkout, files: Mapping[str, bytes]) -> None:
    """Raise UpstreamError, with a line for each, where files may not be written.

    ``files`` are those that would change, by their paths.
    """
    reasons = {
        f"{place}: {reason}": None
        for path in files
        for place, reason in _obstacles(checkout, path)
    }
    if reasons:
        raise UpstreamError(*reasons, "nothing was written")


def _obstacles(checkout: Checkout, path: str) -> Iterator[tuple[Path, str]]:
    """What is in the way of a file: the place, and why and what to do."""
    place = checkout.root / path
    if path in checkout.changed:
        yield place, "has local changes; commit them, or take them back with git"
    elif place.exists() and path not in checkout.tracked:
        yield place, "is there, and git does not know it; commit it, or remove it"
    folder = place.parent
    while not folder.exists():
        folder = folder.parent
    if folder.resolve() != folder or place.is_symlink():
        yield place, "leads to elsewhere by a symbolic link; name a checkout without"
    elif not folder.is_dir() or place.is_dir():
        yield place, "a file and a folder have one name; remove what is in the way"
    else:
        for each in (folder, place):
            if each.exists() and not _is_writable(each):
                yield each, "cannot be written; make it writable"


def _is_writable(path: Path) -> bool:
    # The superuser may write what somebody has made read-only; that was not meant.
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & WRITE_BITS)


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write all files, or none: what fails is undone.  Raises UpstreamError."""
    try:
        with ExitStack() as undo:
            temporary = {}
            for path, content in files.items():
                place = root / path
                _make_folder(place.parent, undo)
                new = place.with_name(f".export-{uuid.uuid4().hex}.tmp")
                undo.callback(new.unlink, missing_ok=True)
                new.write_bytes(content)
                if place.exists():
                    shutil.copymode(place, new)
                temporary[place] = new
            for place, new in temporary.items():
                old = place.read_bytes() if place.exists() else None
                undo.callback(_restore, place, old)
                os.replace(new, place)
            undo.pop_all()
    except OSError as error:
        raise UpstreamError(
            f"{error.filename or root}: {error.strerror or error}; nothing was "
            "written: make room or the folder writable, and run it again"
        ) from error


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.exists():
        _make_folder(folder.parent, undo)
        folder.mkdir()
        undo.callback(folder.rmdir)


def _restore(place: Path, old: bytes | None) -> None:
    if old is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(old)


def _git(root: Path, *arguments: str) -> str:
    # Without its optional locks it writes nothing.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    run = subprocess.run(command, capture_output=True, errors="surrogateescape")
    if run.returncode:
        raise UpstreamError(
            f"{root}: no git checkout ({run.stderr.strip()}); clone PyTorch with git"
        )
    return run.stdout
