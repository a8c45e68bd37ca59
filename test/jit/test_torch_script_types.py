# Owner(s): ["oncall: jit"]

"""The values and types of TorchScript, in archives that every release wrote.

As in test_torch_script.py, each test has a module of one feature.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_types as types  # noqa: E402
import script_values as values  # noqa: E402
from common_utils import raise_on_run_directly  # noqa: E402
from common_values import numbers  # noqa: E402
from script_test_case import ScriptTestCase, script_golden  # noqa: E402


class TestScriptTypes(ScriptTestCase):
    """Values, and the types that TorchScript knows."""

    @script_golden(since="1.3.0")
    def test_sequences(self):
        """Lists, and what changes them."""
        self.check_script(values.Sequences, ([numbers(2), numbers(2) * 3], ["a", "bc"]))

    @script_golden(since="1.3.0")
    def test_comprehensions(self):
        """Lists made by comprehension."""
        self.check_script(
            values.Comprehensions, ([numbers(2), numbers(3)], ["a", "bc"]), ([], [])
        )

    @script_golden(since="1.8.0")
    def test_more_comprehensions(self):
        """Dicts, and lists in lists, by comprehension."""
        self.check_script(values.MoreComprehensions, ([1, 2, 3], ["a", "bc"]), ([], []))

    @script_golden()
    def test_mappings(self):
        """Dicts by string and by number."""
        self.check_script(
            values.Mappings, ({"a": numbers(2), "b": numbers(2) * 2}, {1: 2, 3: 4})
        )

    @script_golden(since="1.9.0")
    def test_more_mappings(self):
        """Dicts by float and truth value, copied and emptied."""
        self.check_script(values.MoreMappings, ({2.5: "b", 0.5: "a"}, {True: 1}))

    @script_golden(since="1.3.0")
    def test_nested_containers(self):
        """Containers in containers, and empty ones."""
        self.check_script(
            values.Nested,
            ({"a": [(1, numbers(2)), (2, numbers(1))], "b": []}, [[], [1]]),
        )

    @script_golden()
    def test_tuples(self):
        """Tuples unpacked, sliced and joined."""
        self.check_script(values.Tuples, ((1, "a"), numbers(2)), ((2, "a"), numbers(1)))

    @script_golden()
    def test_optionals(self):
        """Arguments and results that may be None."""
        self.check_script(
            types.Optionals, (numbers(2), 3), (numbers(2),), (None, 3), (None,)
        )

    @script_golden()
    def test_defaults(self):
        """Defaults of arguments."""
        self.check_script(
            types.Defaults,
            (numbers(2),),
            (numbers(2), 3, 1.0, True, "a", [3]),
            (numbers(2), 3, 1.0, True, "a", [3], 0.5),
        )

    @script_golden()
    def test_list_defaults(self):
        """Lists as defaults of arguments."""
        self.check_script(types.ListDefaults, (1,), (0, ["c"]), (0, ["c"], [1.5]))

    @script_golden(since="1.10.0")
    def test_unions(self):
        """Values of one of several types."""
        self.check_script(types.Unions, (1,), ("a",), ([4],), ([1, 2, 3],))

    @script_golden(since="1.10.0")
    def test_returned_unions(self):
        """Values of one of several types, returned early."""
        self.check_script(types.ReturnedUnions, (1,), ("a",), ([4],))

    @script_golden(since="1.6.0")
    def test_any_type(self):
        """Values of any type."""
        self.check_script(
            types.AnyType,
            (1, ["a", 2]),
            ("a", []),
            (0.5, [numbers(1)]),
            (numbers(2, 2), [None, "abc"]),
        )

    @script_golden(since="1.8.0")
    def test_refinement(self):
        """Optional values told by isinstance."""
        self.check_script(types.Refinement, ([3],), (None,))

    @script_golden()
    def test_strings(self):
        """Strings joined, sliced, compared and formatted."""
        self.check_script(values.Strings, ("a word", 3), ("bad word a", -1), ("", 0))

    @script_golden(since="1.8.0")
    def test_more_strings(self):
        """Strings split, joined and searched."""
        self.check_script(values.MoreStrings, ("a word",), ("bad word a",), ("",))

    @script_golden()
    def test_escapes(self):
        """Characters that are escaped in constants."""
        self.check_script(values.Escapes, ("\u00fc\n",), ("",))

    @script_golden()
    def test_carriage_return(self):
        """A constant with a carriage return."""
        self.check_script(values.CarriageReturns, ("a\r",))

    @script_golden()
    def test_letters(self):
        """Constants with letters beyond ASCII."""
        self.check_script(values.Letters, ("\u00fc",), ())

    @script_golden(since="1.8.0")
    def test_formatted_strings(self):
        """f-strings, and percent signs."""
        self.check_script(values.FormattedStrings, ("a", 3, 0.5), ("", -1, 1e20))

    @script_golden()
    def test_printed(self):
        """How values look as strings."""
        self.check_script(
            values.Printed, (0.5, 3), (1e20, -1), (float("inf"), 0), (2.0, 2)
        )

    @script_golden()
    def test_classes(self):
        """Objects of TorchScript classes."""
        self.check_script(types.Classes, (1,), (10,))

    @script_golden(since="1.6.0")
    def test_operators_of_classes(self):
        """Objects with operators of their own."""
        self.check_script(types.Operators, (3,), (7,))

    @script_golden(since="1.7.0")
    def test_properties_of_classes(self):
        """Objects with properties and static methods."""
        self.check_script(types.ClassProperties, (1.5,))

    @script_golden(since="1.4.0")
    def test_kept_object(self):
        """An object that a module keeps."""
        self.check_script(types.Holder, (1,), (2,))

    @script_golden(since="1.6.0")
    def test_contexts(self):
        """Objects that a with statement enters and leaves."""
        self.check_script(types.Contexts, ([], 1), ([], 5))

    @script_golden(since="1.13.0")
    def test_dataclasses(self):
        """Objects of a dataclass."""
        self.check_script(types.with_dataclass, ("a", 2), ("b", 3))

    @script_golden(since="1.7.0")
    def test_enums(self):
        """Members of enumerations."""
        self.check_script(types.Enums, (1,), (2,))

    @script_golden()
    def test_named_tuples(self):
        """NamedTuples passed, made and returned."""
        self.check_script(
            types.NamedTuples,
            (numbers(2), [types.Point(numbers(2), 1)]),
            (numbers(2), []),
        )

    @script_golden(since="1.10.0")
    def test_nested_named_tuples(self):
        """NamedTuples in NamedTuples and in dicts."""
        self.check_script(
            types.NestedNamedTuples,
            (types.Point(numbers(2), 1),),
            (
                types.Point(numbers(2), 1),
                types.Line(types.Point(numbers(1), 2), "b", 5),
            ),
        )

    @script_golden(since="1.3.0")
    def test_attributes(self):
        """Attributes of each type."""
        self.check_script(types.Attributes, ())

    @script_golden()
    def test_dict_order(self):
        """Dicts keep the order of their keys, which were sorted before 1.6."""
        self.check_script(types.OrderedAttributes, ({"b": 1, "a": 2},))

    @script_golden(since="1.3.0")
    def test_types(self):
        """Conversions between dtypes."""
        self.check_script(
            types.Types, (torch.tensor([1.0, 2.5]),), (torch.tensor([1, 2]),)
        )

    @script_golden(since="1.6.0")
    def test_type_values(self):
        """dtypes and devices as values."""
        self.check_script(
            types.TypeValues,
            (numbers(2), torch.int32, torch.device("cpu")),
            (numbers(2).double(), torch.float32, torch.device("cpu", 0)),
        )

    @script_golden(since="1.6.0")
    def test_conversions(self):
        """Numbers, strings and tensors made of each other."""
        self.check_script(
            values.Conversions, (7, 2.5, numbers(3)), (0, -1.5, numbers(3) + 3)
        )

    @script_golden()
    def test_numbers(self):
        """Arithmetic of numbers of both signs."""
        self.check_script(values.Numbers, (7, 2.5), (-7, -2.5), (2, 2.0))

    @script_golden()
    def test_rounding(self):
        """Floats rounded to whole numbers, of which halves changed in 1.7."""
        self.check_script(values.Rounded, (2.5,), (0.5,), (1.0,))

    @script_golden()
    def test_float_checks(self):
        """Whether a float is infinite, as a truth value."""
        self.check_script(values.FloatChecks, (1.5,), (float("inf"),), (float("nan"),))

    @script_golden(since="1.5.0")
    def test_bits(self):
        """Operators on bits."""
        self.check_script(
            values.Bits,
            (5, torch.tensor([1, 6]), True),
            (-3, torch.tensor([-1, 0]), False),
        )

    @script_golden()
    def test_limits(self):
        """Integers that overflow, and floats at their limits."""
        self.check_script(values.Limits, (2**63 - 1, 1.0), (-(2**62), 0.1))

    @script_golden()
    def test_negative_zero(self):
        """A constant zero with a sign."""
        self.check_script(values.NegativeZero, (0.0,), (-0.0,))

    @script_golden()
    def test_whole_floats(self):
        """Constants that are whole numbers and floats."""
        self.check_script(values.WholeFloats, (1.0,), (0.5,))

    @script_golden()
    def test_mathematics(self):
        """Functions of math."""
        self.check_script(values.Mathematics, (6, 5.5), (0, -1.5))

    @script_golden(since="1.3.0")
    def test_builtins(self):
        """Functions of Python on numbers and lists."""
        self.check_script(
            values.Builtins, ([3, 1, 2], [0.5, -2.0], 3), ([1], [2.0, 1.0], -1)
        )

    @script_golden(since="1.9.0")
    def test_reductions(self):
        """Sums and other reductions of lists."""
        self.check_script(values.Reductions, ([3, 1, 2], [0.5, -2.0], 3), ([], [], -1))

    @script_golden(since="1.9.0")
    def test_complex_numbers(self):
        """Complex numbers, and tensors of them."""
        self.check_script(values.ComplexNumbers, (numbers(2), 2 - 1j))


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
