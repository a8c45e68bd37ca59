"""Rules for goldens: each belongs to a test by its name, and is small."""

import functools
import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from common_golden import (
    PROVENANCE_NAME,
    folder_release,
    golden_folders,
    load_provenance,
)

from tools.golden.declared import DeclaredGolden
from tools.golden.large import size_problems
from tools.upstream.problem import Problem


def golden_problems(
    root: Path, goldens: Iterable[DeclaredGolden], folders: Collection[str] | None
) -> Iterator[Problem]:
    """What is wrong with goldens of a tree; ``goldens`` are all that tests declare.

    ``folders`` are those to look at, as tests declare them, None for all of them.
    Raises GoldenError for corrupt provenance.
    """
    test_folder = root / "test"
    names: dict[str, set[str]] = {}
    for golden in goldens:
        names.setdefault(golden.folder, set()).add(golden.name)
    for folder in map(Path, golden_folders(str(test_folder))):
        outer = folder.parent if folder_release(str(folder)) else folder
        declared = outer.relative_to(test_folder).as_posix()
        if folders is None or declared in folders:
            yield from _unnamed(root, folder, names.get(declared, set()))
    for text in size_problems(test_folder):
        # One line that begins with the path.
        path, _, message = text.partition(": ")
        place = Path(path)
        if folders is None or _is_below(place, test_folder, folders):
            yield Problem(_relative(place, root), 1, "golden-size", message)


def _unnamed(root: Path, folder: Path, names: Collection[str]) -> Iterator[Problem]:
    path = folder / PROVENANCE_NAME
    for name in load_provenance(str(folder)).goldens:
        if name not in names:
            message = (
                f"no test declares {name}: a golden is called Class.test or "
                "Class.test_subname; rename the test back, or remove the golden"
            )
            line = _line_of(path, name)
            yield Problem(_relative(path, root), line, "golden-name", message)


def _line_of(provenance: Path, name: str) -> int:
    return _lines(provenance).index(f"{json.dumps(name)}: {{") + 1


@functools.lru_cache(maxsize=1)
def _lines(path: Path) -> tuple[str, ...]:
    text = path.read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines())


def _is_below(place: Path, test_folder: Path, folders: Collection[str]) -> bool:
    return any((test_folder / folder) in place.parents for folder in folders)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if root in path.parents else str(path)
