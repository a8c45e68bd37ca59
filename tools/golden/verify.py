"""The command ``verify``: the goldens against what the tests declare.

Every file against its hash; every golden that should exist does; every file that
exists belongs to a test; provenance complete; large files have their reason.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from common_golden import (
    RUN_FIELDS,
    Golden,
    GoldenError,
    checked_file,
    folder_release,
    golden_folders,
    load_provenance,
    stray_files,
)

from tools import TEST_FOLDER
from tools.golden.declared import DeclaredGolden, declared_goldens, list_suite
from tools.golden.large import size_problems
from tools.golden.releases import load_releases

HELP = "check every golden: hash, provenance, and that it belongs to a test"

# What a release cannot tell or a local build does not have; the rest must be there.
OPTIONAL_FIELDS = frozenset({"wheel", "wheel_sha256", "torch_git", "cpu_capability"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no options; its parser gets a description."""
    parser.description = HELP


def run(args: argparse.Namespace) -> int:
    """Print each problem; exit code 1 if there is one."""
    listing = list_suite()
    goldens = list(declared_goldens(listing))
    root = Path(TEST_FOLDER)
    problems = [*find_problems(goldens, root), *size_problems(root)]
    for problem in problems:
        print(problem)
    count = len(golden_folders(TEST_FOLDER))
    print(f"{len(problems)} problems in {count} folders of goldens", file=sys.stderr)
    return 1 if problems else 0


def find_problems(goldens: Iterable[DeclaredGolden], root: Path) -> Iterator[str]:
    """One line for each thing that is wrong with the goldens below ``root``."""
    goldens = list(goldens)
    table = [release.version for release in load_releases()]
    for golden in goldens:
        for release in table:
            if release in golden.releases:
                yield from _missing(golden, root, release)
    for folder in map(Path, golden_folders(str(root))):
        declared = [golden for golden in goldens if _lies_in(golden, folder, root)]
        yield from _folder_problems(declared, folder, table)


def _lies_in(golden: DeclaredGolden, folder: Path, root: Path) -> bool:
    release = folder_release(str(folder)) or ""
    return golden.release_folder(root, release) == folder and (
        golden.pinned or release in golden.releases
    )


def _missing(golden: DeclaredGolden, root: Path, release: str) -> Iterator[str]:
    folder = golden.release_folder(root, release)
    try:
        if golden.is_written(root, release):
            return
    except GoldenError:
        return  # reported with its folder
    yield (
        f"{folder / golden.name}: missing; write it with python -m tools.golden write "
        f"--release {release} --only {golden.test}"
    )


def _folder_problems(
    declared: Iterable[DeclaredGolden], folder: Path, table: Sequence[str]
) -> Iterator[str]:
    try:
        provenance = load_provenance(str(folder))
        yield from stray_files(str(folder))
    except GoldenError as error:
        yield str(error)
        return
    for number, run in enumerate(provenance.runs):
        for name in _lacking(run, table):
            yield f"{folder}/provenance.json: run {number} lacks {name}"
    by_name = {golden.name: golden for golden in declared}
    for name, record in provenance.goldens.items():
        path = f"{folder}/{name}"
        if 0 <= record.run < len(provenance.runs):
            writer = str(provenance.runs[record.run].get("torch_version"))
        else:
            writer = ""
            yield f"{path}: written by run {record.run}, which its provenance lacks"
        if name not in by_name:
            yield f"{path}: no test declares this golden; remove it"
        else:
            yield from _contradictions(by_name[name], record, writer, path)
        for kind in record.files:
            try:
                checked_file(str(folder), provenance, name, kind)
            except GoldenError as error:
                yield str(error)


def _lacking(run: Mapping[str, object], table: Sequence[str]) -> list[str]:
    """The fields that a run of a release of the table, or of another torch, lacks."""
    version = str(run.get("torch_version")).partition("+")[0]
    installed = {"wheel", "wheel_sha256"} if version in table else set()
    optional = OPTIONAL_FIELDS - installed
    return [
        name
        for name in RUN_FIELDS
        if name not in run or (run[name] is None and name not in optional)
    ]


def _contradictions(
    golden: DeclaredGolden, record: Golden, writer: str, path: str
) -> Iterator[str]:
    """Where the record of a golden is not what its test declares."""
    if writer and writer not in golden.releases:
        yield f"{path}: written by {writer}, its test declares {golden.releases}"
    if set(golden.kinds) != set(record.files):
        yield (
            f"{path}: has the files {sorted(record.files)}, its test declares "
            f"{sorted(golden.kinds)}"
        )
