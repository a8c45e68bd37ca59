# Owner(s): ["oncall: package/deploy"]

"""Packages of torch.package that earlier releases wrote.

Each is imported from a path and from a buffer, and what was imported is exported again
by this torch and imported once more; it has to be and to compute the same each time.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common import SINCE  # noqa: E402
from common_compat import reader_has  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers, plain, with_numbers  # noqa: E402
from package_describe import (  # noqa: E402
    describe_graph,
    describe_module,
    describe_script,
    qualified_name,
    results,
)
from package_models import quantized_linear, stack  # noqa: E402
from package_test_case import (  # noqa: E402
    MODEL,
    SOURCES,
    Content,
    PackageGoldenTestCase,
    package_golden,
)

if reader_has(SINCE):
    from package_bc_sources import (
        functions,
        graphs,
        layers,
        records,
        reducing,
    )
    from torch.fx import Graph, GraphModule, symbolic_trace


class TestPackageBC(PackageGoldenTestCase):
    """What a package holds."""

    # Modules

    @package_golden()
    def test_module(self):
        """A module of torch's own layers."""

        def make():
            parts = (
                torch.nn.Conv2d(1, 2, 2),
                torch.nn.ReLU(),
                torch.nn.MaxPool2d(2, stride=1),
                torch.nn.Flatten(),
                torch.nn.Dropout(),
                torch.nn.Linear(8, 3),
            )
            return with_numbers(torch.nn.Sequential(*parts)).eval()

        self.check_model(make, describe_module, (numbers(2, 1, 4, 4),))

    @package_golden()
    def test_interned_module(self):
        """A module whose classes come from files that import each other."""

        def check(package):
            model_class = type(package.load(MODEL))
            module = package.import_module(f"{SOURCES}.layers")
            self.assertIs(module.Stack, model_class)
            self.assertIsNot(layers.Stack, model_class)
            # And what it calls is the package's own.
            own = package.import_module(f"{SOURCES}.functions")
            self.assertIs(own, module.package_bc_sources.functions)
            self.assertIsNot(functions, own)
            name = f"{package.importer.id()}.{SOURCES}.layers"
            self.assertEqual(name, model_class.__module__)

        self.check_model(
            stack, describe_module, (numbers(3, 2),), check=check, unzipped=True
        )

    @package_golden()
    def test_saved_to_a_buffer(self):
        """A package that was written to a buffer."""
        self.check_model(stack, describe_module, (numbers(3, 2),), buffered=True)

    @package_golden()
    def test_state_dict(self):
        """The state of a module, of which no class is packaged."""
        self.check_model(lambda: stack().state_dict(), plain)

    @package_golden()
    def test_quantized_module(self):
        """A quantized linear layer, which packs its weights."""
        x = torch.quantize_per_tensor(numbers(2, 4), 0.5, 10, torch.quint8)

        def describe(model):
            return [type(model).__name__, model.weight(), model.bias(), model(x)]

        self.check_model(quantized_linear, describe)

    @package_golden(since="1.9.0")
    def test_script_module(self):
        """A scripted module keeps its code and its state."""
        self.check_model(
            lambda: torch.jit.script(layers.Scale(numbers(3))),
            describe_script,
            (numbers(2, 3),),
        )

    @package_golden(since="1.9.0")
    def test_script_module_and_tensor(self):
        """A scripted module and a tensor that share their elements, in one dict."""

        def make():
            scripted = torch.jit.script(layers.Scale(numbers(3)))
            return {"scripted": scripted, "factors": scripted.factors.detach()}

        def describe(content):
            scripted, factors = content["scripted"], content["factors"]
            # The module has to see this.
            factors += 1
            return describe_script(scripted, (numbers(2, 3),))

        self.check_model(make, describe)

    @package_golden(since="1.9.0")
    def test_two_script_modules(self):
        """Two scripted modules of one class in two pickles."""
        content = Content(
            lambda: {
                "first.pkl": torch.jit.script(layers.Scale(numbers(3))),
                "second.pkl": torch.jit.script(layers.Scale(numbers(1, 3) * 2)),
            }
        )

        def observe(package):
            return [
                describe_script(package.load(name), (numbers(2, 3),))
                for name in ("first.pkl", "second.pkl")
            ]

        self.check_package(content, observe)

    # Graphs

    @package_golden()
    def test_graph_module(self):
        """A traced module that calls torch's functions."""

        def make():
            class Plain(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.linear = torch.nn.Linear(2, 2)

                def forward(self, x):
                    return torch.relu(self.linear(x)).sum(dim=1) + 0.5

            return symbolic_trace(with_numbers(Plain()))

        self.check_model(make, describe_graph, (numbers(3, 2),))

    @package_golden(since="1.10.0")
    def test_graph_with_wrapped_function(self):
        """A graph keeps the call of a packaged function that is wrapped."""

        def check(package):
            own = package.import_module(f"{SOURCES}.functions")
            nodes = package.load(MODEL).graph.nodes
            called = [node.target for node in nodes if node.op == "call_function"]
            self.assertIn(own.shifted, called)
            self.assertNotIn(functions.shifted, called)

        self.check_model(
            lambda: symbolic_trace(with_numbers(graphs.Shifting())),
            describe_graph,
            (numbers(3, 2),),
            check=check,
        )

    @package_golden(since="1.9.0")
    def test_graph_with_leaf_function(self):
        """A graph built by hand that calls a packaged function."""

        def make():
            graph = Graph()
            x = graph.placeholder("x")
            graph.output(graph.call_function(functions.shifted, (x, 0.25)))
            return GraphModule({}, graph)

        # What it calls is traced when it is loaded, as it is not wrapped.
        self.check_model(make, results, (numbers(3),))

    @package_golden(since="1.10.0")
    def test_graph_of_a_tracer(self):
        """A graph knows the packaged class of its tracer, and calls what it did."""

        def make():
            model = with_numbers(layers.Stack())
            graph = graphs.LeafTracer().trace(model)
            return GraphModule(model, graph, class_name="Traced")

        def describe(model, *calls):
            return {
                "tracer": qualified_name(model.graph._tracer_cls),
                "name": type(model).__name__,
                "graph": describe_graph(model, *calls),
            }

        def check(package):
            own = package.import_module(f"{SOURCES}.graphs")
            self.assertIs(own.LeafTracer, package.load(MODEL).graph._tracer_cls)

        self.check_model(make, describe, (numbers(3, 2),), check=check)

    # Data

    @package_golden()
    def test_resources(self):
        """Texts and bytes, also empty ones, and none that is ASCII alone."""
        content = Content(
            lambda: {
                "words.txt": "one\ntwo\r\n\u00e4 \u20ac \U0001f525\n",
                "empty.txt": "",
                "bytes.bin": bytes(range(256)),
                "empty.bin": b"",
                "list.pkl": ["a", 1],
            }
        )
        names = sorted(content.make())
        self.check_package(
            content, lambda package: [shown(package.load(name)) for name in names]
        )

    @package_golden()
    def test_containers(self):
        """Tensors of many types in containers within containers."""

        def make():
            dtypes = (torch.float64, torch.float16, torch.bfloat16, torch.int8)
            return {
                "dtypes": [numbers(2, 3).to(dtype) for dtype in dtypes],
                "bool": torch.tensor([True, False]),
                "complex": torch.tensor([1 + 2j, -0.5j]),
                "views": (numbers(2, 3).t(), numbers(6)[1::2], numbers(1).expand(3)),
                "empty": [torch.zeros(0, 2), torch.tensor(3), {}, (), None],
                1: {"a": (True, 1, 1.5, "text"), None: [numbers(1)]},
                "parameter": torch.nn.Parameter(numbers(2)),
                "values": [torch.Size([2, 3]), torch.float16, {1, 2}, b"\x00\xff"],
            }

        def describe(content):
            shown = {key: plain(content[key]) for key in content}
            tensors = [*content["views"], content["parameter"]]
            shown["strides"] = [list(tensor.stride()) for tensor in tensors]
            shown["grad"] = [tensor.requires_grad for tensor in tensors]
            shown["types"] = [type(value).__name__ for value in content["values"]]
            return shown

        self.check_model(make, describe)

    @package_golden()
    def test_shared_storage(self):
        """Tensors that share their elements within a pickle share them again."""

        def make():
            base = numbers(6)
            return [base, base[2:4], base.reshape(2, 3), base]

        def describe(tensors):
            tensors[0][2] = 7
            return [plain(tensors), tensors[3] is tensors[0]]

        self.check_model(make, describe)

    @package_golden()
    def test_storage_shared_by_pickles(self):
        """A tensor in two pickles is right in both."""

        def make():
            base = numbers(6)
            return {"first.pkl": base, "second.pkl": {"half": base[3:]}}

        self.check_package(
            Content(make),
            lambda package: [
                package.load("first.pkl"),
                package.load("second.pkl")["half"],
            ],
        )

    @package_golden()
    def test_objects(self):
        """Objects of packaged classes: enumerations, tuples, dataclasses and others."""

        def make():
            settings = records.Settings("a", {"lr": 0.5})
            outer = records.Outer.Inner(4)
            point = records.Point(numbers(2), [settings])
            return [records.Color.BLUE, point, settings, records.Slots("kept"), outer]

        def describe(objects):
            color, point, settings, slots, inner = objects
            return {
                "classes": [qualified_name(type(each)) for each in objects],
                "color": [color.name, color.value, color is type(color).BLUE],
                "point": [point.x, len(point.y), point.y[0] is settings],
                "settings": [settings.name, settings.options],
                "others": [slots.value, inner.value],
            }

        self.check_model(make, describe)

    @package_golden()
    def test_functions_and_classes(self):
        """Functions and classes themselves are pickled by their names."""

        def make():
            return [functions.shifted, records.Outer.twice, layers.Scale, torch.relu]

        def describe(objects):
            shift, twice, scale, relu = objects
            return {
                "names": [qualified_name(each) for each in objects[:3]],
                "results": [shift(1, 2), twice(3), relu(numbers(5))],
                "made": results(scale(numbers(2)), (numbers(2),)),
            }

        self.check_model(make, describe)

    @package_golden(since="1.9.0")
    def test_reduce_package(self):
        """An object that says how it is packaged: its words are a text beside it."""

        def describe(worded):
            return [qualified_name(type(worded)), worded.words]

        def check(package):
            text = package.importer.load_text("worded", "words_0.txt")
            self.assertEqual("some words", text)

        self.check_model(
            lambda: reducing.Worded(["some", "words"]), describe, check=check
        )

    @package_golden(since="1.11.0")
    def test_pickle_protocol(self):
        """A pickle of protocol 4, whose dependencies are found all the same."""
        self.check_package(
            Content(lambda: {MODEL: stack()}, protocol=4),
            lambda package: describe_module(package.load(MODEL), (numbers(3, 2),)),
        )


def shown(value):
    """A resource as data: bytes as numbers."""
    return list(value) if isinstance(value, bytes) else value


if __name__ == "__main__":
    run_tests()
