"""A package within a package: a function for graphs to call, and a class."""


class PackageASubpackageObject:
    """An object without state."""


def leaf_function(a, b):
    """A sum that tracing shall not look into."""
    return a + b
