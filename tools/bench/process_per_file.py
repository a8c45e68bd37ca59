"""``process_per_file.py JOBS FILE...``: each file in a process of its own.

The simplest runner that uses several cores, to compare others with.  It prints the
output of each file whole; its exit code is 1 where that of any file is not 0.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor


def main(arguments: Sequence[str]) -> int:
    """Run the files; returns the exit code."""
    jobs, *files = arguments
    with ThreadPoolExecutor(int(jobs)) as pool:
        runs = list(pool.map(_run, files))
    for run in runs:
        sys.stdout.buffer.write(run.stdout)
    return 1 if any(run.returncode for run in runs) else 0


def _run(file: str) -> subprocess.CompletedProcess:
    command = [sys.executable, file]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
