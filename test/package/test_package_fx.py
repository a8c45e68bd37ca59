# Owner(s): ["oncall: package/deploy"]

"""Modules of torch.fx in a torch.package, written and imported by the same torch."""

import io
import operator
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common import (  # noqa: E402
    SINCE,
    PackageTestCase,
    intern,
    needs,
)
from common_compat import package_exporter, reader_has, run_tests  # noqa: E402

if reader_has(SINCE):
    from package_a import subpackage, test_all_leaf_modules_tracer, test_module
    from torch.fx import Graph, GraphModule, symbolic_trace
    from torch.package import PackageImporter

    torch.fx.wrap("len")
    if reader_has("2.1.0"):
        # The second time changes nothing; before, a graph called a wrapper of len.
        torch.fx.wrap("len")

    class SpecialGraphModule(GraphModule):
        """A GraphModule with a state of its own."""

        def __init__(self, root, graph, info):
            super().__init__(root, graph, class_name="SpecialGraphModule")
            self.info = info


@needs(SINCE, "torch.package")
class TestPackageFX(PackageTestCase):
    """What torch.fx makes can be packaged, and packaged modules can be traced."""

    def packaged(self, obj, *interned, importer=None):
        """An importer of a package that has ``obj`` as ``model/model.pkl``."""
        buffer = io.BytesIO()
        with package_exporter(buffer, importer) as exporter:
            intern(exporter, *interned)
            exporter.save_pickle("model", "model.pkl", obj)
        buffer.seek(0)
        return PackageImporter(buffer)

    def through_package(self, obj, *interned, importer=None):
        """``obj`` as it comes back from a package."""
        return load_model(self.packaged(obj, *interned, importer=importer))

    @needs("1.9.0", "names of functions in packaged graphs")
    def test_package_fx_simple(self):
        """A traced module computes the same after it was packaged."""
        traced = symbolic_trace(test_module.SimpleTest())

        loaded = self.through_package(traced, "package_a.**")

        x = torch.tensor([-5.0, 0.0, 2.0])
        self.assertIsInstance(loaded, GraphModule)
        self.assertEqual(torch.tensor([0.0, 3.0, 5.0]), loaded(x))
        self.assertEqual(traced(x), loaded(x))

    def test_package_then_fx(self):
        """A module that was imported from a package can be traced."""
        model = test_module.ModWithTwoSubmodsAndTensor(
            torch.ones(3), torch.nn.ReLU(), torch.nn.ReLU()
        )

        loaded = self.through_package(model, "package_a.**")
        traced = symbolic_trace(loaded)

        x = torch.tensor([-5.0, 0.0, 2.0])
        self.assertIsNot(type(model), type(loaded))
        self.assertIsInstance(traced, GraphModule)
        self.assertEqual(torch.tensor([1.0, 1.0, 5.0]), traced(x))
        self.assertEqual(model(x), traced(x))

    @needs("1.9.0", "importers that tell one module of a name from another")
    def test_package_fx_package(self):
        """A trace of an imported module is packaged with the help of its importer."""
        model = test_module.SimpleTest()
        first = self.packaged(model, "package_a.**")
        imported = load_model(first)
        traced = symbolic_trace(imported)

        # Only ``first`` knows the imported leaf_function.
        with self.assertRaises(torch.package.ObjMismatchError):
            self.through_package(traced, "package_a.**")
        second = self.packaged(traced, "package_a.**", importer=first)
        loaded = load_model(second)

        x = torch.tensor([-5.0, 0.0, 2.0])
        self.assertEqual(torch.tensor([0.0, 3.0, 5.0]), loaded(x))
        self.assertEqual(imported(x), loaded(x))
        leaves = [module.import_module(LEAF_MODULE) for module in (first, second)]
        self.assertIsNot(*(leaf.leaf_function for leaf in leaves))

    @needs("1.9.0", "names of functions in packaged graphs")
    def test_package_fx_with_imports(self):
        """What a graph built by hand calls is packaged, and not the outer one."""
        graph = Graph()
        a, b = graph.placeholder("x"), graph.placeholder("y")
        total = graph.call_function(subpackage.leaf_function, (a, b))
        graph.output(graph.call_function(torch.sin, (total,)))
        model = GraphModule({}, graph)

        importer = self.packaged(model, "package_a.**")
        loaded = load_model(importer)

        x, y = torch.tensor([1.0, 0.5]), torch.tensor([-1.0, 0.25])
        self.assertEqual(torch.sin(torch.tensor([0.0, 0.75])), loaded(x, y))
        self.assertEqual(model(x, y), loaded(x, y))
        packaged = importer.import_module(LEAF_MODULE)
        self.assertIsNot(subpackage, packaged)
        self.assertIsNot(subpackage.leaf_function, packaged.leaf_function)

        # It is the packaged function that is called: with another, other results.
        importer = self.packaged(model, "package_a.**")
        importer.import_module(LEAF_MODULE).leaf_function = operator.sub
        self.assertEqual(torch.sin(x - y), load_model(importer)(x, y))

    @needs("1.10.0", "packaged graphs that keep their tracer and their type's name")
    def test_package_fx_custom_tracer(self):
        """Tracer class, name of the type and extra state survive."""
        tracer_class = test_all_leaf_modules_tracer.TestAllLeafModulesTracer
        module = test_module.ModWithTwoSubmodsAndTensor(
            torch.ones(3), test_module.SimpleTest(), test_module.SimpleTest()
        )
        graph = tracer_class().trace(module)
        model = SpecialGraphModule(module, graph, "secret")

        importer = self.packaged(model, "package_a.**")
        loaded = load_model(importer)

        packaged = importer.import_module(tracer_class.__module__)
        self.assertIs(tracer_class, model.graph._tracer_cls)
        self.assertIs(packaged.TestAllLeafModulesTracer, loaded.graph._tracer_cls)
        self.assertIsNot(tracer_class, loaded.graph._tracer_cls)
        self.assertEqual("SpecialGraphModule", type(loaded).__name__)
        self.assertEqual("secret", loaded.info)
        # The submodules are calls still: nothing looked into them.
        self.assertEqual(["sub_mod_0", "sub_mod_1"], _modules_called(loaded))
        x = torch.tensor([-5.0, 0.0, 2.0])
        self.assertEqual(torch.tensor([1.0, 7.0, 11.0]), loaded(x))
        self.assertEqual(model(x), loaded(x))

    @needs("1.10.0", "code of graphs that wraps what was wrapped")
    def test_package_fx_wrap(self):
        """What is wrapped, len and a packaged function, is called when it runs."""
        loaded = self.through_package(symbolic_trace(TakesLength()))

        self.assertEqual([len], _called(loaded))
        for length in (3, 5):
            self.assertEqual(length, loaded(torch.ones(length)))

        traced = symbolic_trace(test_module.SimpleTest())
        importer = self.packaged(traced, "package_a.**")
        leaf_function = importer.import_module(LEAF_MODULE).leaf_function
        self.assertEqual([leaf_function, torch.relu], _called(load_model(importer)))


LEAF_MODULE = "package_a.subpackage"


class TakesLength(torch.nn.Module):
    """The length of its argument."""

    def forward(self, x):
        return len(x)


def load_model(importer):
    """What the package has as ``model/model.pkl``."""
    return importer.load_pickle("model", "model.pkl")


def _called(module):
    """The functions that the graph of a module calls, in order."""
    return [n.target for n in module.graph.nodes if n.op == "call_function"]


def _modules_called(module):
    """The names of the submodules that the graph of a module calls, in order."""
    return [n.target for n in module.graph.nodes if n.op == "call_module"]


if __name__ == "__main__":
    run_tests()
