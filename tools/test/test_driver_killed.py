"""The driver is killed, at any time of a run."""

import unittest

from tools.test.run_case import STUBBORN, RunCase


class TestKilled(RunCase):
    """After SIGKILL of the driver nothing that it started goes on."""

    def assertDiesWithDriver(self, *arguments: str) -> None:
        """Fail unless all processes end with a driver that is killed as it hangs."""
        with self.hanging(*arguments) as run:
            self.assertGreater(len(self.processes()), 1)

            run.kill()
            run.wait()

            self.assertNothingLeft()

    def test_while_tests_run(self) -> None:
        """Workers end, whatever signals they refuse, and the zygotes."""
        for arguments in (), ("--start-method", "spawn"):
            with self.subTest(arguments):
                self.suite(STUBBORN)
                self.assertDiesWithDriver("-j", "2", *arguments)

    def test_before_tests_run(self) -> None:
        """So does what imports torch or a test file."""
        for place in "torch", "file":
            with self.subTest(place):
                self.hang_while(place)
                self.assertDiesWithDriver()


if __name__ == "__main__":
    unittest.main()
