"""Run the suite under this interpreter's torch: ``python run_test.py --help``."""

import sys

from tools.testing.main import main

if __name__ == "__main__":
    sys.exit(main())
