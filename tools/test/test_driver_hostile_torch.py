"""Tests that leave settings of torch changed, with the real torch."""

import unittest

from tools.test.hostile_case import HostileCase
from tools.testing.records import CHANGED

# What is left, how the outcome begins, and what an innocent test sees of it.
LEFT = (
    (
        "torch.set_default_dtype(torch.float64)",
        "changed the default dtype from torch.float32 to torch.float64",
        "torch.get_default_dtype()",
    ),
    (
        "torch.set_num_threads(torch.get_num_threads() + 1)",
        r"changed the number of threads from \d+ to \d+",
        "torch.get_num_threads()",
    ),
    (
        "torch.set_grad_enabled(False)",
        "changed gradient mode from True to False",
        "torch.is_grad_enabled()",
    ),
    (
        "torch.use_deterministic_algorithms(True)",
        "changed deterministic algorithms from False to True",
        "torch.are_deterministic_algorithms_enabled()",
    ),
    (
        "torch.backends.cudnn.deterministic = True",
        "changed cudnn.deterministic from False to True",
        "torch.backends.cudnn.deterministic",
    ),
)
INNOCENT = """
    import random, torch
    class TestSettings(TestCase):
        def test_it(self):
            seen = [{}]
            drawn = random.random(), torch.rand(1).item(), torch.randperm(99)[0].item()
            with open("seen", "a") as file: print(seen, drawn, file=file)
"""


class TestTorch(HostileCase):
    """Beside a test that changes torch, the others find it as it was."""

    def setUp(self) -> None:
        super().setUp()
        del self.env["PYTHONPATH"]  # the stand-in

    def test_settings(self) -> None:
        """What a test leaves changed of torch is told and put back; the tests that
        follow draw the same random numbers as those that ran before."""
        source = "import torch\nclass TestM(TestCase):\n"
        for number, (statement, *_) in enumerate(LEFT):
            source += (
                f"    def test_{number}(self): torch.manual_seed(1); {statement}\n"
            )
        # The innocent files sort around the hostile one, the names of tests are equal.
        for name in ("test/test_l.py", "test/test_n.py"):
            self.suite(INNOCENT.format(", ".join(see for *_, see in LEFT)), name)
        blamed = {
            f"TestM.test_{number}": (CHANGED, message)
            for number, (_, message, _) in enumerate(LEFT)
        }

        self.check(source, blamed)

        before, after = self.read("seen").splitlines()
        self.assertEqual(before, after)


if __name__ == "__main__":
    unittest.main()
