# Owner(s): ["oncall: package/deploy"]

"""Code in packages of torch.package that earlier releases wrote.

Each is imported from a path and from a buffer, and what was imported is exported again
by this torch and imported once more; it has to be and to compute the same each time.
"""

import importlib
import importlib.resources
import inspect
import io
import json
import math
import os
import re
import sys
import warnings

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common import SINCE, needs  # noqa: E402
from common_compat import package_exporter, reader_has  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from package_describe import (  # noqa: E402
    demangled,
    describe_module,
    qualified_name,
)
from package_models import stack  # noqa: E402
from package_test_case import (  # noqa: E402
    FOLDER,
    MODEL,
    SOURCES,
    Content,
    PackageGoldenTestCase,
    interned,
    list_files,
    package_golden,
)

if reader_has(SINCE):
    from package_bc_sources import (
        functions,
        layers,
        reading,
        standard,
        trainable,
    )


class TestPackageCodeBC(PackageGoldenTestCase):
    """Which code a package holds, which not, and what else that code finds."""

    # What becomes of modules that objects need

    @package_golden()
    def test_extern_standard_library(self):
        """The standard library is not packaged: its modules are the running ones."""

        def describe(model):
            texts = [model(numbers(4)), model(numbers(2, 2)), model(numbers(4))]
            kinds = (model.counts, model.seen, model.recent)
            return [texts, [qualified_name(type(kind)) for kind in kinds]]

        def check(package):
            own = package.import_module(f"{SOURCES}.standard")
            self.assertIsNot(standard, own)
            self.assertEqual([json, math, os.path], [own.json, own.math, own.os.path])

        self.check_model(standard.Counting, describe, check=check)

    @package_golden()
    def test_extern_module(self):
        """A module that is left to the importing Python is that one there."""

        def patterns(exporter):
            exporter.extern(f"{SOURCES}.functions")
            interned(exporter)

        def check(package):
            own = package.import_module(f"{SOURCES}.layers")
            self.assertIsNot(layers, own)
            self.assertIs(functions, own.package_bc_sources.functions)
            self.assertIn(f"{SOURCES}.functions", package.importer.extern_modules)

        self.check_package(
            Content(lambda: {MODEL: stack()}, patterns),
            lambda package: describe_module(package.load(MODEL), (numbers(3, 2),)),
            check=check,
        )

    @package_golden()
    def test_mock(self):
        """What is mocked can be imported, and fails by name when it is used."""

        def patterns(exporter):
            exporter.mock(f"{SOURCES}.training")
            interned(exporter)

        self.check_trainable(patterns)

    @package_golden()
    def test_mock_of_a_pattern(self):
        """A pattern does not apply to what it excludes."""

        def patterns(exporter):
            kept = [f"{SOURCES}.functions", f"{SOURCES}.tr*le"]
            exporter.mock(f"{SOURCES}.*", exclude=kept)
            interned(exporter)

        self.check_trainable(patterns)

    def check_trainable(self, patterns):
        """Check a package in which training.py is mocked."""

        def observe(package):
            model = package.load(MODEL)
            with self.assertRaises(NotImplementedError) as raised:
                model.train_step()
            named = re.match("Object '(.*?)'", demangled(str(raised.exception)))
            return [describe_module(model, (numbers(2),)), named.group(1)]

        def expected():
            shown = describe_module(trainable.Trainable(), (numbers(2),))
            return [shown, f"{SOURCES}.training.log"]

        make = trainable.Trainable
        self.check_package(
            Content(lambda: {MODEL: make()}, patterns), observe, expected
        )

    @needs("1.9.0", "modules that are denied")
    def test_deny(self):
        """A package that needs what is denied is not made."""
        with self.assertRaisesRegex(
            torch.package.PackagingError, rf"denied[^*]*{SOURCES}\.training"
        ):
            with package_exporter(io.BytesIO()) as exporter:
                exporter.deny(f"{SOURCES}.training")
                interned(exporter)
                exporter.save_pickle(FOLDER, MODEL, trainable.Trainable())

    @needs("1.9.0", "patterns that have to match")
    def test_allow_empty(self):
        """A pattern that has to match, and does not, is an error."""
        for kind in ("extern", "mock", "intern"):
            with self.subTest(kind=kind):
                with package_exporter(io.BytesIO()) as exporter:
                    getattr(exporter, kind)("missing.**", allow_empty=True)
                with self.assertRaisesRegex(torch.package.EmptyMatchError, "missing"):
                    with package_exporter(io.BytesIO()) as exporter:
                        getattr(exporter, kind)("missing.**", allow_empty=False)

    # Code

    @package_golden()
    def test_source_string(self):
        """Code that was given as a text is imported, with its dependencies."""

        def sources(exporter):
            exporter.save_source_string("made", "CONSTANT = 3\n", is_package=True)
            exporter.save_source_string("made.inner", MADE)

        def observe(package):
            inner = package.import_module("made.inner")
            names = [demangled(inner.__name__), demangled(inner.__file__)]
            source = inspect.getsource(inner.area)
            return [names, inner.area(2), inner.__package__, source]

        def expected():
            source = MADE[MADE.index("def area") :]
            return [["made.inner", "made/inner.py"], 13, "made", source]

        content = Content(dict, sources=sources, modules=("made", "made.inner"))
        self.check_package(content, observe, expected)

    @package_golden(since="1.10.0")
    def test_source_files(self):
        """A file and a folder of files, under other names than their own."""
        folder = os.path.join(_here, SOURCES)

        def sources(exporter):
            exporter.save_source_file("tree.functions", f"{folder}/functions.py")
            exporter.save_source_file("tree.blocks", f"{folder}/blocks")

        def observe(package):
            residual = package.import_module("tree.blocks.residual").Residual
            model = residual(with_numbers(torch.nn.Linear(2, 2)))
            return describe_module(model, (numbers(3, 2),))

        def expected():
            own = importlib.import_module(f"{SOURCES}.blocks.residual").Residual
            model = own(with_numbers(torch.nn.Linear(2, 2)))
            shown = describe_module(model, (numbers(3, 2),))
            return {**shown, "class": "tree.blocks.residual.Residual"}

        modules = ("tree.functions", "tree.blocks", "tree.blocks.residual")
        content = Content(dict, sources=sources, modules=modules)
        self.check_package(content, observe, expected)

    @package_golden()
    def test_save_module(self):
        """A module that no object needs is packaged with what it imports."""
        name = f"{SOURCES}.blocks.residual"

        def observe(package):
            model = package.import_module(name).Residual(torch.nn.ReLU())
            return describe_module(model, (numbers(3, 2),))

        def sources(exporter):
            exporter.save_module(name)

        content = Content(dict, sources=sources, modules=(name,))
        self.check_package(content, observe)

    @package_golden(since="1.9.0")
    def test_code_knows_its_package(self):
        """Packaged code knows that it is, and reads from the package it is in."""
        name = f"{SOURCES}.reading"

        def sources(exporter):
            exporter.save_module(name)

        def observe(package):
            own = package.import_module(name)
            # is_from_package asks for the class of an object.
            told = [torch.package.is_from_package(each) for each in (own, reading)]
            return [told, own.packaged(), own.read(FOLDER, "words.txt")]

        def expected():
            return [[True, False], True, "some words"]

        resources = {"words.txt": "some words"}
        content = Content(lambda: resources, sources=sources, modules=(name,))
        self.check_package(
            content, observe, lambda: [[True, False], True, "some words"]
        )

    @package_golden(since="1.9.0")
    def test_importlib_resources(self):
        """importlib.resources finds what is in a package."""

        def observe(package):
            folder = package.import_module(FOLDER)
            return _resources(folder, "bytes.bin", "words.txt")

        resources = {"words.txt": "some words", "bytes.bin": b"\x00\xff"}
        self.check_package(
            Content(lambda: resources),
            observe,
            lambda: [sorted(resources), [True, True, False], [0, 255], "some words"],
        )

    @package_golden(since="1.9.0")
    def test_file_structure(self):
        """An importer lists the files that patterns include and do not exclude."""

        def observe(package):
            files = package.importer.file_structure(
                include=[f"{SOURCES}/**", f"{FOLDER}/*"], exclude="**/residual.py"
            )
            names = ("functions.py", "blocks/__init__.py", "blocks/residual.py")
            has = [files.has_file(f"{SOURCES}/{name}") for name in names]
            return [has, files.has_file(f"{FOLDER}/{MODEL}"), list_files(files)]

        def expected():
            kept = ("blocks/__init__.py", "functions.py", "layers.py")
            names = [f"{FOLDER}/{MODEL}", *(f"{SOURCES}/{name}" for name in kept)]
            return [[True, True, False], True, names]

        self.check_package(Content(lambda: {MODEL: stack()}), observe, expected)


# Source that a test saves as a text.
MADE = """\
import math

from package_bc_sources.functions import shifted

from . import CONSTANT


def area(x):
    return shifted(x * x, CONSTANT * math.floor(3.5))
"""


def _resources(package, binary, text):
    """What importlib.resources finds: names, whether they are there, two contents.

    In Python 3.13 its functions raise TypeError where the package's loader has a
    reader of its own, as they give its paths other arguments than these take.
    """
    if sys.version_info >= (3, 13):
        files = importlib.resources.files(package)
        names = sorted(each.name for each in files.iterdir())
        has = [files.joinpath(name).is_file() for name in (*names, "x")]
        content = files.joinpath(binary).read_bytes()
        return [names, has, list(content), files.joinpath(text).read_text()]
    with warnings.catch_warnings():
        # Some Pythons announce that these functions go.
        warnings.simplefilter("ignore", DeprecationWarning)
        names = sorted(importlib.resources.contents(package))
        has = [importlib.resources.is_resource(package, n) for n in (*names, "x")]
        with importlib.resources.open_binary(package, binary) as file:
            content = file.read()
        words = importlib.resources.read_text(package, text)
    return [names, has, list(content), words]


if __name__ == "__main__":
    run_tests()
