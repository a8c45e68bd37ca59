"""What torch.fx traces, and with what."""

import torch
import torch.fx

from package_bc_sources.functions import halved, shifted

torch.fx.wrap("shifted")


class Shifting(torch.nn.Module):
    """Calls a function that is wrapped, and one that is not."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x):
        return shifted(halved(self.linear(x)), 2)


class LeafTracer(torch.fx.Tracer):
    """Looks into no module."""

    def is_leaf_module(self, m, module_qualified_name):
        return True
