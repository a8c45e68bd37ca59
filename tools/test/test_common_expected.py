"""Expected values: what is stored, and that every difference is told."""

import os
import tempfile
import unittest
from collections import OrderedDict

import torch
from common_expected import (
    Tolerance,
    find_differences,
    load_expected,
    save_expected,
)


class TestDifferences(unittest.TestCase):
    """Each value equals itself, and differs from one that is off in one respect."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "expected.npz")

    def differences(self, expected, found, **options) -> list[str]:
        save_expected(self.path, expected)
        return find_differences(self.path, found, **options)

    def check_differs(self, expected, found, word: str) -> None:
        self.assertEqual([], self.differences(expected, expected))
        (line, *_) = self.differences(expected, found)
        self.assertIn(word, line)

    def test_elements(self):
        """One wrong element is told with its place and both values."""
        found = torch.tensor([[1.0, 2.0], [3.0, 5.0]])

        self.check_differs(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), found, "[1, 1]")

    def test_last_bit(self):
        """The last bit counts where no tolerance is given."""
        one = torch.tensor(1.0)

        self.check_differs(one, torch.nextafter(one, torch.tensor(2.0)), "1 of 1")

    def test_signed_zero_and_nan(self):
        """Minus zero is not zero, and a NaN is itself."""
        self.check_differs(torch.tensor([0.0]), torch.tensor([-0.0]), "-0.0")
        nan = torch.tensor([float("nan")])
        self.assertEqual([], self.differences(nan, nan.clone()))

    def test_dtype_and_shape(self):
        """Equal numbers of another dtype or shape differ."""
        ones = torch.ones(2)

        self.check_differs(ones, ones.double(), "dtype torch.float64")
        self.check_differs(ones, ones.reshape(2, 1), "shape [2, 1]")

    def test_bfloat16(self):
        """Values that numpy has no type for are kept exactly."""
        value = torch.tensor([1.0078125, 3.0]).bfloat16()

        self.check_differs(value, value + 0.5, "2 of 2")

    def test_quantization_parameters(self):
        """Scale, zero point, and those of each channel are part of the value."""
        x = torch.tensor([1.0, 2.0])
        quantize = torch.quantize_per_tensor
        channels = torch.quantize_per_channel(
            x, torch.tensor([0.5, 0.5]), torch.tensor([0, 0]), 0, torch.qint8
        )
        others = torch.quantize_per_channel(
            x, torch.tensor([0.5, 0.25]), torch.tensor([0, 0]), 0, torch.qint8
        )

        self.check_differs(
            quantize(x, 0.5, 2, torch.quint8), quantize(x, 0.25, 2, torch.quint8),
            "scale",
        )  # fmt: skip
        self.check_differs(channels, others, "scales")

    def test_containers(self):
        """Length, keys, their order, and members are part of the value."""
        self.check_differs([1, 2], [1], "1 items")
        self.check_differs({"a": 1, "b": 2}, {"b": 2, "a": 1}, "keys")
        self.check_differs(OrderedDict(a=1), {"b": 1}, "keys")
        self.check_differs({"x"}, {"y"}, "set")
        self.check_differs({"a": [1, {"b": (2,)}]}, {"a": [1, {"b": (3,)}]}, "['b'][0]")

    def test_plain_types(self):
        """1, 1.0, True and "1" are four values."""
        for found in (1.0, True, "1", None):
            self.check_differs(1, found, "expected 1")
        self.check_differs(torch.float32, torch.float64, "float64")

    def test_part(self):
        """A part is compared alone."""
        save_expected(self.path, {"x": torch.ones(1), "y": 2})

        self.assertEqual([], find_differences(self.path, 2, part="y"))
        self.assertEqual(1, len(find_differences(self.path, 3, part="y")))

    def test_load_expected(self):
        """A part that is a tensor can be had again, quantized or not."""
        x = torch.tensor([[1.5, 2.0]])
        quantized = torch.quantize_per_tensor(x, 0.5, 2, torch.quint8)
        for value in (x, x.bfloat16(), x.long(), quantized):
            save_expected(self.path, {"x": value})
            self.assertEqual(
                [], find_differences(self.path, load_expected(self.path, "x"), part="x")
            )

    def test_tolerance(self):
        """Within the tolerance is equal, beyond it is not."""
        loose = Tolerance(atol=0.1, rtol=0.0, reason="a test")
        relative = Tolerance(atol=0.0, rtol=0.1, reason="a test")
        ten = torch.full((1,), 10.0)

        self.assertEqual([], self.differences(ten, ten + 0.05, tolerance=loose))
        self.assertEqual(1, len(self.differences(ten, ten + 0.2, tolerance=loose)))
        self.assertEqual([], self.differences(ten, ten + 0.9, tolerance=relative))
        self.assertEqual(1, len(self.differences(ten, ten + 1.1, tolerance=relative)))

    def test_tolerance_needs_a_reason(self):
        """A tolerance without a reason cannot be made."""
        with self.assertRaisesRegex(ValueError, "needs its reason"):
            Tolerance(atol=1.0, rtol=0.0, reason=" ")

    def test_unknown_type(self):
        """A value that cannot be described is refused by the name of its type."""
        with self.assertRaisesRegex(TypeError, "no description for object"):
            save_expected(self.path, object())

    def test_stored_without_pickle(self):
        """The file holds arrays only: it can be read with pickles forbidden."""
        save_expected(self.path, {"x": [torch.ones(2), "text", None]})

        import numpy

        with numpy.load(self.path, allow_pickle=False) as stored:
            kinds = {stored[name].dtype.kind for name in stored.files}
        self.assertEqual({"f", "u"}, kinds)


if __name__ == "__main__":
    unittest.main()
