"""The fixtures of operators that changed: who wrote them, and how they are run."""

import csv
import os
import sys

import torch

_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(_here, "fixtures_srcs")]

from common_compat import import_first, reader_has  # noqa: E402
from common_expected import Tolerance  # noqa: E402
from common_golden import GoldenFiles  # noqa: E402
from common_releases import parse_release  # noqa: E402
from generate_models import ALL_MODULES, model_name  # noqa: E402

mobile = import_first("torch.jit.mobile")
FOLDER = os.path.join(_here, "fixtures")
KINDS = ("ptl", "expected.npz")
MODULES = {model_name(module): module for module in ALL_MODULES}
OPERATORS = {model_name(module): operator for module, operator in ALL_MODULES.items()}

# The last release before an operator changed; of random, which has not, the first
# that has all its forms by today's names.
_LAST_BEFORE_CHANGE = {
    "div": "1.5.1",
    "full": "1.5.1",
    "linspace": "1.10.2",
    "logspace": "1.10.2",
    "gelu": "1.11.0",
    "random": "1.13.1",
}
# Bytecode of 1.5 has no version, and few readers take it.  So what the lite
# interpreter makes of its operators is asked with a file of 1.7, the first release
# with a version of bytecode, whose file version is set back.
LITE_WRITER = "1.7.1"
LITE_NOTE = (
    "the file version was set to 3 after saving: with it the operators have the "
    "meaning of torch 1.5"
)
LITE = "_lite"
# The first release whose lite interpreter looks whether its stack is empty.
STACK_CHECKED_SINCE = "2.6.0"


VECTORIZED = Tolerance(
    atol=1e-6,
    rtol=1e-6,
    reason="erf, pow and the steps of linspace are vectorised by CPU and release: the "
    "last bits of a float32 differ, and of 1 + erf(x), where it is near 0, some more",
)


def base_operator(operator):
    """``aten::div_.Tensor`` to ``div``."""
    return operator.partition("::")[2].partition(".")[0].rstrip("_")


WRITERS = {
    name: _LAST_BEFORE_CHANGE[base_operator(operator)]
    for name, operator in OPERATORS.items()
}
LITE_WRITERS = {
    name + LITE: LITE_WRITER for name, writer in WRITERS.items() if writer == "1.5.1"
}


def fixture(name, kind="ptl"):
    """The path of a fixture's file, its hash checked."""
    return GoldenFiles(FOLDER, name, KINDS)[kind]


def results_of(loaded, name):
    """What the loaded model of a fixture gives for each of its example inputs."""
    results = []
    for inputs in MODULES[name].example_inputs():
        torch.manual_seed(10)
        results.append(loaded(*inputs))
    return results


def reads_past_the_stack(name):
    """Whether the lite interpreter's upgrader takes what the bytecode does not give.

    Bytecode from version 6 on leaves out arguments that have their default; upgraders,
    in releases since 1.11, take all.  Nothing checked that at first, and what they
    then read is left to chance.
    """
    unchecked = reader_has("1.11.0") and not reader_has(STACK_CHECKED_SINCE)
    return unchecked and base_operator(OPERATORS[name]) in ("linspace", "logspace")


def is_without_version(name):
    """Whether the fixture's bytecode has no version, as torch 1.5 wrote it."""
    return parse_release(WRITERS[name]) < (1, 7, 0)


def reasons_without_fixture():
    """Operator to the reason why no fixture of it can exist."""
    path = os.path.join(_here, "fixtures_srcs", "without_fixture.csv")
    with open(path, encoding="utf-8", newline="") as file:
        return {row["operator"]: row["reason"] for row in csv.DictReader(file)}
