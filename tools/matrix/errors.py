"""The one exception of the matrix that is meant for its user."""


class MatrixError(Exception):
    """What went wrong and what to do about it, in one line."""
