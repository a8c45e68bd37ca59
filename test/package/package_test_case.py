"""How goldens of torch.package are written, imported, exported again, described."""

import importlib
import io
import logging
import os
import tempfile
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple
from unittest import mock

import torch

from common import SINCE, intern
from common_compat import package_exporter
from common_expected import save_expected
from common_utils import GoldenTestCase, golden

KIND = "package.pt"
# Where resources lie in each package, and the one of most of them.
FOLDER = "model"
MODEL = "model.pkl"
# The package of our sources that goldens have a copy of.
SOURCES = "package_bc_sources"
# How a resource is saved and loaded, by the end of its name.
KINDS = {".pkl": "pickle", ".txt": "text", ".bin": "binary"}
# Packages of 1.8 do not list their files, and have no metadata but extern modules.
CONTENTS_SINCE = "1.9.0"


def package_golden(since=SINCE):
    """Declare a golden of a package."""
    return golden(since=since, kinds=(KIND, "expected.npz"))


def interned(exporter):
    """Have our sources packaged."""
    intern(exporter, f"{SOURCES}.**")


def nothing(exporter):
    """Say nothing of modules."""


@dataclass(frozen=True)
class Content:
    """What a test puts into a package.

    ``make()`` gives the resources by name.  ``patterns(exporter)`` says what becomes
    of modules that they need.  ``sources(exporter)`` saves the code of ``modules``
    that no resource needs.  ``protocol`` is that of the pickles, if not the usual one.
    """

    make: Callable[[], Dict[str, Any]]
    patterns: Callable = interned
    sources: Callable = nothing
    modules: Tuple[str, ...] = ()
    protocol: Optional[int] = None

    def save(self, into):
        """Write the package to a path or buffer; the resources."""
        resources = self.make()
        with _scripts_allowed(), package_exporter(into) as exporter:
            self.patterns(exporter)
            self.sources(exporter)
            self._save_resources(exporter, resources)
        return resources

    def save_imported(self, package, names, into):
        """Write what was imported, resources and modules, to a path or buffer."""
        resources = {name: package.load(name) for name in names}
        with ExitStack() as stack:
            stack.enter_context(_scripts_allowed())
            stack.enter_context(_importers_quiet())
            exporter = stack.enter_context(package_exporter(into, package.importer))
            self.patterns(exporter)
            for module in self.modules:
                exporter.save_module(module)
            self._save_resources(exporter, resources)

    def _save_resources(self, exporter, resources):
        options = {"pickle_protocol": self.protocol} if self.protocol else {}
        for name, value in resources.items():
            kind = _kind(name)
            save = getattr(exporter, f"save_{kind}")
            save(FOLDER, name, value, **(options if kind == "pickle" else {}))


class Live:
    """What goes into a package, asked as the package is."""

    def __init__(self, resources):
        self._resources = resources

    def load(self, name):
        """The resource of this name."""
        return self._resources[name]

    def import_module(self, name):
        """The module of this name."""
        return importlib.import_module(name)


class Imported:
    """An imported package."""

    def __init__(self, file):
        self.importer = torch.package.PackageImporter(file)

    def load(self, name):
        """The resource of this name."""
        return getattr(self.importer, f"load_{_kind(name)}")(FOLDER, name)

    def import_module(self, name):
        """The module of this name."""
        return self.importer.import_module(name)


class PackageGoldenTestCase(GoldenTestCase):
    """Base class: ``check_package`` writes and reads a package."""

    golden_folder = "package_bc"

    def check_model(self, make, describe, *calls, **options):
        """Check a package of one object; see ``check_package``."""
        self.check_package(
            Content(lambda: {MODEL: make()}),
            lambda package: describe(package.load(MODEL), *calls),
            **options,
        )

    def check_package(
        self,
        content,
        observe,
        expected: Optional[Callable[[], Any]] = None,
        check: Optional[Callable] = None,
        buffered: bool = False,
        unzipped: bool = False,
    ):
        """Check what a package of ``content`` holds once it is imported.

        ``observe(package)`` tells what is compared, of a Live and of an Imported
        package; ``expected()`` is for what no live object tells.  ``check(package)``
        makes assertions on each imported package.  Import, export by this torch of
        what was imported, and lists of contents are sub-tests of their own, and so is
        with ``unzipped`` the import of a folder.  ``buffered`` has the writer save to
        a buffer.
        """

        def write(files):
            if buffered:
                buffer = io.BytesIO()
                resources = content.save(buffer)
                with open(files[KIND], "wb") as file:
                    file.write(buffer.getvalue())
            else:
                resources = content.save(files[KIND])
            value = expected() if expected else observe(Live(resources))
            kept = {"value": value, "contents": _stored_contents(files[KIND])}
            save_expected(files["expected.npz"], kept)

        def check_imported(files, package):
            if check:
                check(package)
            self.check_expected(files["expected.npz"], observe(package), part="value")

        def read(files):
            check_imported(files, Imported(files[KIND]))
            with open(files[KIND], "rb") as file:
                check_imported(files, Imported(io.BytesIO(file.read())))

        def read_again(files):
            buffer = io.BytesIO()
            names = _resource_names(files[KIND])
            content.save_imported(Imported(files[KIND]), names, buffer)
            buffer.seek(0)
            check_imported(files, Imported(buffer))

        def read_contents(files):
            found = _listed_contents(Imported(files[KIND]).importer)
            self.check_expected(files["expected.npz"], found, part="contents")

        def read_folder(files):
            with tempfile.TemporaryDirectory() as folder:
                with zipfile.ZipFile(files[KIND]) as stored:
                    stored.extractall(folder)
                (inner,) = os.listdir(folder)
                check_imported(files, Imported(os.path.join(folder, inner)))

        readings = {"import": read, "export": read_again, "contents": read_contents}
        if unzipped:
            readings["folder"] = read_folder
        for loader, reading in readings.items():
            since = CONTENTS_SINCE if loader == "contents" else None
            with self.subTest(loader=loader):
                self.check_golden(write, {KIND: reading}, since=since)


def _kind(name):
    return KINDS[os.path.splitext(name)[1]]


def _resource_names(path):
    """The names of a package's resources, in the order in which they were saved."""
    with zipfile.ZipFile(path) as stored:
        records = [name.split("/")[1:] for name in stored.namelist()]
    return [
        record[1]
        for record in records
        if len(record) == 2
        and record[0] == FOLDER
        and os.path.splitext(record[1])[1] in KINDS
    ]


def _stored_contents(path):
    """What a package holds and says of itself, found without torch."""
    with zipfile.ZipFile(path) as stored:
        # The outermost folder is the archive's own name.
        records = {name.split("/", 1)[1]: name for name in stored.namelist()}

        def lines(record):
            if record not in records:
                return None
            return stored.read(records[record]).decode().split("\n")

        version = lines(".data/python_version")
        return {
            "files": sorted(records),
            "extern": sorted((lines(".data/extern_modules") or [""])[:-1]),
            "python": version and version[0],
        }


def _listed_contents(importer):
    """The same as an importer tells it."""
    has_version = hasattr(importer, "python_version")
    return {
        "files": list_files(importer.file_structure()),
        "extern": sorted(importer.extern_modules),
        "python": importer.python_version() if has_version else None,
    }


def list_files(directory):
    """The paths of the files of a ``torch.package.Directory``, sorted."""
    paths = []
    for name, child in directory.children.items():
        inner = list_files(child) if child.is_dir else []
        paths += [f"{name}/{path}" for path in inner] if child.is_dir else [name]
    return sorted(paths)


@contextmanager
def _scripts_allowed():
    """Let a ScriptModule be packaged: some releases want to be asked for it."""
    name = "_gate_torchscript_serialization"
    module = getattr(torch.package, "package_exporter", None)
    if hasattr(module, name):
        with mock.patch.object(module, name, False):
            yield
    else:
        yield


def _importers_quiet():
    """Silence what importers log of each name that the first of them does not know."""
    return mock.patch.object(
        logging.getLogger("torch.package.importer"), "disabled", True
    )
