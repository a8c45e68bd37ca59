"""The modules of test_bytecode.py.

Not in that file: the lite interpreter looks for tensors in the wrong folder of an
archive that has code of a Python module whose name ends in ``bytecode``.
"""

from typing import Dict, List

import torch


class TestModule(torch.nn.Module):
    """Adds an attribute and a constant to its argument."""

    def __init__(self, v):
        super().__init__()
        self.x = v

    def forward(self, y: int):
        increment = torch.ones([2, 4], dtype=torch.float64)
        return self.x + y + increment


class Plus(torch.nn.Module):
    """Bytecode that names no type."""

    def forward(self, x):
        return x + 10


class Typed(torch.nn.Module):
    """Bytecode that names the types of the containers it makes."""

    def forward(self, x: int):
        table: Dict[str, int] = {}
        table["x"] = x
        numbers: List[float] = [1.0, float(x)]
        return table, numbers
