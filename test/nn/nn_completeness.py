"""Base of tests that compare what this torch has with what the tables have."""

import inspect

import torch

from common_releases import parse_release
from common_utils import HardwareClassification, TestCase


class Completeness(TestCase):
    """Finds the public names of a module of torch."""

    hw_classification = HardwareClassification.GENERIC

    # Name to the reason why nothing is to be saved of it.
    WITHOUT_ROW = {}

    def classes(self, module, base):
        """The names of the public subclasses of ``base`` in a module, and of it."""
        return {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, base)
            and not name.startswith("_")
        }

    def functions(self, module):
        """The names of the public functions that a module defines."""
        return {
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value)
            and value.__module__ == module.__name__
            and not name.startswith("_")
        }

    def check_tables(self, found, rows):
        """Fail with each name that is in only one of the two.

        A row without a class is one that a release took away or that this torch does
        not have yet; those that are no class are not meant.
        """
        self.assertTrue(found, "no public names: looked in the wrong place")
        missing = sorted(found - set(rows) - set(self.WITHOUT_ROW))
        self.assertEqual(missing, [], "add a row for each of these")
        stale = sorted(set(self.WITHOUT_ROW) - found)
        self.assertEqual(stale, [], "these are not in torch: no reason is needed")
        early = sorted(
            name
            for name in found & set(rows)
            if parse_release(rows[name].since) > parse_release(torch.__version__)
        )
        self.assertEqual(early, [], "these are in torch before their since")
