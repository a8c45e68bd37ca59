# Owner(s): ["oncall: export"]

"""Programs of torch.export that were made, saved or loaded in one of several ways."""

import functools
import os
import sys

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import export_models as models  # noqa: E402
import export_ways as ways  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from export_compat import Call, exported, save_program  # noqa: E402
from export_describe import describe_program, describe_runs  # noqa: E402
from export_test_case import KIND, ExportTestCase, export_golden  # noqa: E402

_TEXTS = {"config.json": '{"classes": 3}', "notes/read me.txt": "Grüße\n", "empty": ""}


class TestExportWays(ExportTestCase):
    """Exports, passes over programs, and ways to save and load."""

    def check_outer(self, make, **options):
        """Check a program of nested modules that ``make`` makes."""
        x = numbers(2, 2)
        calls = Call(x, x + 1), Call(x * 2, x)
        self.check_program(lambda: make(ways.Outer(), calls[0]), *calls, **options)

    def describe_modules(self, program):
        """What the program is as modules."""
        x = numbers(2, 2)
        calls = Call(x, x + 1), Call(x * 2, x)
        return describe_program(ways.describe_unflattened(program, calls))

    @export_golden(since="2.3.0")
    def test_strict(self):
        """An export by Dynamo."""
        self.check_outer(functools.partial(exported, strict=True), gradients=True)

    @export_golden(since="2.3.0")
    def test_not_strict(self):
        """An export by running the module; also as modules again."""
        self.check_outer(
            functools.partial(exported, strict=False),
            gradients=True,
            others={"modules": self.describe_modules},
        )

    @export_golden(since="2.2.0")
    def test_decomposed(self):
        """A program whose operators were decomposed."""
        self.check_outer(lambda *args: exported(*args).run_decompositions())

    @export_golden(since="2.5.0")
    def test_for_training(self):
        """A program with the operators that training has."""
        self.check_outer(ways.for_training, gradients=True)

    @export_golden(since="2.6.0")
    def test_preserved_calls(self):
        """A program that keeps how a module in it is called."""
        self.check_outer(
            functools.partial(exported, preserve_module_call_signature=("inner",)),
            others={"modules": self.describe_modules},
        )

    @export_golden()
    def test_loads(self):
        """A program is loaded from paths, buffers and files, and saved once more.

        And texts that were saved beside it.
        """
        calls = [Call(numbers(2)), Call(numbers(2) * 2)]

        def write(files):
            program = exported(models.Counter(), calls[0])
            save_program(program, files[KIND], extra_files=_TEXTS)
            expected = {"runs": describe_runs(program, calls), "texts": _TEXTS}
            save_expected(files["expected.npz"], expected)

        for way, load in ways.LOADS.items():

            def read_program(files, load=load):
                found = describe_runs(load(files[KIND]), calls)
                self.check_expected(files["expected.npz"], found, part="runs")

            with self.subTest(way=way):
                self.check_golden(write, {KIND: read_program})

        def read_texts(files):
            found = ways.load_extra_files(files[KIND], *_TEXTS)
            self.check_expected(files["expected.npz"], found, part="texts")

        with self.subTest(way="extra files"):
            self.check_golden(write, {KIND: read_texts})

    @export_golden(since="2.8.0")
    def test_several_programs(self):
        """An archive with two programs."""
        calls = {"first": Call(numbers(2, 3)), "second": Call(numbers(2))}
        modules = {"first": models.Linear, "second": models.Counter}

        def programs():
            return {name: exported(modules[name](), calls[name]) for name in calls}

        def write(files):
            ways.save_two(programs(), files[KIND])
            expected = {
                name: describe_runs(program, [calls[name]])
                for name, program in programs().items()
            }
            save_expected(files["expected.npz"], expected)

        for name in calls:

            def read(files, name=name):
                program = ways.load_one_of_two(files[KIND], name)
                found = describe_runs(program, [calls[name]])
                self.check_expected(files["expected.npz"], found, part=name)

            with self.subTest(program=name):
                self.check_golden(write, {KIND: read})


if __name__ == "__main__":
    run_tests()
