# Owner(s): ["oncall: quantization"]

"""The tests of test/quantization in one file: it holds each of their classes."""

import os
import sys

# Make the helper files beside this one, and the files in quantization/, importable; by
# their bare names, as each imports those beside it.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [
    _here,
    os.path.join(_here, "quantization/bc"),
    os.path.join(_here, "quantization/core"),
]

from common_utils import run_tests  # noqa: E402
from test_backward_compatibility import TestSerialization  # noqa: E402, F401
from test_dynamic_modules import TestDynamicModules  # noqa: E402, F401
from test_observers import (  # noqa: E402, F401
    TestFakeQuantizes,
    TestObservers,
    TestQConfigs,
)
from test_quantized_classes import TestQuantizedClasses  # noqa: E402, F401
from test_quantized_models import (  # noqa: E402, F401
    TestConvertedCustomModules,
    TestEagerModels,
    TestFxModels,
)
from test_quantized_modules import (  # noqa: E402, F401
    TestQuantizedActivations,
    TestQuantizedConvolutions,
    TestQuantizedEmbeddings,
    TestQuantizedLinears,
    TestQuantizedNorms,
)
from test_training_modules import (  # noqa: E402, F401
    TestFusedModules,
    TestQATModules,
    TestQuantizableModules,
    TestReferenceModules,
)

if __name__ == "__main__":
    run_tests()
