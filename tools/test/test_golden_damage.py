"""Every quantization golden can fail its test: each file of each is damaged once.

The suite is copied, damaged and run by the driver, so that a loader that crashes
costs one test.  In each round the files of some kinds are damaged; then each cell that
read one of them and passed before must fail.
"""

import io
import json
import os
import shutil
import tempfile
import unittest
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path

import numpy as np
from common_golden import (
    GOLDEN_FOLDERS,
    load_provenance,
    record_file,
    save_provenance,
)

from tools import ROOT
from tools.testing.execution import list_tests, run_file
from tools.testing.plan import Plan
from tools.testing.records import PASSED, Outcome

FILE = "test/quantization/bc/test_backward_compatibility.py"
GOLDENS = "test/quantization/serialized"
# One engine is enough to tell whether a damaged golden is noticed.
ONE_ENGINE = '\n\ndef supported_engines():\n    return ["fbgemm"]\n'

# Loads the first state for each class of module, and silently no other.
LOAD_ONCE = """
_load, _loaded = torch.nn.Module.load_state_dict, set()


def _load_once(module, state, *arguments, **options):
    if type(module) not in _loaded:
        _loaded.add(type(module))
        _load(module, state, *arguments, **options)


torch.nn.Module.load_state_dict = _load_once
"""

# Read by every cell of a golden; any other file has a cell of its own.
SHARED_KIND = "expected.npz"
# What is damaged together: of these each cell reads one.  The cell of the targets
# loads the package, too.
ROUNDS = (
    (SHARED_KIND,),
    ("expected.pt", "get_attr_targets.pt", "input.pt", "state_dict.pt"),
    ("package.pt", "scripted.pt", "traced.pt"),
)


def flip_byte(path: Path) -> None:
    """Flip the bits of one byte of the data: of a tensor where there is one."""
    data = bytearray(path.read_bytes())
    data[_data_position(data)] ^= 0xFF
    path.write_bytes(data)


def _data_position(data: bytes) -> int:
    """Where a byte of the largest tensor lies; in an old container the last one."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return len(data) - 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        records = [entry for entry in archive.infolist() if _holds_data(entry.filename)]
        entry = max(records or archive.infolist(), key=lambda entry: entry.file_size)
    # The local header has a name and an extra field of its own lengths.
    start = entry.header_offset
    name, extra = (int.from_bytes(data[start + at : start + at + 2], "little")
                   for at in (26, 28))  # fmt: skip
    end = start + 30 + name + extra + entry.compress_size
    # The end of a compressed record may be of no consequence, its middle never is.
    return end - (1 if entry.compress_type == zipfile.ZIP_STORED else
                  entry.compress_size // 2)  # fmt: skip


def _holds_data(name: str) -> bool:
    folder = os.path.basename(os.path.dirname(name))
    return folder in ("data", "constants", "tensors", ".data") and "id" not in name


def change_expected(path: Path, of_input: bool) -> None:
    """Change the expected input, or else all other expected arrays and sets.

    Not both: the output of a changed input may be the changed output.
    """
    with np.load(path) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    parts = json.loads(bytes(arrays["tree"]))["dict"]
    inputs = {tree["elements"] for part, tree in parts if part == "input"}
    for name, array in arrays.items():
        if name != "tree" and array.size and (name in inputs) == of_input:
            array.flat[-1] += 1
    if not of_input:
        changed = json.dumps({"dict": parts}).replace('"set": [', '"set": ["changed", ')
        arrays["tree"] = np.frombuffer(changed.encode(), np.uint8)
    np.savez_compressed(path, **arrays)


@dataclass(frozen=True)
class DamagedFile:
    """One file of the golden ``name`` (``Class.test[_subname]``) of ``writer``."""

    writer: str
    name: str
    kind: str

    def is_read_by(self, outcome: Outcome) -> bool:
        """Whether the outcome is of the golden's test, and read this file or any."""
        subname = outcome.parameters.get("subname")
        name = f"{outcome.test}_{subname}" if subname else outcome.test
        if (outcome.writer, name) != (self.writer, self.name):
            return False
        return self.kind in (SHARED_KIND, outcome.parameters["file"])


def other_goldens(folder: str, names: list[str]) -> list[str]:
    """Which of the names in a folder are goldens that are not damaged here."""
    own = os.path.dirname(os.path.join(ROOT, GOLDENS))
    return [] if folder == own else [name for name in names if name in GOLDEN_FOLDERS]


@cache
def golden_tests() -> tuple[str, ...]:
    """The names of the tests that read goldens."""
    return tuple(test.name for test in list_tests([FILE], Plan()).tests if test.golden)


def damage_round(
    damage: Callable[[Path], None],
    match_hash: bool,
    kinds: Sequence[str],
    code: str = "",
) -> tuple[list[DamagedFile], list[Outcome]]:
    """Damage the files of these kinds in a copy of the suite; run it.

    ``code`` goes into a module that the tests import.
    """
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(Path(ROOT, "test"), Path(root, "test"), ignore=other_goldens)
        engines = Path(root, "test/quantization/bc/quantized_engines.py")
        engines.write_text(engines.read_text() + ONE_ENGINE + code)
        damaged = []
        for folder in sorted(Path(root, GOLDENS).iterdir()):
            provenance = load_provenance(str(folder))
            goldens = dict(provenance.goldens)
            for name, golden in provenance.goldens.items():
                files = dict(golden.files)
                for kind in files.keys() & kinds:
                    path = folder / f"{name}.{kind}"
                    damage(path)
                    damaged.append(DamagedFile(folder.name, name, kind))
                    if match_hash:
                        files[kind] = record_file(str(path))
                goldens[name] = replace(golden, files=files)
            save_provenance(str(folder), replace(provenance, goldens=goldens))
        return damaged, list(run_file(FILE, golden_tests(), Plan(root=root, jobs=2)))


class TestDamagedGoldens(unittest.TestCase):
    """Each damage to each file of each golden makes its test fail."""

    @classmethod
    def setUpClass(cls) -> None:
        unharmed, outcomes = damage_round(lambda path: None, False, [SHARED_KIND])
        cls.passed = [o for o in outcomes if o.state == PASSED]
        cls.goldens = len(unharmed)

    def check_noticed(
        self, damage: Callable[[Path], None], match_hash: bool, words: str = ""
    ) -> int:
        """Check for every file that an error with ``words`` tells; how many files."""
        with ThreadPoolExecutor(os.cpu_count()) as executor:
            rounds = executor.map(partial(damage_round, damage, match_hash), ROUNDS)
            checked = 0
            for damaged, outcomes in rounds:
                failed = {
                    o.name for o in outcomes if o.state != PASSED and words in o.message
                }
                for file in damaged:
                    readers = [o.name for o in self.passed if file.is_read_by(o)]
                    if readers:
                        checked += 1
                        with self.subTest(file=file):
                            self.assertTrue(failed & set(readers), "nothing failed")
        return checked

    def test_each_kind_has_its_round(self):
        """No kind of file is left undamaged."""
        folders = Path(ROOT, GOLDENS).iterdir()
        goldens = [load_provenance(str(each)).goldens.values() for each in folders]
        kinds = {kind for each in chain(*goldens) for kind in each.files}

        self.assertEqual(sorted(kinds), sorted(chain(*ROUNDS)))

    def test_flipped_byte(self):
        """A flipped byte is noticed by the hash, whichever file it is in."""
        words = "not the file that was written"
        noticed = self.check_noticed(flip_byte, False, words)

        self.assertGreater(noticed, 5 * self.goldens)

    def test_flipped_byte_with_matching_hash(self):
        """A flipped byte of a tensor is noticed by the numbers or the loader."""
        self.assertGreater(self.check_noticed(flip_byte, True), 5 * self.goldens)

    def test_deleted(self):
        """A file that is not there is noticed."""
        noticed = self.check_noticed(os.unlink, False, ": missing; restore it")

        self.assertGreater(noticed, 5 * self.goldens)

    def test_state_that_is_not_loaded(self):
        """What one writer's state left in a module does not pass for the next one's."""
        _, outcomes = damage_round(lambda path: None, False, (), LOAD_ONCE)
        cells = {o.name for o in self.passed if o.parameters["file"] == "state_dict.pt"}
        still = cells & {o.name for o in outcomes if o.state == PASSED}
        classes = {outcome.test for outcome in self.passed}

        self.assertGreater(len(cells), 10 * len(classes))
        self.assertLessEqual(len(still), len(classes))

    def test_changed_expected_value(self):
        """Another expected value is noticed by each cell that compares with it."""
        for of_input in (False, True):
            change = partial(change_expected, of_input=of_input)
            damaged, outcomes = damage_round(change, True, [SHARED_KIND])
            failed = {o.name for o in outcomes if o.state != PASSED}
            comparing = {
                outcome.name
                for outcome in self.passed
                if (outcome.parameters["file"] == "input.pt") == of_input
            }
            self.assertEqual({"expected.npz"}, {file.kind for file in damaged})
            self.assertGreater(len(comparing), 400)
            self.assertEqual(set(), comparing - failed)


if __name__ == "__main__":
    unittest.main()
