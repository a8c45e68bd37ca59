"""Modules that other files of the package help."""

import torch

import package_bc_sources.functions
from package_bc_sources.blocks.residual import Residual


class Scale(torch.nn.Module):
    """A product with a parameter."""

    def __init__(self, factors):
        super().__init__()
        self.factors = torch.nn.Parameter(factors)

    def forward(self, x):
        return x * self.factors


class Stack(torch.nn.Module):
    """Blocks one after the other, one of them twice."""

    def __init__(self):
        super().__init__()
        linear = torch.nn.Linear(2, 2)
        self.blocks = torch.nn.ModuleList([Residual(linear), Residual(linear)])
        self.scale = Scale(torch.tensor([0.5, 2.0]))
        self.by = 0.25

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return package_bc_sources.functions.shifted(self.scale(x), self.by)
