"""The one exception of the benchmarks that is meant for their user."""


class BenchError(Exception):
    """What went wrong and what to do about it, in one line."""
