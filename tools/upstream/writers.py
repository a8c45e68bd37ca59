"""Which writers' goldens an export takes.

They are chosen for all goldens of a folder together, whatever tests are exported:
where a release has a folder of its own, each test demands its golden in it.
"""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from common_formats import format_version
from common_golden import load_provenance, release_folders
from common_releases import ReleaseRange, parse_release

from tools.golden.declared import DeclaredGolden

# The name of a golden, and the kind and the format version of a file of it.
Version = tuple[str, str, str]


def chosen_writers(
    goldens: Iterable[DeclaredGolden],
    test_folder: Path,
    asked: ReleaseRange | None,
    reader: str,
) -> frozenset[str]:
    """The releases whose files of a folder's ``goldens`` are to be copied.

    All that are in the range ``asked``; without one, and for goldens that none of
    those wrote, the fewest that together have each format version of each golden.
    Of these none is newer than ``reader``: nobody promises that it can be read.
    """
    newest = parse_release(reader)
    wanted: set[str] = set()
    versions: dict[str, set[Version]] = {}
    for golden in goldens:
        folders = written(golden, test_folder)
        of_asked = {writer for writer in folders if asked and writer in asked}
        wanted |= of_asked
        for writer, folder in folders.items():
            if not of_asked and parse_release(writer) <= newest:
                versions.setdefault(writer, set()).update(_versions(golden, folder))
    return frozenset(wanted | fewest(versions))


def written(golden: DeclaredGolden, test_folder: Path) -> dict[str, Path]:
    """Writer to its folder, oldest first, of each release that wrote the golden."""
    return {
        writer: Path(folder)
        for writer, folder in release_folders(str(test_folder / golden.folder)).items()
        if writer in golden.releases and golden.name in load_provenance(folder).goldens
    }


def _versions(golden: DeclaredGolden, folder: Path) -> set[Version]:
    return {
        (golden.name, kind, format_version(str(folder / f"{golden.name}.{kind}")))
        for kind in golden.kinds
    }


def fewest(versions: Mapping[str, Iterable[Version]]) -> frozenset[str]:
    """The smallest choice of writers that has all versions of all writers.

    Of choices of one size one with old writers: what is older is likelier to break.
    """
    having: dict[Version, set[str]] = {}
    for writer, found in versions.items():
        for version in found:
            having.setdefault(version, set()).add(writer)
    # To have one of few writers is to have one of more: only the least sets count.
    groups: list[frozenset[str]] = []
    for group in sorted(map(frozenset, having.values()), key=len):
        if not any(least <= group for least in groups):
            groups.append(group)
    forced = frozenset().union(*(group for group in groups if len(group) == 1))
    open_groups = [group for group in groups if not group & forced]
    candidates = sorted(frozenset().union(*open_groups), key=parse_release)
    return next(
        forced.union(choice)
        for size in range(len(open_groups) + 1)
        for choice in itertools.combinations(candidates, size)
        if all(group.intersection(choice) for group in open_groups)
    )
