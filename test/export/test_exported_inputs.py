# Owner(s): ["oncall: export"]

"""Programs of torch.export: what they take and give."""

import os
import sys
from collections import OrderedDict

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import export_input_models as models  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from export_compat import Call, exported  # noqa: E402
from export_test_case import ExportTestCase, export_golden  # noqa: E402


class TestExportedInputs(ExportTestCase):
    """Arguments and results."""

    def check_calls(self, module, *calls, **options):
        """Check the program of a module, exported with the first of the calls."""
        self.check_program(lambda: exported(module(), calls[0]), *calls, **options)

    @export_golden()
    def test_nested(self):
        """Dicts, lists and tuples in each other as arguments and results."""
        x = numbers(2)
        self.check_calls(
            models.Nested,
            Call({"x": x, "inner": [x + 1, x + 2]}, ((x * 2, x * 3), x)),
            Call({"x": x * 2, "inner": [x, x]}, ((x, x + 4), x * 5)),
            refused=[
                Call({"x": x, "inner": [x + 1]}, ((x * 2, x * 3), x)),
                Call({"x": x, "other": [x, x]}, ((x * 2, x * 3), x)),
                Call({"x": x, "inner": (x, x)}, [(x * 2, x * 3), x]),
            ],
        )

    @export_golden()
    def test_containers(self):
        """A named tuple and an OrderedDict as arguments and results."""
        x = numbers(2)
        self.check_calls(
            models.Containers,
            Call(models.Point(x, x + 1), OrderedDict([("b", x), ("a", x * 2)])),
            Call(models.Point(x, x), OrderedDict([("b", x + 1), ("a", x)])),
        )

    @export_golden(since="2.4.0")
    def test_dataclasses(self):
        """A registered dataclass as argument and result."""
        x = numbers(2)
        self.check_calls(
            models.Dataclasses, Call(models.Pair(x, x + 1)), Call(models.Pair(x, x))
        )

    @export_golden(since="2.3.0")
    def test_keyword_arguments(self):
        """Arguments by name, in any order."""
        x = numbers(2)
        self.check_calls(
            models.Keywords,
            Call(x, scale=x + 1, shift=x * 2),
            Call(x * 2, scale=x, shift=x),
            refused=[Call(x, scale=x), Call(x, x, x)],
        )

    @export_golden(since="2.4.0")
    def test_plain_inputs(self):
        """Numbers, a text and None as arguments: the program takes no others."""
        x, others = numbers(2), (3, 0.5, True, "plain", None)
        self.check_calls(
            models.Plain,
            Call(x, *others),
            Call(x * 2, *others),
            refused=[
                Call(x, 4, *others[1:]),
                Call(x, 3, 0.25, *others[2:]),
                Call(x, 3, 0.5, True, "other", None),
            ],
        )

    @export_golden(since="2.4.0")
    def test_plain_outputs(self):
        """Numbers and None as results."""
        self.check_calls(models.PlainOutputs, Call(numbers(2)), Call(numbers(2) * 2))

    @export_golden(since="2.3.0")
    def test_passed_through(self):
        """Arguments, parameters and buffers as results, and one result twice."""
        x = numbers(2)
        self.check_calls(models.PassedThrough, Call(x, x + 1), Call(x * 2, x))

    @export_golden(since="2.3.0")
    def test_changed_inputs(self):
        """Calls change their arguments."""
        x = numbers(2)
        self.check_calls(
            models.ChangedInputs, Call(x, {"y": x + 1}), Call(x * 2, {"y": x})
        )

    @export_golden(since="2.3.0")
    def test_no_inputs(self):
        """A program that takes nothing."""
        self.check_calls(models.NoInputs, Call(), Call(), refused=[Call(numbers(2))])


if __name__ == "__main__":
    run_tests()
