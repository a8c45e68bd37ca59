"""A package within the package, which imports upwards."""

from ..functions import halved

DEPTH = 2


def halved_twice(x):
    """A quarter of the argument, not below zero."""
    for _ in range(DEPTH):
        x = halved(x)
    return x
