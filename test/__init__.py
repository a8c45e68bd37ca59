"""The suite. This file lets ``python -m unittest test/...`` find it before the
standard library's package of the same name."""
