"""How the goldens of GraphModules are written, and which of their parts are checked."""

import functools
import io

import torch

from common_compat import load_golden
from common_expected import save_expected
from common_utils import GoldenTestCase, golden
from common_values import plain
from fx_code import describe_code
from fx_describe import (
    describe_gradients,
    describe_names,
    describe_nodes,
    describe_numbers,
    describe_state,
)

KIND = "module.pt"
# The first release with torch.fx.
SINCE = "1.8.0"
# What is told of the graph itself.
GRAPH = {"code": describe_code, "nodes": describe_nodes, "names": describe_names}


def fx_golden(since=SINCE):
    """Declare a golden of a GraphModule."""
    return golden(since=since, kinds=(KIND, "expected.npz"))


class GraphModuleTestCase(GoldenTestCase):
    """Base class: ``check_graph`` writes and reads a GraphModule."""

    def check_graph(
        self, make, *calls, gradients=False, retraced=False, attributes=None
    ):
        """Check what ``make()``, a GraphModule, is and computes once loaded.

        A call is a tuple of arguments, its last item ``Named`` ones.  Code, nodes,
        names, state and numbers are sub-tests of their own, and with ``gradients`` so
        are these.  ``attributes(module)`` tells what else is compared.

        ``retraced`` is for a graph that is not what its code gives when traced, which
        is all that a pickle keeps: then the graph is compared with that which the
        writer itself loads, numbers and state still with the one that was saved.
        """
        parts = dict(GRAPH, state=describe_state)
        if attributes:
            parts["attributes"] = lambda module: plain(attributes(module))
        # These change the module, and come last.
        runs = {"numbers": functools.partial(describe_numbers, calls=calls)}
        if gradients:
            runs["gradients"] = functools.partial(describe_gradients, calls=calls)
        parts.update(runs)
        # Loading takes the most time, so what is only looked at is loaded once.
        load_once = functools.lru_cache(maxsize=None)(load_golden)

        def write(files):
            module = make()
            torch.save(module, files[KIND])
            graph = _reloaded(module) if retraced else module
            expected = {
                part: describe(graph if part in GRAPH else module)
                for part, describe in parts.items()
            }
            save_expected(files["expected.npz"], expected)

        for part, describe in parts.items():

            def read(files, part=part, describe=describe):
                load = load_golden if part in runs else load_once
                found = describe(load(files[KIND]))
                self.check_expected(files["expected.npz"], found, part=part)

            with self.subTest(part=part):
                self.check_golden(write, {KIND: read})


def _reloaded(module):
    """The module, saved and loaded by this torch."""
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    return load_golden(buffer)
