"""The one exception of these tools that is meant for their user."""


class GoldenToolError(Exception):
    """What went wrong and what to do about it, in one line.

    Commands print it without a traceback and exit with code 2.
    """
