"""The command ``verify``: the goldens against what the tests declare.

Every file against its hash; every golden that should exist does; every file that
exists belongs to a test; provenance complete.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from common_golden import (
    RUN_FIELDS,
    GoldenError,
    checked_file,
    golden_folders,
    load_provenance,
    release_folders,
    stray_files,
)

from tools import TEST_FOLDER
from tools.golden.declared import DeclaredGolden, declared_goldens, list_suite
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
    problems = list(find_problems(goldens, Path(TEST_FOLDER)))
    for problem in problems:
        print(problem)
    folders = [release_folders(folder) for folder in golden_folders(TEST_FOLDER)]
    count = sum(map(len, folders))
    print(f"{len(problems)} problems in {count} release folders", file=sys.stderr)
    return 1 if problems else 0


def find_problems(goldens: Iterable[DeclaredGolden], root: Path) -> Iterator[str]:
    """One line for each thing that is wrong with the goldens below ``root``."""
    goldens = list(goldens)
    table = [release.version for release in load_releases()]
    for golden in goldens:
        for release in table:
            if release in golden.releases:
                yield from _missing(golden, root, release)
    for folder in golden_folders(str(root)):
        declared = [g for g in goldens if root / g.folder == Path(folder)]
        try:
            releases = release_folders(folder)
        except GoldenError as error:
            yield str(error)
            continue
        for release, path in releases.items():
            yield from _folder_problems(declared, release, path, release in table)


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
    declared: Iterable[DeclaredGolden], release: str, folder: str, in_table: bool
) -> Iterator[str]:
    try:
        provenance = load_provenance(folder)
        yield from stray_files(folder)
    except GoldenError as error:
        yield str(error)
        return
    for number, run in enumerate(provenance.runs):
        optional = OPTIONAL_FIELDS - ({"wheel", "wheel_sha256"} if in_table else set())
        for name in RUN_FIELDS:
            if name not in run or (run[name] is None and name not in optional):
                yield f"{folder}/provenance.json: run {number} lacks {name}"
    kinds = {
        golden.name: golden.kinds for golden in declared if release in golden.releases
    }
    for name, record in provenance.goldens.items():
        path = f"{folder}/{name}"
        if not 0 <= record.run < len(provenance.runs):
            yield f"{path}: written by run {record.run}, which its provenance lacks"
        if name not in kinds:
            yield f"{path}: no test declares this golden for {release}; remove it"
        elif set(kinds[name]) != set(record.files):
            yield (
                f"{path}: has the files {sorted(record.files)}, its test declares "
                f"{sorted(kinds[name])}"
            )
        for kind in record.files:
            try:
                checked_file(folder, provenance, name, kind)
            except GoldenError as error:
                yield str(error)
