# Owner(s): ["module: fx"]

"""GraphModules of torch.fx that earlier releases pickled.

A pickle keeps the code of the graph, which is traced when it is loaded: so what is
compared is the graph, its printed code, and what it computes of what.
"""

import copy
import operator
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import reader_has  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from fx_describe import Named  # noqa: E402
from fx_test_case import SINCE, GraphModuleTestCase, fx_golden  # noqa: E402

if reader_has(SINCE):
    import fx_graphs as graphs
    import fx_models as models
    from torch.fx import GraphModule, symbolic_trace


class TestGraphModule(GraphModuleTestCase):
    """What graphs hold."""

    def check_traced(self, module, *calls, **options):
        """Check a module after symbolic tracing; see ``check_graph``."""
        self.check_graph(lambda: symbolic_trace(module), *calls, **options)

    @fx_golden()
    def test_layers(self):
        """A convolution and a linear layer: parameters, results and gradients."""
        image = numbers(2, 1, 3, 3)
        self.check_traced(with_numbers(models.Layers()), (image,), gradients=True)

    @fx_golden()
    def test_nested_submodules(self):
        """Modules in containers keep their paths, and one that is shared stays one."""
        x = numbers(3, 2)
        self.check_traced(with_numbers(models.Nested()), (x,), gradients=True)

    @fx_golden()
    def test_attributes(self):
        """Parameters, buffers and tensor constants that the graph reads."""
        self.check_traced(models.Attributes(), (numbers(2, 2),))

    @fx_golden()
    def test_non_persistent_buffer(self):
        """A buffer that is not in the state stays out of it."""
        self.check_traced(models.NonPersistent(), (numbers(2),))

    @fx_golden()
    def test_keyword_arguments(self):
        """Arguments given by name to a module, a function and a method."""
        x, y = numbers(2, 2), numbers(2)
        self.check_traced(models.KeywordArguments(), (x, y), (Named(y=y, x=x),))

    @fx_golden()
    def test_default_arguments(self):
        """Arguments that are left out have their defaults."""
        x = numbers(1, 1, 3)
        named = Named(text="linear", missing=4)
        self.check_traced(
            models.DefaultArguments(), (x,), (x, 4, 0.25, False), (x, named)
        )

    @fx_golden()
    def test_variadic_arguments(self):
        """Any number of arguments, by place and by name."""
        x = numbers(2)
        self.check_traced(models.VariadicArguments(), (x, x + 1, 3, Named(y=x * 3)))

    @fx_golden(since="1.9.0")
    def test_concrete_arguments(self):
        """Arguments that tracing was given are checked, and do nothing else."""

        x = numbers(2)

        def make():
            known = {"flag": True, "n": 4}
            return symbolic_trace(models.ChoosingArguments(), concrete_args=known)

        self.check_graph(make, (x, True, 4), (x, True, 5), retraced=True)

    @fx_golden(since="1.10.0")
    def test_tree_arguments(self):
        """Containers as arguments and results, of which tracing knows the form."""
        x = numbers(2)

        def make():
            from torch.fx import PH

            form = {"table": {"a": PH, "b": PH}, "items": [PH, PH]}
            return symbolic_trace(models.TreeArguments(), concrete_args=form)

        call = ({"a": x, "b": x + 1}, [x * 2, x * 3])
        self.check_graph(make, call, retraced=True)

    @fx_golden()
    def test_in_place_methods(self):
        """What changes its argument changes it."""
        x, y, z = numbers(4), numbers(4) * 2, numbers(3)
        self.check_traced(models.InPlaceMethods(), (x, y, z))

    @fx_golden()
    def test_augmented_assignment(self):
        """In-place operators that tracing made ordinary ones stay so."""
        x = numbers(4)
        self.check_traced(models.AugmentedAssignment(), (x, x + 1), (2, 3))

    @fx_golden()
    def test_in_place_operators(self):
        """operator.iadd and its like change their argument."""
        x = numbers(4)
        self.check_graph(graphs.in_place_operators, (x, x + 1), (2, 3))

    @fx_golden()
    def test_in_place_list(self):
        """operator.iadd of a list makes it longer."""
        x = [numbers(2)]
        self.check_graph(lambda: graphs.by_hand(operator.iadd), (x, x))

    @fx_golden()
    def test_item_assignment(self):
        """operator.setitem changes its argument."""
        self.check_graph(
            lambda: graphs.by_hand(operator.setitem, 0, 9, arguments=1),
            (numbers(2),),
            ([1, 2],),
        )

    @fx_golden()
    def test_operators(self):
        """The operators of two arguments, and of one."""
        self.check_traced(models.Operators(), (numbers(6), 5), (numbers(6), 12))

    @fx_golden()
    def test_reflected_operators(self):
        """Operators whose left side is a number."""
        self.check_traced(models.ReflectedOperators(), (numbers(3) * 2 + 7, 3))

    @fx_golden(since="1.10.0")
    def test_later_operators(self):
        """Operators that 1.8 and 1.9 fail to trace, or lack for tensors."""
        x = numbers(3) + 7
        self.check_traced(models.LaterOperators(), (x, 5), (x, 12))

    @fx_golden(since="1.10.0")
    def test_matrix_products(self):
        """The operator for matrices, the function and the method."""
        x, y = numbers(2, 3), numbers(3, 2)
        self.check_traced(models.MatrixProducts(), (x, y), (y, x))

    @fx_golden()
    def test_indexing(self):
        """Items and slices, with ellipsis, None, steps, and of tensors."""
        x = numbers(3, 4, 2)
        self.check_traced(models.Indexing(), (x, torch.tensor([2, 0]), 1))

    @fx_golden()
    def test_tensor_attributes(self):
        """Attributes of a tensor, and what is made of its shape."""
        self.check_traced(models.TensorAttributes(), (numbers(2, 3),))

    @fx_golden()
    def test_dtype_arguments(self):
        """Types of elements as arguments."""
        self.check_traced(models.DtypeArguments(), (numbers(4),))

    @fx_golden(since="1.9.0")
    def test_device_arguments(self):
        """Devices as arguments, which 1.8 refuses to trace."""
        self.check_traced(models.DeviceArguments(), (numbers(4),))

    @fx_golden(since="1.10.0")
    def test_memory_formats(self):
        """Memory formats as arguments, which 1.9 refuses to trace."""
        self.check_traced(models.MemoryFormats(), (numbers(2, 3, 2, 2),))

    @fx_golden()
    def test_builtins(self):
        """Builtin functions that tracing was told of, and others."""
        self.check_traced(models.Builtins(), (numbers(3), [4, 9, 2]))

    @fx_golden()
    def test_math_functions(self):
        """Functions of math of an argument."""
        self.check_traced(models.MathFunctions(), (numbers(2), 16), (numbers(2), 4))

    @fx_golden()
    def test_wrapped_functions(self):
        """A function of ours that is called and not traced stays so."""
        self.check_traced(models.WrappedFunctions(), (numbers(9),))

    @fx_golden()
    def test_method_chain(self):
        """Methods of the results of methods."""
        self.check_traced(models.MethodChain(), (numbers(6),))

    @fx_golden()
    def test_outputs(self):
        """Containers within containers as a result."""
        self.check_traced(models.Outputs(), (numbers(2),))

    @fx_golden()
    def test_named_outputs(self):
        """Named tuples as results keep their types."""
        self.check_traced(models.NamedOutputs(), (numbers(2),))

    @fx_golden()
    def test_unused(self):
        """Arguments and results that nothing uses, and None."""
        self.check_traced(models.Unused(), (numbers(2), 1), (numbers(2), 1, 2))

    @fx_golden()
    def test_special_numbers(self):
        """Infinity, NaN, negative zero, and numbers at the limits."""
        self.check_traced(models.SpecialNumbers(), (torch.ones(2).double(),))

    @fx_golden(since="1.10.0")
    def test_complex_numbers(self):
        """Complex constants keep the signs of their zeros."""
        x = torch.ones(2, dtype=torch.complex128)

        def make():
            graph = torch.fx.Graph()
            y = graph.placeholder("x")
            made = [
                graph.call_function(operator.mul, (y, number))
                for number in (1j, 1 - 2j, complex(-0.0, -1.0))
            ]
            graph.output(made)
            return GraphModule(torch.nn.Module(), graph)

        self.check_graph(make, (x,))

    @fx_golden()
    def test_strings(self):
        """Texts as arguments and results, with what has to be escaped."""
        self.check_traced(models.Strings(), (numbers(2, 2),))

    @fx_golden()
    def test_annotations(self):
        """The annotations of arguments and of the result."""
        x = numbers(2)
        self.check_traced(
            models.Annotations(), (x, [x], {"a": x}), (x, [x], {"a": x}, 3)
        )

    @fx_golden()
    def test_shadowing_names(self):
        """Arguments and attributes with names that Python or torch.fx use."""
        x = numbers(2)
        self.check_traced(models.ShadowingNames(), (x, x * 2, x + 1, 3, 4))

    @fx_golden()
    def test_assertions(self):
        """A condition that is asserted is asserted."""
        self.check_traced(models.Asserting(), (numbers(9),), (numbers(2),))

    @fx_golden()
    def test_functional(self):
        """Functions of torch.nn.functional with many arguments."""
        x, image = numbers(2, 3), numbers(1, 1, 4, 4)
        self.check_traced(models.Functional(), (x, numbers(2, 3), image))

    @fx_golden(since="1.12.0")
    def test_aten_operators(self):
        """Operators of torch.ops, with and without overload."""
        x = numbers(2, 2)
        self.check_traced(models.AtenOperators(), (x, x + 1))

    @fx_golden()
    def test_modes(self):
        """Each module is in the mode that it was saved in."""

        def make():
            module = symbolic_trace(models.Modes())
            module.first.eval()
            return module

        self.check_graph(make, (numbers(2),))

    @fx_golden()
    def test_eval_mode(self):
        """A module that was in eval mode is so."""
        self.check_traced(models.Modes().eval(), (numbers(2),))

    @fx_golden()
    def test_loaded_state(self):
        """Parameters that a state_dict brought, and that changed after tracing."""

        def make():
            module = symbolic_trace(models.Layers())
            module.load_state_dict(with_numbers(models.Layers()).state_dict())
            module.linear.bias.requires_grad_(False)
            return module

        self.check_graph(make, (numbers(1, 1, 3, 3),))

    @fx_golden()
    def test_copied(self):
        """A deep copy is saved like the module that it copies."""
        module = with_numbers(models.Layers())
        self.check_graph(
            lambda: copy.deepcopy(symbolic_trace(module)), (numbers(1, 1, 3, 3),)
        )

    @fx_golden()
    def test_extra_attributes(self):
        """Attributes that the graph does not use."""

        def make():
            module = symbolic_trace(with_numbers(models.Layers()))
            module.note, module._extra = "made by hand", {"n": [1, 2], "x": numbers(2)}
            return module

        def attributes(module):
            return getattr(module, "note", "lost"), getattr(module, "_extra", "lost")

        self.check_graph(make, (numbers(1, 1, 3, 3),), attributes=attributes)

    @fx_golden()
    def test_unused_submodule(self):
        """A submodule that was added, and that the graph does not use."""

        def make():
            module = symbolic_trace(with_numbers(models.Layers()))
            module.unused = with_numbers(torch.nn.Linear(2, 2))
            return module

        self.check_graph(make, (numbers(1, 1, 3, 3),))

    @fx_golden(since="1.13.0")
    def test_meta(self):
        """The dict ``meta`` of a GraphModule."""

        def make():
            module = symbolic_trace(with_numbers(models.Layers()))
            module.meta["origin"] = {"n": 1}
            return module

        self.check_graph(make, (numbers(1, 1, 3, 3),), attributes=lambda m: m.meta)

    @fx_golden()
    def test_custom_tracer(self):
        """The leaves of a tracer of ours stay leaves."""
        self.check_graph(graphs.traced_with_leaves, (numbers(3, 2),), gradients=True)

    @fx_golden(since="1.10.0")
    def test_tracer_class(self):
        """The class of the tracer is remembered."""
        self.check_graph(
            graphs.traced_with_leaves,
            (numbers(3, 2),),
            attributes=lambda module: module.graph._tracer_cls.__qualname__,
        )

    @fx_golden()
    def test_subclass(self):
        """A GraphModule of a class of ours has its class and name."""

        def attributes(module):
            return type(module).__name__, hasattr(module, "count")

        self.check_graph(graphs.subclass, (numbers(2), 3), attributes=attributes)

    @fx_golden()
    def test_every_kind(self):
        """A graph by hand, with nodes of each kind; their names are made anew."""
        x = numbers(2, 3)
        self.check_graph(graphs.every_kind, (x,), (Named(n=4, x=x),), retraced=True)

    @fx_golden()
    def test_edited(self):
        """A graph with nodes that were put, replaced and erased."""
        image = numbers(1, 1, 3, 3)
        self.check_graph(graphs.edited, (image,), gradients=True, retraced=True)

    @fx_golden()
    def test_rewritten(self):
        """A graph in which a pattern was replaced."""
        x = numbers(4)
        self.check_graph(graphs.rewritten, (x, x * 2), retraced=True)

    @fx_golden()
    def test_inlined(self):
        """A graph into which another was copied."""
        self.check_graph(graphs.inlined, (numbers(2), 3))

    @fx_golden()
    def test_nested_graph_module(self):
        """A GraphModule that calls others."""
        x, image = numbers(1, 2), numbers(1, 1, 3, 3)
        self.check_graph(graphs.nested, (x, image))

    @fx_golden(since="1.12.0")
    def test_code_generator(self):
        """Code that a generator of ours wrote computes the same; the graph differs."""
        x = numbers(2)
        self.check_graph(graphs.with_code_generator, ([x, x * 3],), retraced=True)


if __name__ == "__main__":
    run_tests()
