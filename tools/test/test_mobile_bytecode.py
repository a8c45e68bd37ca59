"""The expected texts of test/mobile/test_bytecode.py notice any change of a dump."""

import importlib
import os
import re
import sys
import unittest

from tools import TEST_FOLDER

sys.path.append(os.path.join(TEST_FOLDER, "mobile"))
texts = importlib.import_module("bytecode_texts")


def dump_of(expected: str) -> str:
    """A dump that an expected text stands for."""
    return expected.replace("__torch__.*", "__torch__.package").replace("*.", "140123.")


class TestExpectedTexts(unittest.TestCase):
    """Each line of each text counts."""

    def test_each_part_of_each_line_counts(self):
        """A dump with another name, number or order than the text does not match it."""
        changed = 0
        backported = (texts.backported_bytecode(source) for source in (5, 9))
        for table in (texts.BYTECODE, *backported):
            for version, expected in table.items():
                dump = dump_of(expected)
                self.assertTrue(texts.matches(dump, expected), version)
                for found in re.finditer(r"\b(?!package|140123)\w+\b", dump):
                    other = dump[: found.start()] + "X" + dump[found.end() :]
                    with self.subTest(version=version, changed=found[0]):
                        self.assertFalse(texts.matches(other, expected))
                        changed += 1
        self.assertGreater(changed, 11 * 50)

    def test_an_instruction_more_or_less(self):
        """A dump that lacks an instruction, or has one twice, does not match."""
        for version, expected in texts.BYTECODE.items():
            dump = dump_of(expected)
            for found in re.finditer(r"\('[A-Z]+', \d, \d\),?", dump):
                start, end = found.span()
                for other in (dump[:start] + dump[end:], dump[:end] + dump[start:]):
                    with self.subTest(version=version, instruction=found[0]):
                        self.assertFalse(texts.matches(other, expected))


if __name__ == "__main__":
    unittest.main()
