"""Golden files on disk: their names, their provenance, their hashes.

Everything that one release wrote for one folder of tests lies in
``<folder>/<release>/`` beside a ``provenance.json``:

    {
      "release": "1.3.1",
      "runs": [{"torch_version": ..., "command": ..., ...}],
      "goldens": {
        "TestSerialization.test_linear": {
          "run": 0,            index into runs: what wrote this golden
          "seed": 123,         of the random numbers, from the test's identity
          "faults": {},        file to the error its own writer has reading it
          "note": null,        or how it was made, where no release writes it so
          "files": {"input.pt": {"sha256": ..., "size": ...}, ...}
        }
      }
    }

A golden's name is ``<Class>.<test>[_<subname>]``; each of its files is
``<name>.<kind>``, where the kind includes the extension (``input.pt``).

Some goldens have one writer each and a file name that PyTorch gave them; these
*pinned* ones lie flat in a folder of their own, beside a ``provenance.json`` whose
``release`` is null: each run's ``torch_version`` says who wrote.
Runs on Python 3.7 and needs no torch.
"""

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Dict, Iterator, List, Optional, Tuple

from common_releases import is_release, parse_release

PROVENANCE_NAME = "provenance.json"
# Folders of these names hold release folders, and nothing else; the second is that of
# test/package.
GOLDEN_FOLDERS = ("serialized", "package_bc")
# What provenance says of each run; a value that a release cannot tell is null.
RUN_FIELDS = (
    "torch_version",
    "torch_git",
    "python",
    "platform",
    "cpu_capability",
    "numpy",
    "wheel",
    "wheel_sha256",
    "sources",
    "command",
    "date",
)
WRITING_PREFIX = ".writing-"


class GoldenError(Exception):
    """A golden cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class FileRecord:
    """What provenance says of one file; ``size`` is in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Golden:
    """The files that one test made one writer write."""

    run: int
    seed: int
    files: Dict[str, FileRecord]
    faults: Dict[str, str] = field(default_factory=dict)
    note: Optional[str] = None


@dataclass(frozen=True)
class Provenance:
    """Who wrote the goldens of one folder, and when, with what.

    ``release`` is None for a folder of pinned goldens.
    """

    release: Optional[str]
    runs: Tuple[dict, ...] = ()
    goldens: Dict[str, Golden] = field(default_factory=dict)

    def with_golden(self, name: str, run: dict, golden: Golden) -> "Provenance":
        """A copy in which ``golden``, written by ``run``, stands under ``name``."""
        runs = self.runs if run in self.runs else (*self.runs, run)
        goldens = {**self.goldens, name: replace(golden, run=runs.index(run))}
        return replace(self, runs=runs, goldens=goldens)

    def with_fault(self, name: str, kind: str, fault: str) -> "Provenance":
        """A copy that says how the writer itself fails to read a file of ``name``."""
        faults = {**self.goldens[name].faults, kind: fault}
        golden = replace(self.goldens[name], faults=faults)
        return replace(self, goldens={**self.goldens, name: golden})

    def without_golden(self, name: str) -> "Provenance":
        """A copy that does not know ``name``."""
        goldens = {k: v for k, v in self.goldens.items() if k != name}
        return replace(self, goldens=goldens)


def file_sha256(path: str) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def record_file(path: str) -> FileRecord:
    """The record of a file as it is now."""
    return FileRecord(file_sha256(path), os.path.getsize(path))


def folder_release(folder: str) -> Optional[str]:
    """The release that a folder of goldens is named by, None if by none."""
    name = os.path.basename(os.path.normpath(folder))
    return name if is_release(name) else None


def load_provenance(folder: str) -> Provenance:
    """The provenance of a folder of goldens; empty where there is none yet.

    Raises GoldenError for a file that is not what this module writes.
    """
    path = os.path.join(folder, PROVENANCE_NAME)
    release = folder_release(folder)
    if not os.path.exists(path):
        return Provenance(release)
    status = os.stat(path)
    return _parse_provenance(path, release, (status.st_mtime_ns, status.st_size))


# Each cell asks for it: read again only where the file, known by ``_version``, changed.
@functools.lru_cache(maxsize=64)
def _parse_provenance(path: str, release: Optional[str], _version: Tuple) -> Provenance:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        provenance = Provenance(
            release=content["release"],
            runs=tuple(dict(run) for run in content["runs"]),
            goldens={
                name: Golden(
                    run=int(golden["run"]),
                    seed=int(golden["seed"]),
                    faults=dict(golden["faults"]),
                    note=golden["note"],
                    files={
                        kind: FileRecord(str(entry["sha256"]), int(entry["size"]))
                        for kind, entry in golden["files"].items()
                    },
                )
                for name, golden in content["goldens"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GoldenError(
            f"{path}: corrupt provenance ({type(error).__name__}: {error}); restore it "
            f"from version control (git checkout -- {path})"
        ) from error
    if provenance.release != release:
        raise GoldenError(
            f"{path}: is of release {provenance.release}, its folder of {release}; "
            "restore it from version control"
        )
    return provenance


def save_provenance(folder: str, provenance: Provenance) -> None:
    """Write the provenance of a folder of goldens, whole or not at all."""
    path = os.path.join(folder, PROVENANCE_NAME)
    content = {
        "release": provenance.release,
        "runs": list(provenance.runs),
        "goldens": {
            name: asdict(provenance.goldens[name])
            for name in sorted(provenance.goldens)
        },
    }
    temporary = os.path.join(folder, f"{WRITING_PREFIX}{os.getpid()}.json")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    os.replace(temporary, path)


def release_folders(golden_folder: str) -> Dict[str, str]:
    """Release to folder, oldest first, for each release that wrote here."""
    if not os.path.isdir(golden_folder):
        return {}
    releases = []
    for name in os.listdir(golden_folder):
        path = os.path.join(golden_folder, name)
        if os.path.isfile(os.path.join(path, PROVENANCE_NAME)):
            releases.append(name)
    try:
        releases.sort(key=lambda name: (parse_release(name), name))
    except ValueError as error:
        raise GoldenError(
            f"{golden_folder}: {error}; a folder of goldens is named by its release"
        ) from error
    return {name: os.path.join(golden_folder, name) for name in releases}


def checked_file(folder: str, provenance: Provenance, name: str, kind: str) -> str:
    """The path of one file of a golden, after its hash was checked.

    Goldens are pickles, and pickles run code: nothing may load one before this.
    Raises GoldenError where the file is missing, unknown or altered.
    """
    path = os.path.join(folder, f"{name}.{kind}")
    golden = provenance.goldens.get(name)
    if golden is None or kind not in golden.files:
        release = f" --release {provenance.release}" if provenance.release else ""
        raise GoldenError(
            f"{path}: no such golden in {PROVENANCE_NAME}; write it with "
            f"python -m tools.golden write{release}"
        )
    if not os.path.isfile(path):
        raise GoldenError(f"{path}: missing; restore it from version control")
    found = record_file(path)
    if found != golden.files[kind]:
        raise GoldenError(
            f"{path}: not the file that was written (sha256 {found.sha256[:12]}, "
            f"{found.size} bytes; provenance says {golden.files[kind].sha256[:12]}, "
            f"{golden.files[kind].size} bytes); restore it from version control"
        )
    return path


class GoldenFiles(Mapping):
    """Kind to path of one golden; asking for a path checks the file's hash.

    Raises GoldenError where a file is missing or not the one that was written.
    """

    def __init__(self, folder: str, name: str, kinds: Tuple[str, ...]) -> None:
        self._folder, self._name, self._kinds = folder, name, kinds

    def __getitem__(self, kind: str) -> str:
        provenance = load_provenance(self._folder)
        return checked_file(self._folder, provenance, self._name, kind)

    def path_of(self, kind: str) -> str:
        """The path of a file that is not checked: nothing may load it."""
        return os.path.join(self._folder, f"{self._name}.{kind}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def golden_folders(test_folder: str) -> List[str]:
    """Every folder below ``test_folder`` that holds goldens, sorted.

    Those with a provenance, and those in ``GOLDEN_FOLDERS``, which must have one.
    """
    return sorted(
        parent
        for parent, _, files in os.walk(test_folder)
        if PROVENANCE_NAME in files
        or os.path.basename(os.path.dirname(parent)) in GOLDEN_FOLDERS
        or (os.path.basename(parent) in GOLDEN_FOLDERS and files)
    )


def check_folders(test_folder: str) -> List[str]:
    """What makes the goldens below ``test_folder`` unusable, one line each.

    Corrupt provenance, and files that no provenance knows.  Quick: reads no
    golden.  A missing or altered golden is for its test to report.
    """
    problems = []
    for folder in golden_folders(test_folder):
        try:
            problems += stray_files(folder)
        except (GoldenError, OSError) as error:
            problems.append(str(error))
    return problems


def stray_files(folder: str) -> List[str]:
    """One line for each file of a folder of goldens that its provenance lacks."""
    known = {PROVENANCE_NAME}
    for name, golden in load_provenance(folder).goldens.items():
        known.update(f"{name}.{kind}" for kind in golden.files)
    is_outer = os.path.basename(folder) in GOLDEN_FOLDERS
    return [
        f"{os.path.join(folder, name)}: not in {PROVENANCE_NAME}, so of unknown "
        "origin; remove it, or restore the provenance from version control"
        for name in sorted(set(os.listdir(folder)) - known)
        if not name.startswith(WRITING_PREFIX)
        and not (is_outer and os.path.isdir(os.path.join(folder, name)))
    ]
