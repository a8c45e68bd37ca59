"""A module of which only a part is used once it is packaged."""

import torch

from package_bc_sources import training
from package_bc_sources.functions import shifted


class Trainable(torch.nn.Module):
    """Computes without what it is trained with."""

    def forward(self, x):
        return shifted(x, 1)

    def train_step(self):
        """Needs what is left out."""
        return training.log("step")
