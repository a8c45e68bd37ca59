# Owner(s): ["oncall: jit"]

"""The language of TorchScript, in archives that every release wrote.

Each test has a module of one feature, called several times over: a loaded module keeps
its state, and is optimised once it has run.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_methods as methods  # noqa: E402
import script_modules as modules  # noqa: E402
import script_state as state  # noqa: E402
import script_statements as statements  # noqa: E402
from common_utils import raise_on_run_directly  # noqa: E402
from common_values import numbers  # noqa: E402
from script_test_case import (  # noqa: E402
    MESSAGE,
    RAISES,
    ScriptTestCase,
    script_golden,
)


class TestScriptLanguage(ScriptTestCase):
    """Statements, calls, and what modules hold."""

    @script_golden(since="1.0.1")
    def test_script_methods(self):
        """A module whose methods are scripted each by a decorator."""
        self.check_script(
            methods.Methods, (numbers(3),), (-numbers(3),), ("scaled", (numbers(2, 3),))
        )

    @script_golden(since="1.0.1")
    def test_script_methods_of_layers(self):
        """A loop over submodules that __constants__ names."""
        self.check_script(
            methods.MethodsOfLayers,
            (numbers(3, 2) + 0.125,),
            (numbers(3, 2) * 2 + 0.125,),
        )

    @script_golden()
    def test_script_methods_of_attributes(self):
        """Attributes of many types, as torch.jit.Attribute declared them."""
        self.check_script(methods.MethodsOfAttributes, (numbers(2),))

    @script_golden()
    def test_function(self):
        """A function without a module, which 1.1 cannot save."""
        self.check_script(
            lambda: torch.jit.script(modules.scripted_function),
            (numbers(2), 3),
            (numbers(2), 0),
        )

    @script_golden()
    def test_functions(self):
        """A function that calls others."""
        self.check_script(
            lambda: torch.jit.script(modules.calling_function),
            (numbers(2), {"a": 2}),
            (numbers(2), {"a": 0, "b": 1}),
        )

    @script_golden()
    def test_traced_with_scripted(self):
        """A trace that calls a scripted function."""
        self.check_script(
            modules.traced_with_scripted,
            (numbers(2, 2), torch.tensor(3)),
            (numbers(2, 2), torch.tensor(0)),
        )

    @script_golden()
    def test_branches(self):
        """Each branch, and the early return."""
        self.check_script(
            statements.Branches,
            (numbers(3), -1),
            (numbers(3), 0),
            (numbers(3), 2),
            (numbers(3) + 100, 2),
            (numbers(3), 7),
        )

    @script_golden()
    def test_conditions(self):
        """Short circuits, chained comparisons and conditional expressions."""
        self.check_script(
            statements.Conditions,
            ([], numbers(2)),
            ([2, 5], numbers(2) + 9),
            ([1], numbers(2)),
            ([3, 1, 1], numbers(2) + 9),
        )

    @script_golden()
    def test_loops(self):
        """Loops left early and gone on with."""
        self.check_script(
            statements.Loops, (numbers(3), 0), (numbers(3), 4), (numbers(3), 9)
        )

    @script_golden()
    def test_exceptions(self):
        """Errors that a module raises, and what it changed before."""
        self.check_script(
            statements.Raises,
            (numbers(2), 1),
            (RAISES, (numbers(2), -1)),
            (RAISES, (numbers(2), 3)),
            (RAISES, (numbers(2), 4)),
            (numbers(2), 2),
        )

    @script_golden(since="1.5.0")
    def test_messages(self):
        """What errors say that a module raises; before 1.5 they said nothing."""
        self.check_script(
            statements.Messages,
            (1,),
            (MESSAGE, (-1,)),
            (MESSAGE, (0,)),
            (MESSAGE, (3,)),
            (2,),
        )

    @script_golden(since="1.6.0")
    def test_deletions(self):
        """Names and elements that are deleted."""
        self.check_script(statements.Deletions, ([1, 2, 3], {"a": 1, "b": 2}))

    @script_golden()
    def test_indexing(self):
        """Elements and slices of tensors, read and assigned."""
        self.check_script(
            statements.Indexing,
            (numbers(3, 4), torch.tensor([1, 0])),
            (numbers(2, 2), torch.tensor(1)),
        )

    @script_golden(since="1.8.0")
    def test_slices(self):
        """Slices with steps, and elements by mask."""
        self.check_script(
            statements.Slices,
            ([1, 2, 3, 4, 5], "abcdef", numbers(5, 2)),
            ([1], "abc", numbers(1, 2)),
        )

    @script_golden()
    def test_in_place(self):
        """In-place operators, on arguments and through views."""
        self.check_script(statements.InPlace, (numbers(2, 3),), (numbers(2, 1),))

    @script_golden(since="1.5.0")
    def test_assignments(self):
        """Elements and attributes that are changed in place."""
        self.check_script(
            statements.Assignments,
            ([1, 2], {"a": numbers(2)}, numbers(2)),
            ([1, 2, 3], {"a": numbers(1)}, numbers(2, 2)),
        )

    @script_golden()
    def test_shapes(self):
        """One module called with shapes, types and gradients in turn."""
        self.check_script(
            statements.Shapes,
            (numbers(2, 3), numbers(3, 2)),
            (numbers(2), numbers(2)),
            (numbers(2, 2).long(), numbers(2, 2).long()),
            (numbers(2, 1, 2), numbers(2)),
            (numbers(2, 3).requires_grad_(), numbers(3, 2)),
            (numbers(3).double(), numbers(3).double().requires_grad_()),
            (numbers(0, 3), numbers(3, 0)),
        )

    @script_golden()
    def test_fusible(self):
        """Operators that may be fused, and their gradients."""
        self.check_script(
            statements.Fusible,
            (numbers(3, 2) + 0.25, 1),
            ((numbers(3, 2) + 0.25).requires_grad_(), 2),
            (numbers(1, 2) + 0.25, 1),
        )

    @script_golden(since="1.5.0")
    def test_properties_of_tensors(self):
        """What a tensor says of itself."""
        self.check_script(
            statements.Properties,
            (numbers(2, 3),),
            (numbers(2, 3).double().t().requires_grad_(),),
        )

    @script_golden()
    def test_forks(self):
        """Computations that are forked and waited for."""
        self.check_script(statements.Forks, (numbers(2), 3), (numbers(2, 2), 0))

    @script_golden(since="1.7.0")
    def test_no_grad(self):
        """A part of a module that gives no gradients."""
        self.check_script(
            statements.WithoutGradient, (numbers(2),), (numbers(2).requires_grad_(),)
        )

    @script_golden(since="1.11.0")
    def test_autocast(self):
        """A part of a module that computes in bfloat16."""
        self.check_script(statements.Autocast, (numbers(2, 3),))

    @script_golden()
    def test_calls(self):
        """Submodules called by position, by name and by default."""
        self.check_script(modules.Calls, (numbers(2),), (numbers(2), 2))

    @script_golden()
    def test_exports(self):
        """Exported methods of several signatures."""
        self.check_script(
            modules.Exports,
            (numbers(2),),
            ("twice", (numbers(2),)),
            ("twice", (numbers(2), 3)),
            ("named", (["a"],)),
            ("nothing", ()),
        )

    @script_golden(since="1.5.0")
    def test_unused(self):
        """A method left to Python, which raises once it is called."""
        self.check_script(
            modules.Unused, (numbers(2), 2), (RAISES, (numbers(2), 3)), (numbers(2), 1)
        )

    @script_golden()
    def test_ignored(self):
        """A module one of whose methods stays in Python."""
        self.check_script(modules.Ignores, (numbers(2),))

    @script_golden(since="1.3.0")
    def test_overloads(self):
        """A method compiled for two types of its argument."""
        self.check_script(modules.Overloads, (numbers(2), 3))

    @script_golden(since="1.7.0")
    def test_properties_of_modules(self):
        """Properties of a module, read and set."""
        self.check_script(modules.Halved, (numbers(2), 3), (numbers(2), 1))

    @script_golden(since="1.8.0")
    def test_hooks(self):
        """Hooks of modules, which TorchScript left out before 1.8."""
        self.check_script(modules.Hooked, (numbers(2),))

    @script_golden(since="1.4.0")
    def test_interface(self):
        """A submodule called through an interface."""
        self.check_script(modules.with_interface, (numbers(2),), (numbers(3, 2),))

    @script_golden(since="1.7.0")
    def test_interfaces(self):
        """Two submodules called through one name, which 1.4 to 1.6 crash on."""
        self.check_script(modules.with_interfaces, (numbers(2),), (numbers(3, 2),))

    @script_golden(since="1.3.0")
    def test_module_containers(self):
        """Submodules in containers, iterated and indexed."""
        self.check_script(state.Containers, (numbers(3, 2),), (numbers(1, 2) * 2,))

    @script_golden(since="1.7.0")
    def test_more_containers(self):
        """Containers in containers, sliced and asked for their names."""
        self.check_script(state.MoreContainers, (numbers(3, 2),), (numbers(1, 2) * 2,))

    @script_golden(since="1.12.0")
    def test_parameter_list(self):
        """Parameters in a list."""
        self.check_script(state.ListedParameters, (numbers(2),), (numbers(2, 2),))

    @script_golden(since="1.12.0")
    def test_parameter_dict(self):
        """Parameters in a dict."""
        self.check_script(state.NamedParameters, (numbers(2),), (numbers(2, 2),))

    @script_golden()
    def test_state(self):
        """Buffers and attributes that a module changes."""
        self.check_script(state.State, (numbers(2),), (numbers(2) * 2,))

    @script_golden(since="1.6.0")
    def test_non_persistent_buffer(self):
        """A buffer that is in no state_dict is saved by TorchScript."""
        self.check_script(state.NonPersistent, (numbers(2),))

    @script_golden(since="1.5.0")
    def test_absent(self):
        """Parameters, buffers and submodules that are None."""
        self.check_script(state.Absent, (numbers(2),))

    @script_golden()
    def test_constants(self):
        """Constants that __constants__ names."""
        self.check_script(state.Constants, (numbers(4),))

    @script_golden(since="1.3.0")
    def test_final_constants(self):
        """Constants that are Final."""
        self.check_script(state.FinalConstants, (numbers(4),))

    @script_golden()
    def test_tied(self):
        """One parameter under two names, which stays one."""
        self.check_script(state.Tied, (numbers(3, 2),))

    @script_golden()
    def test_shared_child(self):
        """One submodule under two names, which stays one."""
        self.check_script(state.SharedChild, (numbers(2),), (numbers(2) * 2,))


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
