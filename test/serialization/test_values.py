# Owner(s): ["module: serialization"]

"""What is no tensor in files that earlier releases wrote."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import load_golden  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from serialization_cases import (  # noqa: E402
    KIND,
    KINDS,
    FileTestCase,
    add_cases,
    save_by_default,
)
from serialization_objects import NUMPY, OBJECTS  # noqa: E402
from serialization_values import CONSTANTS, CONTAINERS, SCALARS  # noqa: E402


class TestValues(FileTestCase):
    """Objects of Python, and constants of torch."""


for _table in (CONSTANTS, CONTAINERS, SCALARS, OBJECTS, NUMPY):
    add_cases(TestValues, _table, containers=False)


def next_numbers(generator=None):
    """The next random numbers of several kinds."""
    # Torch 1.0 takes no generator for all of these, not even None.
    options = {"generator": generator} if generator else {}
    return {
        "uniform": torch.rand(3, **options),
        "normal": torch.empty(3).normal_(**options),
        "integers": torch.randint(100, (3,), **options),
        "order": torch.randperm(5, **options),
    }


class TestGenerators(FileTestCase):
    """States of generators of random numbers."""

    @golden(since="1.0.0", kinds=KINDS)
    def test_rng_state(self):
        """After a state was restored, the next random numbers are the writer's."""

        def write(files):
            torch.rand(7)
            save_by_default(torch.get_rng_state(), files[KIND])
            save_expected(files["expected.npz"], next_numbers())

        def read(files):
            state = load_golden(files[KIND])
            torch.set_rng_state(state)
            self.check_expected(files["expected.npz"], next_numbers())

        self.check_golden(write, {KIND: read})

    @golden(since="1.5.0", kinds=KINDS)
    def test_generator_state(self):
        """The same with the state of a generator of one's own."""

        def write(files):
            generator = torch.Generator().manual_seed(5)
            torch.rand(7, generator=generator)
            save_by_default(generator.get_state(), files[KIND])
            save_expected(files["expected.npz"], next_numbers(generator))

        def read(files):
            generator = torch.Generator().manual_seed(6)
            generator.set_state(load_golden(files[KIND]))
            self.check_expected(files["expected.npz"], next_numbers(generator))

        self.check_golden(write, {KIND: read})

    @golden(since="2.5.0", kinds=KINDS)
    def test_generator(self):
        """A generator that was saved itself goes on where it was."""

        def write(files):
            generator = torch.Generator().manual_seed(5)
            torch.rand(7, generator=generator)
            save_by_default(generator, files[KIND])
            expected = [generator.initial_seed(), next_numbers(generator)]
            save_expected(files["expected.npz"], expected)

        def read(files):
            generator = load_golden(files[KIND])
            found = [generator.initial_seed(), next_numbers(generator)]
            self.check_expected(files["expected.npz"], found)

        self.check_golden(write, {KIND: read})


if __name__ == "__main__":
    run_tests()
