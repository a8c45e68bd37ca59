"""Modules whose programs take tensors of several shapes (torch 1.0)."""

import torch
from torch import nn


class Doubled(nn.Module):
    """Does not care for the shape."""

    def forward(self, x):
        return x * 2 + 1


class Summed(nn.Module):
    """Two arguments with one dimension in common."""

    def forward(self, x, y):
        return x.sum(1) + y


class Derived(nn.Module):
    """Two arguments, of which one has twice the elements and one more."""

    def forward(self, x, y):
        return x + y[1:].view(-1, 2).sum(1)


class Computed(nn.Module):
    """Computes with sizes: products, quotients, and results of that."""

    def forward(self, x):
        n, m = x.shape[0], x.shape[1]
        padded = torch.zeros(2 * n + 1, m + 1)
        counted = torch.full((2,), n // 2) + m % 3
        return x.reshape(n * m), padded, counted, torch.arange(n), n + m


class FloatComputed(nn.Module):
    """Computes with a part of a size, and with a number that is in the data."""

    def forward(self, x, y):
        n = x.shape[0]
        return x * (n * 0.5), x + n / 4, x * y.item()


class Item(nn.Module):
    """A size that is in the data."""

    def forward(self, x, count):
        n = count.item()
        torch._check_is_size(n)
        torch._check(n <= 6)
        return torch.ones(n) * x.sum(), x[0] + n


class NonZero(nn.Module):
    """A result whose size depends on the data."""

    def forward(self, x):
        return x.nonzero(), x[x > 0] * 2


class TableOfShapes(nn.Module):
    """Shapes of tensors in containers."""

    def forward(self, table, *, scale):
        return table["x"] * scale + table["y"][0]


class ScaledByInt(nn.Module):
    """Takes a number that may differ."""

    def forward(self, x, n):
        return x * n + x.shape[0]
