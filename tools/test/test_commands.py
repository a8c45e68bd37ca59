"""The command line that all packages of tools have."""

import subprocess
import sys
import unittest

from tools import ROOT

# A package whose one command prints as many lines as it is told to.
SCRIPT = """
import sys, types
from tools.commands import run_command

def run(args):
    for number in range({lines}):
        print(number)
    return 0

talk = types.SimpleNamespace(HELP="talk", add_arguments=lambda parser: None, run=run)
sys.exit(run_command("talks", "", {{"talk": talk}}, (), ["talk"]))
"""


class TestPipe(unittest.TestCase):
    """What a command does when nobody reads its output any more."""

    def test_reader_that_has_seen_enough(self) -> None:
        """It ends without a word, as by SIGPIPE, however much it had to say."""
        for lines in (1, 100_000):
            with self.subTest(lines=lines):
                process = subprocess.Popen(
                    [sys.executable, "-c", SCRIPT.format(lines=lines)],
                    cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )  # fmt: skip
                process.stdout.close()
                errors = process.stderr.read()
                process.stderr.close()

                self.assertEqual((141, b""), (process.wait(), errors))


if __name__ == "__main__":
    unittest.main()
