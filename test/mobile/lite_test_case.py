"""What the goldens of mobile models hold, and how they are written and checked."""

import functools
import io
import os
import tempfile

import torch

from common_compat import reader_has
from common_expected import save_expected
from common_formats import format_version
from common_utils import GoldenTestCase, golden
from common_values import copied
from lite_interpreter import (
    BACKPORT_SINCE,
    BYTECODE_SINCE,
    FLATBUFFER_SINCE,
    FLATBUFFER_VERSION,
    MINIMUM_TO_VERSION,
    mobile,
    save_for_lite_interpreter,
    written_version,
)

KIND = "mobile.ptl"
BYTECODE, FLATBUFFER = "bytecode", "flatbuffer"
RAISES = "raises"
# The bytecode versions that backports make, each with the first writer of newer ones.
BACKPORTS = {
    BYTECODE: {
        version: min(
            (since for newer, since in BYTECODE_SINCE.items() if newer > version),
            key=lambda since: int(since.split(".")[1]),
        )
        for version in range(MINIMUM_TO_VERSION, max(BYTECODE_SINCE))
    },
    FLATBUFFER: {
        version: FLATBUFFER_SINCE
        for version in range(MINIMUM_TO_VERSION, FLATBUFFER_VERSION)
    },
}


def lite_golden(since="1.6.0", until=None, formats=(BYTECODE, FLATBUFFER)):
    """Declare a golden of a mobile model: bytecode, and since 1.13 a flatbuffer."""
    first = {BYTECODE: since, FLATBUFFER: FLATBUFFER_SINCE}
    subnames = {name: first[name] for name in formats}
    return golden(
        since=since, until=until, kinds=(KIND, "expected.npz"), subnames=subnames
    )


def call(module, method, arguments):
    """Call a method of a model, whichever loader made it, on copies of tensors.

    The method ``RAISES`` is forward, which has to raise an error.
    """
    arguments = copied(arguments)
    if method == RAISES:
        try:
            return module(*arguments)
        except (RuntimeError, torch.jit.Error):
            return RAISES
    if method == "forward":
        return module(*arguments)
    if hasattr(module, "run_method"):
        return module.run_method(method, *arguments)
    return getattr(module, method)(*arguments)


class LiteTestCase(GoldenTestCase):
    """Base class: ``check_model`` writes and reads a mobile model in each format."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # File and version to what a backport made of it.
        self.backports = {}

    def check_model(self, make, *calls, tolerance=None):
        """Check what ``make()``, a module or scripted module, computes in ``calls``.

        A call is a tuple of arguments, or a name of a method and such a tuple.  The
        saved file is run by the lite interpreter and by torch.jit.load, and so is
        what a backport to each lower version makes of it by the lite interpreter.
        """
        calls = [c if c and isinstance(c[0], str) else ("forward", c) for c in calls]

        def run(module):
            return [call(module, method, arguments) for method, arguments in calls]

        # Once: some of what makes a model cannot be done twice to one class.
        make = functools.lru_cache(maxsize=None)(make)
        for subname in self.golden_spec().subnames:
            self._check_format(make, run, subname, tolerance)

    def _check_format(self, make, run, subname, tolerance):
        def write(files):
            module = make()
            if not isinstance(module, torch.jit.ScriptModule):
                module = torch.jit.script(module)
            save_for_lite_interpreter(module, files[KIND], subname == FLATBUFFER)
            save_expected(files["expected.npz"], run(module))

        def check(files, module):
            self.check_expected(files["expected.npz"], run(module), tolerance)

        def read_lite(files):
            self.assertEqual(self._expected_version(subname), _version(files[KIND]))
            check(files, mobile._load_for_lite_interpreter(files[KIND]))
            with open(files[KIND], "rb") as file:
                buffer = io.BytesIO(file.read())
            check(files, mobile._load_for_lite_interpreter(buffer))

        def read_jit(files):
            check(files, torch.jit.load(files[KIND]))

        for loader, read in (("lite", read_lite), ("jit", read_jit)):
            with self.subTest(loader=loader):
                self.check_golden(write, {KIND: read}, subname)
        if not reader_has(BACKPORT_SINCE):
            return
        for version, since in sorted(BACKPORTS[subname].items(), reverse=True):

            def read_backport(files, version=version):
                check(files, self._backported(files[KIND], version))

            with self.subTest(backport=version):
                self.check_golden(write, {KIND: read_backport}, subname, since)

    def _expected_version(self, subname):
        """How common_formats names the bytecode that the writer is known to write."""
        if subname == FLATBUFFER:
            return f"flatbuffer {FLATBUFFER_VERSION}"
        if self.writer.startswith("1.6."):
            return "bytecode without version"
        return f"bytecode {written_version(self.writer)}"

    def _backported(self, path, version):
        """The model that a backport of a file to a version gives.

        In one step where the version above was made before: a backport goes down by
        one version at a time anyway, and takes as long as the steps.
        """
        source = self.backports.get((path, version + 1), path)
        into = os.path.join(self.folder, f"{len(self.backports)}_to_{version}.ptl")
        self.assertTrue(mobile._backport_for_mobile(source, into, version))
        self.assertEqual(f"bytecode {version}", _version(into))
        self.backports[path, version] = into
        return mobile._load_for_lite_interpreter(into)


def _version(path):
    return format_version(path).split(", ")[-1]
