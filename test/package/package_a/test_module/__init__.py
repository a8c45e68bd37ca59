"""Modules for torch.fx to trace.

A folder, not a file: a file of this name would be taken for one that has tests.
"""

import torch
import torch.fx

from package_a.subpackage import leaf_function

torch.fx.wrap("leaf_function")


class SimpleTest(torch.nn.Module):
    """The larger of a shifted argument and zero."""

    def forward(self, x):
        return torch.relu(leaf_function(x, 3.0))


class ModWithTwoSubmodsAndTensor(torch.nn.Module):
    """A tensor, and two submodules that see the same argument."""

    def __init__(self, tensor, sub_mod_0, sub_mod_1):
        super().__init__()
        self.tensor = tensor
        self.sub_mod_0 = sub_mod_0
        self.sub_mod_1 = sub_mod_1

    def forward(self, x):
        return self.sub_mod_0(x) + self.sub_mod_1(x) + self.tensor
