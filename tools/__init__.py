"""Tools around the suite in test/.

The suite's helper modules (``test/common_*.py``) are plain modules found on
``sys.path``, as PyTorch's own test helpers are.  The tools that need them find
them through this package.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEST_FOLDER = os.path.join(ROOT, "test")

if TEST_FOLDER not in sys.path:
    sys.path.append(TEST_FOLDER)
