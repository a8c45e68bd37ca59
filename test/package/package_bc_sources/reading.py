"""Code that asks for the package it is in."""


def packaged():
    """Whether this code came from a package."""
    return "__torch_package__" in globals()


def read(package, name):
    """A text of the package."""
    import torch_package_importer

    return torch_package_importer.load_text(package, name)
