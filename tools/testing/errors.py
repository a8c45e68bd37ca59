"""Errors that are meant for the user: each argument is a line to print."""


class WrongUse(Exception):
    """The driver cannot do what it was asked for; the message says how to mend it."""


class NothingToRun(Exception):
    """There is no test to run; the message says why."""
