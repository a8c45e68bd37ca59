"""The one exception of these tools that is meant for their user."""


class UpstreamError(Exception):
    """What went wrong and what to do about it, a line for each argument."""
