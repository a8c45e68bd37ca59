# Owner(s): ["module: serialization"]

"""What ``torch.load`` with ``weights_only`` allows and refuses of earlier files.

Files of tensors and values are loaded so by the other tests of this folder, too.
"""

import os
import pickle
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import serialization_classes as classes  # noqa: E402
from common_compat import load_golden, reader_has  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from serialization_allowed import (  # noqa: E402
    ALLOWED,
    SINCE_SAFE_GLOBALS,
    is_allowed,
)
from serialization_cases import (  # noqa: E402
    KIND,
    KINDS,
    SAFE_FLOATS,
    SINCE_WEIGHTS_ONLY,
    FileTestCase,
    load_weights_only,
    save_by_default,
)
from serialization_describe import described_file  # noqa: E402


class WeightsOnlyTestCase(FileTestCase):
    """Base class: its tests need the option."""

    def check_default_file(self, make, reads, expect=None):
        """Check what ``make()`` gives in the container that the writer prefers."""
        if not reader_has(SINCE_WEIGHTS_ONLY):
            # The writers before wrote what the readers since then are tested with.
            reads = {"all": self.reads(load_golden)}

        def write(files):
            # Made once: states of optimizers had addresses as keys.
            made = make()
            save_by_default(made, files[KIND])
            expected = expect() if expect else made
            save_expected(files["expected.npz"], described_file(expected))

        for name, read in reads.items():
            with self.subTest(load=name):
                self.check_golden(write, {KIND: read})

    def reads(self, load):
        """A read that loads the object."""

        def read(files):
            found = described_file(load(files[KIND]))
            self.check_expected(files["expected.npz"], found)

        return read

    def refuses(self, *names):
        """A read that is refused, naming one of ``names``."""
        return lambda files: self.check_refused(files[KIND], names)


class Harmful:
    """An object whose pickle would do something when it is loaded."""

    def __reduce__(self):
        code = "import serialization_classes as c; c.HARM.append(1)"
        return exec, (code,)


class TestWeightsOnly(WeightsOnlyTestCase):
    """Loading that runs nothing which the file names."""

    @golden(since="1.0.0", kinds=KINDS)
    def test_state_dict(self):
        """The state of a network is loaded."""

        def make():
            layers = (torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
            return with_numbers(torch.nn.Sequential(*layers)).state_dict()

        self.check_default_file(make, {"weights_only": self.reads(load_weights_only)})

    @golden(since="1.0.0", kinds=KINDS)
    def test_optimizer_state(self):
        """The state of an optimizer is loaded."""

        def make():
            parameter = torch.nn.Parameter(numbers(2))
            optimizer = torch.optim.SGD([parameter], lr=0.5, momentum=0.5)
            parameter.grad = torch.ones(2)
            optimizer.step()
            return optimizer.state_dict()

        read = self.reads(load_weights_only)
        if not reader_has(SAFE_FLOATS):
            read = self.refuses("Unsupported operand 71")
        self.check_default_file(make, {"weights_only": read})

    @golden(since="1.0.0", kinds=KINDS)
    def test_code_is_not_run(self):
        """A file that would run code is refused, and does not run it."""

        def read(files):
            del classes.HARM[:]
            self.check_refused(files[KIND], ("exec",))
            self.assertEqual(classes.HARM, [])

        def harmed(files):
            del classes.HARM[:]
            found = load_golden(files[KIND])
            self.check_expected(files["expected.npz"], [found, classes.HARM])

        def write(files):
            save_by_default(Harmful(), files[KIND])
            save_expected(files["expected.npz"], [None, [1]])

        reads = {"all": harmed}
        if reader_has(SINCE_WEIGHTS_ONLY):
            reads["weights_only"] = read
        for name, way in reads.items():
            with self.subTest(load=name):
                self.check_golden(write, {KIND: way})

    @golden(since="1.0.0", kinds=KINDS)
    def test_default(self):
        """Since 2.6 weights_only is the default; before, all was loaded."""
        if reader_has("2.6.0"):
            read = self.default_refuses
        else:
            read = self.reads(torch.load)
        self.check_default_file(lambda: classes.Plain(a=numbers(2)), {"default": read})

    def default_refuses(self, files):
        """A read without the option that is refused."""
        with self.assertRaisesRegex(pickle.UnpicklingError, "^Weights only load fail"):
            torch.load(files[KIND])

    @golden(since="1.0.0", kinds=KINDS)
    def test_with_pickle_module(self):
        """With a pickle module of one's own it is refused."""

        def read(files):
            refusal = "^Can not safely load weights when exp"
            with self.assertRaisesRegex(RuntimeError, refusal):
                torch.load(files[KIND], pickle_module=pickle, weights_only=True)

        self.check_default_file(lambda: [numbers(2)], {"weights_only": read})


class TestSafeGlobals(WeightsOnlyTestCase):
    """Classes that weights_only loads once they were allowed."""


def _make_test(name, row):
    def test(self):
        reads = {"not allowed": self.refuses(*row.refused)}
        if reader_has(SINCE_SAFE_GLOBALS):

            def load_allowed(path):
                with is_allowed(row.allow()):
                    return load_weights_only(path)

            reads["allowed"] = self.reads(load_allowed)
        self.check_default_file(row.make, reads, row.expect)

    test.__name__ = f"test_{name}"
    test.__doc__ = row.doc
    return golden(since=row.since, kinds=KINDS)(test)


for _name, _row in ALLOWED.items():
    setattr(TestSafeGlobals, f"test_{_name}", _make_test(_name, _row))


if __name__ == "__main__":
    run_tests()
