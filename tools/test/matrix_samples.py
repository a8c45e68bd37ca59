"""Cells for the tests of the matrix, made without torch."""

from collections.abc import Iterable, Mapping

from tools.matrix.cells import Cell
from tools.testing.records import CRASHED, FAILED, PASSED, SKIPPED

FILE = "test/nn/test_modules.py"
TEST = "TestModules.test_linear"
PARAMETERS = (("file", "module.pt"),)
RELEASES = {name: name for name in ("1.0.1", "1.4.0", "2.0.1", "2.6.0", "2.13.0")}
BROKEN = "AttributeError: no padding_mode"
_STATES = {".": PASSED, "x": FAILED, "c": CRASHED, "s": SKIPPED}


def cells_of(
    outcomes: str,
    writer: str = "1.0.1",
    test: str = TEST,
    message: str = BROKEN,
    readers: Iterable[str] = RELEASES,
    parameters: tuple[tuple[str, str], ...] = PARAMETERS,
) -> list[Cell]:
    """A cell for each reader and letter: ``.`` passed, ``x`` failed, ``c`` crashed,
    ``s`` skipped.

    A blank leaves the reader out.
    """
    return [
        Cell(
            reader,
            writer,
            FILE,
            test,
            parameters,
            _STATES[letter],
            "" if letter == "." else message,
        )
        for reader, letter in zip(readers, outcomes, strict=False)
        if letter != " "
    ]


def releases_of(*names: str) -> Mapping[str, str]:
    """Readers that are releases."""
    return {name: name for name in names}
