"""Functions that modules and graphs call."""

import torch


def shifted(x, by):
    """A sum."""
    return x + by


def halved(x):
    """Half of the argument, not below zero."""
    return torch.relu(x) / 2
