"""Small trees of tests, for the tests of ``tools.upstream``."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

COMMON = """
    from torch.testing._internal.common_utils import TestCase, run_tests

    HardwareClassification = object()


    class GoldenTestCase(TestCase):
        hw_classification = HardwareClassification.GENERIC


    def raise_on_run_directly(aggregator):
        raise RuntimeError(aggregator)
    """
# A test file that keeps all rules.
GOOD = """
    # Owner(s): ["module: nn"]

    import os

    from common_utils import (
        GoldenTestCase,
        HardwareClassification,
        TestCase,
        run_tests,
    )


    class TestOne(GoldenTestCase):
        def test_one(self):
            self.assertTrue(os)


    class TestTwo(TestCase):
        hw_classification = HardwareClassification.GENERIC

        def test_two(self):
            self.assertTrue(self)


    if __name__ == "__main__":
        run_tests()
    """


def plain(text: str) -> str:
    """The text without the indentation that it has in a test."""
    return textwrap.dedent(text).lstrip("\n")


def write_tree(root: Path, files: Mapping[str, str]) -> None:
    """Write files, path to text, below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plain(text), encoding="utf-8")
