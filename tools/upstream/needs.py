"""Which files below ``test/`` a test file needs, told from its source.

Modules are imported by their bare names from the file's folder, those around it, and
folders that a source names, as each puts them on ``sys.path``.  Data files, and
folders of pinned goldens, are those that a source names in a string.
"""

import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from common_golden import PROVENANCE_NAME

from tools.upstream.sources import Import, Source, read_source

TEST = "test"
_PATH = re.compile(r"(?:\.\./)*\w[\w./-]*")


@dataclass(frozen=True)
class Needs:
    """What a test file needs, itself included; paths are relative to the tree.

    ``folders`` are where its modules are looked for; ``pinned`` the folders of pinned
    goldens.
    """

    modules: frozenset[str]
    folders: tuple[str, ...]
    data: frozenset[str]
    pinned: frozenset[str]


@dataclass
class Tree:
    """The sources of a tree with a folder ``test``, each read once."""

    root: Path
    _sources: dict[str, Source] = field(default_factory=dict)
    _needs: dict[str, Needs] = field(default_factory=dict)
    _existing: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def module_names(self) -> frozenset[str]:
        """By what names modules below ``test`` may be imported, wherever they lie."""
        return frozenset(
            file.parent.name if file.name == "__init__.py" else file.stem
            for file in (self.root / TEST).rglob("*.py")
        )

    def source(self, path: str) -> Source:
        """The file ``path``.  Raises UpstreamError where it is no Python."""
        if path not in self._sources:
            self._sources[path] = read_source(self.root, path)
        return self._sources[path]

    def needs(self, path: str) -> Needs:
        """What the file needs.  Raises UpstreamError where a source is no Python."""
        if path not in self._needs:
            self._needs[path] = self._find_needs(path)
        return self._needs[path]

    def _find_needs(self, path: str) -> Needs:
        modules, new = set(), {path}
        while new:
            modules |= new
            sources = [self.source(each) for each in sorted(modules)]
            folders = self._folders(path, sources)
            found = {
                module
                for source in sources
                for each in source.imports
                for module in self.modules(source, each, folders)
            }
            new = found - modules
        named = self._named(folders, sources)
        return Needs(
            frozenset(modules),
            folders,
            frozenset(name for name in named if (self.root / name).is_file()),
            frozenset(
                name for name in named if (self.root / name / PROVENANCE_NAME).is_file()
            ),
        )

    def modules(
        self, source: Source, imported: Import, folders: Iterable[str]
    ) -> Iterator[str]:
        """The files of this tree that an import runs: a package counts whole.

        None where the module is another's.
        """
        if imported.level:
            folder = source.path
            for _ in range(imported.level):
                folder = posixpath.dirname(folder)
            yield from self._package(folder)
            return
        if imported.top in sys.stdlib_module_names:
            return
        for folder in folders:
            place = posixpath.join(folder, imported.top)
            if (self.root / f"{place}.py").is_file():
                yield f"{place}.py"
                return
            if (self.root / place / "__init__.py").is_file():
                yield from self._package(place)
                return

    def _package(self, folder: str) -> Iterator[str]:
        for file in (self.root / folder).rglob("*.py"):
            yield file.relative_to(self.root).as_posix()

    def _folders(self, path: str, sources: Iterable[Source]) -> tuple[str, ...]:
        """The folders around the file, the nearest first, and those that are named."""
        own, folder = [], posixpath.dirname(path)
        while folder:
            own.append(folder)
            folder = posixpath.dirname(folder)
        around = [each for each in own if each.split("/")[0] == TEST]
        # Not folders of goldens: in them the name of each release would name one.
        named = {
            name
            for name in self._named(around, sources)
            if any((self.root / name).glob("*.py"))
        }
        return tuple(dict.fromkeys((*around, *sorted(named))))

    def _named(self, folders: Iterable[str], sources: Iterable[Source]) -> set[str]:
        """Files that are no modules, and folders, below ``test/`` that are named."""
        places = {
            posixpath.normpath(posixpath.join(folder, text))
            for folder in folders
            for source in sources
            for text in source.literals
            if _PATH.fullmatch(text) and not text.endswith(".py")
        }
        return {
            place
            for place in places
            if place.startswith(f"{TEST}/") and self._exists(place)
        }

    def _exists(self, place: str) -> bool:
        if place not in self._existing:
            self._existing[place] = (self.root / place).exists()
        return self._existing[place]
