"""Functions and callable objects that goldens name: pickles lead to them here."""

import torch


def halved(epoch):
    """A factor for a number of epochs."""
    return 0.5**epoch


def by_turns(epoch):
    """A factor that is one of two."""
    return 0.5 if epoch % 2 else 1.5


def by_third(x):
    """A scale for a cycle or an iteration."""
    return 1 / (1 + x / 4)


class Decay:
    """A callable object, of which a scheduler keeps the attributes."""

    def __init__(self, factor):
        self.factor = factor
        self.calls = 0

    def __call__(self, epoch):
        self.calls += 1
        return 1 / (1 + self.factor * epoch)


def averaged(average, current, count):
    """An average in which the newest counts for a quarter."""
    with torch.no_grad():
        return average + (current - average) / 4
