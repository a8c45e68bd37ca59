# Owner(s): ["oncall: package/deploy"]

"""The tests of test/package in one file: it holds each of their classes."""

import os
import sys

# Make the helper files beside this one, and the files in package/, importable; by
# their bare names, as each imports those beside it.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [_here, os.path.join(_here, "package")]

from common_utils import run_tests  # noqa: E402
from test_package_bc import TestPackageBC  # noqa: E402, F401
from test_package_code_bc import TestPackageCodeBC  # noqa: E402, F401
from test_package_fx import TestPackageFX  # noqa: E402, F401

if __name__ == "__main__":
    run_tests()
