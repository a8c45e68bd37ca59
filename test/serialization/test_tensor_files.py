# Owner(s): ["module: serialization"]

"""Tensors in files that earlier releases wrote: of every dtype, views, and classes."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import serialization_tensors as tensors  # noqa: E402
from common_utils import run_tests  # noqa: E402
from serialization_cases import (  # noqa: E402
    Case,
    FileTestCase,
    add_cases,
    save_by_default,
)
from serialization_dtypes import CHANNEL_DTYPES, DTYPES, dtypes_of_torch  # noqa: E402


def dtype_cases():
    """A case for each dtype that can be saved."""
    return {
        name: Case(
            doc=f"Elements of {name}, those at the limits too.",
            make=lambda name=name, dtype=dtype: dtype.make(name),
            since=dtype.since,
            safe=dtype.safe,
            refused=("_rebuild_qtensor", "_rebuild_tensor_v3", f"torch.{name}"),
            legacy_since=None if dtype.zip_only else "1.0.0",
        )
        for name, dtype in {**DTYPES, **CHANNEL_DTYPES}.items()
        if not dtype.unsaved
    }


class TestDtypes(FileTestCase):
    """A tensor of each dtype."""

    def test_all_are_listed(self):
        """No dtype of this torch is missing in the table."""
        self.assertEqual(sorted(dtypes_of_torch() - set(DTYPES)), [])

    def test_unsaved(self):
        """What no release saves is refused."""
        for name in sorted(dtypes_of_torch()):
            if DTYPES[name].unsaved:
                with self.subTest(dtype=name):
                    tensor = torch.empty(2, dtype=getattr(torch, name))
                    with self.assertRaisesRegex(Exception, DTYPES[name].unsaved):
                        save_by_default(tensor, os.devnull)


add_cases(TestDtypes, dtype_cases())


class TestTensors(FileTestCase):
    """Views, storages, and what tensors are besides their elements."""


add_cases(TestTensors, tensors.VIEWS)
add_cases(TestTensors, tensors.KINDS_OF_TENSORS)


class TestSubclasses(FileTestCase):
    """Tensors of other classes, and attributes of tensors."""


add_cases(TestSubclasses, tensors.SUBCLASSES)


if __name__ == "__main__":
    run_tests()
