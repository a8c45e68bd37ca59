"""Base of the tests of torch.package (Python 3.7, torch 1.8 on)."""

import itertools
import os
import sys
import tempfile
import unittest
import warnings

import torch

from common_compat import (
    HardwareClassification,
    TestCase,
    ignore_announced_deprecations,
    reader_has,
)

# The first release with torch.package.
SINCE = "1.8.0"
if reader_has(SINCE):
    # Old releases do not import it by themselves.
    import torch.package
PACKAGE_TEST_FOLDER = os.path.dirname(os.path.abspath(__file__))


def needs(release, what):
    """Decorate a test that skips, saying ``what`` it lacks, under older releases."""
    return unittest.skipUnless(
        reader_has(release), f"torch {torch.__version__} lacks {what} (since {release})"
    )


def intern(exporter, *patterns):
    """Have modules packaged; 1.8 does that with all that nothing else was said of."""
    if hasattr(exporter, "intern"):
        exporter.intern(list(patterns))


class PackageTestCase(TestCase):
    """Base class: temporary files, and the fixture packages can be imported."""

    hw_classification = HardwareClassification.GENERIC

    def setUp(self):
        super().setUp()
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self._numbers = itertools.count()
        if PACKAGE_TEST_FOLDER not in sys.path:
            sys.path.append(PACKAGE_TEST_FOLDER)
            self.addCleanup(sys.path.remove, PACKAGE_TEST_FOLDER)

    def run(self, result=None):
        with warnings.catch_warnings():
            ignore_announced_deprecations()
            return super().run(result)

    def temp(self):
        """The path of a file that does not exist yet, and is removed after the test."""
        return os.path.join(self._folder.name, f"{next(self._numbers)}.pt")
