"""What the driver tells its caller by its exit code."""

FINE = 0
FAILURES = 1
WRONG_USE = 2  # or an environment that cannot be used
NOTHING_RAN = 5
BY_SIGNAL = 128  # added to the signal's number, as a shell tells of it
