"""Graphs that are not only traced: built by hand, edited, or by tracers of our own.

Pickles name the classes here by ``fx_graphs``.  Runs on Python 3.7 with torch 1.8.
"""

import operator

import torch
from torch import fx, nn

from common_values import numbers, with_numbers
from fx_models import Layers, Nested, Scale

# Since 1.12, when code generators came.
_CodeGen = getattr(fx.graph, "CodeGen", object)


def by_hand(function, *constants, arguments=2, result=None):
    """A graph of one call; it returns its first argument and the call's result."""
    graph = fx.Graph()
    inputs = [graph.placeholder(name) for name in "xyz"[:arguments]]
    made = graph.call_function(function, (*inputs, *constants))
    graph.output((inputs[0], made))
    return fx.GraphModule(nn.Module(), graph)


def in_place_operators():
    """Each in-place operator, one after the other, on the first argument."""
    graph = fx.Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y")
    made = x
    for function in (operator.iadd, operator.imul, operator.isub):
        made = graph.call_function(function, (made, y))
    graph.output((x, made))
    return fx.GraphModule(nn.Module(), graph)


def every_kind():
    """A graph with nodes of each kind, some with a name that was asked for."""
    graph = fx.Graph()
    x = graph.placeholder("x")
    n = graph.create_node("placeholder", "n", (2,))
    weight = graph.get_attr("inner.weight")
    product = graph.create_node(
        "call_function", operator.mul, (x, weight), name="product"
    )
    scaled = graph.call_module("inner.scale", (product,), {"factor": n})
    total = graph.call_method("sum", (scaled,), {"dim": 0})
    graph.output({"total": total, "scaled": scaled})
    root = {"inner.weight": nn.Parameter(numbers(3)), "inner.scale": Scale()}
    return fx.GraphModule(root, graph, "ByHand")


def edited():
    """A graph in which nodes were put, replaced and taken out, and one that is dead."""
    module = fx.symbolic_trace(with_numbers(Layers()))
    graph = module.graph
    for node in list(graph.nodes):
        if node.target is torch.nn.functional.relu:
            with graph.inserting_after(node):
                new = graph.call_function(torch.clamp, (node,), {"max": 4})
            node.replace_all_uses_with(new)
            new.args = (node,)
        elif node.target is torch.flatten:
            with graph.inserting_before(node):
                graph.call_function(torch.neg, node.args[:1])
                view = graph.call_method("reshape", (node.args[0], -1, 8))
            node.replace_all_uses_with(view)
            graph.erase_node(node)
    graph.lint()
    module.recompile()
    return module


def rewritten():
    """A graph in which a pattern was replaced, twice."""

    def pattern(x, y):
        return torch.add(x, y).relu()

    def replacement(x, y):
        return torch.sub(y, x).abs()

    class Sums(nn.Module):
        def forward(self, x, y):
            first = torch.add(x, y).relu()
            return torch.add(first, x).relu() * 2

    module = fx.symbolic_trace(Sums())
    fx.replace_pattern(module, pattern, replacement)
    return module


def inlined():
    """A graph into which another was copied."""
    inner = fx.symbolic_trace(Scale())
    graph = fx.Graph()
    x = graph.placeholder("x")
    shift = graph.placeholder("shift")
    values = dict(zip(inner.graph.nodes, (x, x, shift)))
    graph.output(graph.graph_copy(inner.graph, values))
    return fx.GraphModule(nn.Module(), graph)


def nested():
    """A GraphModule that calls another."""

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = fx.symbolic_trace(with_numbers(nn.Sequential(nn.Linear(2, 2))))
            self.graph_module = edited()

        def forward(self, x, image):
            return self.inner(x) * 2, self.graph_module(image)

    class KeepGraphs(fx.Tracer):
        def is_leaf_module(self, module, name):
            return isinstance(module, fx.GraphModule)

    outer = Outer()
    return fx.GraphModule(outer, KeepGraphs().trace(outer))


class LeafTracer(fx.Tracer):
    """A tracer that does not look into ``Scale`` and ``Sequential``."""

    def is_leaf_module(self, module, name):
        leaf = isinstance(module, (Scale, nn.Sequential))
        return leaf or super().is_leaf_module(module, name)


def traced_with_leaves():
    """What ``LeafTracer`` makes of nested modules."""
    root = with_numbers(Nested())
    return fx.GraphModule(root, LeafTracer().trace(root))


class CountingGraphModule(fx.GraphModule):
    """A GraphModule with a method of its own."""

    def count(self):
        """How many nodes the graph has."""
        return len(self.graph.nodes)


def subclass():
    """A GraphModule of a class of ours."""
    root = with_numbers(nn.Linear(2, 2))
    return CountingGraphModule(root, fx.symbolic_trace(Scale()).graph, "Counting")


class ListCodeGen(_CodeGen):
    """Makes ``forward`` take one list in the place of its arguments."""

    def gen_fn_def(self, free_vars, maybe_return_annotation, **options):
        names = [name.partition(":")[0].strip() for name in free_vars]
        unpacked = ", ".join(names)
        return f"def forward(self, args_list):\n    {unpacked}, = args_list"

    def process_inputs(self, *inputs):
        return inputs[0]


def with_code_generator():
    """A graph whose code ``ListCodeGen`` writes."""
    graph = fx.Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y")
    graph.output(graph.call_function(torch.sub, (x, y)))
    graph.set_codegen(ListCodeGen())
    return fx.GraphModule(nn.Module(), graph)
