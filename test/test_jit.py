# Owner(s): ["oncall: jit"]

"""The tests of test/jit, to be run by this file: it holds each of their classes."""

import os
import sys

# Make the helper files beside this one, and the files in jit/, importable.  They are
# imported by their bare names, as each imports those beside it: never as jit.test_x,
# which would be another module.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [_here, os.path.join(_here, "jit")]

from common_utils import run_tests  # noqa: E402
from test_save_load import TestSaveLoad, TestSaveLoadFlatbuffer  # noqa: E402, F401
from test_save_load_for_op_version import TestSaveLoadForOpVersion  # noqa: E402, F401
from test_script_networks import TestScriptNetworks  # noqa: E402, F401
from test_script_tensors import TestScriptTensors  # noqa: E402, F401
from test_torch_script import TestScriptLanguage  # noqa: E402, F401
from test_torch_script_types import TestScriptTypes  # noqa: E402, F401
from test_traced_modules import TestTracedModules  # noqa: E402, F401
from test_transformed_scripts import (  # noqa: E402, F401
    TestExtraFiles,
    TestTransformedScripts,
)
from test_upgraders import TestUpgraders  # noqa: E402, F401

if __name__ == "__main__":
    run_tests()
