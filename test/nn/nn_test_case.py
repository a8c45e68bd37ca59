"""How the goldens of modules are written, and which of their parts are checked.

``module.pt`` holds a dict of whole modules, ``state_dict.pt`` one of their states, by
the name of the case: so releases before 1.6 keep the source of the class once.  Both
are packed by gzip, which makes a fourth of them; torch reads and writes plain files.
"""

import functools
import gzip
import json
import os
import tempfile

import torch

from common_compat import load_golden
from common_expected import load_plain, save_expected
from common_utils import GoldenTestCase, golden
from nn_describe import (
    attribute_names,
    describe_gradients,
    describe_metadata,
    describe_result,
    describe_state,
    describe_structure,
)

MODULE, STATE, EXPECTED = "module.pt.gz", "state_dict.pt.gz", "expected.npz"
NAMES = "names"


def save_packed(value, path):
    """Pack the file that ``torch.save`` makes of a value."""
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.pt")
        torch.save(value, plain)
        with open(plain, "rb") as file:
            # Without the time, so that it is the same each time.
            packed = gzip.compress(file.read())
    packed = packed[:4] + bytes(4) + packed[8:]
    with open(path, "wb") as file:
        file.write(packed)


def load_packed(path):
    """What ``torch.load`` makes of the file that was packed."""
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.pt")
        with gzip.open(path) as packed, open(plain, "wb") as file:
            file.write(packed.read())
        return load_golden(plain)


def evaluate(row, case, module):
    """The result in evaluation, without gradients."""
    with torch.no_grad():
        result = row.run(module.eval(), *row.inputs_of(case))
    return describe_result(result, row.is_exact(case))


def train(row, case, module):
    """The result in training, and the buffers after it."""
    result = (row.train or row.run)(module.train(), *row.inputs_of(case))
    return describe_result([result, list(module.buffers())], row.is_exact(case))


def train_alike(row, case, module):
    """The result in training, where that is the one in evaluation."""
    result = row.run(module.train(), *row.inputs_of(case))
    return describe_result(result, row.is_exact(case))


def differentiate(row, case, module):
    """Gradients by parameters and inputs."""
    inputs = row.inputs_of(case)
    floating = {
        f"input {index}": x.requires_grad_(True)
        for index, x in enumerate(inputs)
        if isinstance(x, torch.Tensor) and x.dtype in (torch.float, torch.double)
    }
    result = row.run(module.eval(), *inputs)
    return describe_gradients(module, result, floating, row.is_exact(case))


class ModuleTestCase(GoldenTestCase):
    """Base class: ``check_row`` writes and reads the modules of a row."""

    def check_row(self, row):
        """Check all cases of a row, each file and part in a sub-test of its own."""
        # Each case needs the file, and gets an object of its own from it.
        load = functools.lru_cache(maxsize=None)(load_packed)
        for subname in row.subnames:
            if subname and not self.has_subname(subname):
                continue
            cases = [case for case in row.cases if row.subname(case) == subname]
            write = functools.partial(write_cases, row, cases)
            for case in cases:
                for part, read in self._reads(row, case, load).items():
                    kind = STATE if part.startswith("state") else MODULE
                    with self.subTest(variant=case.name, part=part):
                        self.check_golden(write, {kind: read}, subname)

    def _reads(self, row, case, load):
        """By part of a case, the function that reads it.

        The later ones change the module, of which there is one.
        """

        def compare(part, observe, files):
            module = load(files[MODULE])[case.name]
            self._check_part(row, case, part, observe(row, case, module), files)

        def alike(files):
            compare("eval", evaluate, files)
            compare("eval", train_alike, files)

        reads = {}
        if row.pickled:
            reads["structure"] = functools.partial(self._check_structure, case, load)
            if row.run:
                own = functools.partial(compare, "eval", evaluate)
                reads["eval"] = own if row.modes else alike
            if row.gradients:
                reads["gradients"] = functools.partial(
                    compare, "gradients", differentiate
                )
            if row.modes:
                reads["train"] = functools.partial(compare, "train", train)
        if row.state:
            reads["state"] = functools.partial(self._check_state, row, case, load)
            if row.run:
                reads["state_eval"] = functools.partial(
                    self._check_state_result, row, case, load
                )
        return reads

    def _check_structure(self, case, load, files):
        module = load(files[MODULE])[case.name]
        names = json.loads(load_plain(files[EXPECTED], NAMES))[case.name]
        found = describe_structure(module, names)
        self.check_expected(files[EXPECTED], found, part=f"{case.name} structure")

    def _check_state(self, row, case, load, files):
        state = load(files[STATE])[case.name]
        path = files[EXPECTED]
        metadata = describe_metadata(state)
        self.check_expected(path, metadata, part=f"{case.name} metadata")
        self.check_expected(path, describe_state(state), part=f"{case.name} state")
        module = _with_state(row, case, state)
        found = describe_state(module.state_dict())
        self.check_expected(path, found, part=f"{case.name} state")

    def _check_state_result(self, row, case, load, files):
        module = _with_state(row, case, load(files[STATE])[case.name])
        self._check_part(row, case, "eval", evaluate(row, case, module), files)

    def _check_part(self, row, case, part, found, files):
        tolerance = row.tolerance_of(case)
        key = f"{case.name} {part}"
        self.check_expected(files[EXPECTED], found, tolerance, key)


def _with_state(row, case, state):
    module = row.build_fresh(case)
    module.load_state_dict(state, strict=True)
    return module


def write_cases(row, cases, files):
    """Write the files of a golden that holds these cases."""
    modules = {case.name: row.build(case) for case in cases}
    states = {name: module.state_dict() for name, module in modules.items()}
    if row.pickled:
        save_packed(modules, files[MODULE])
    if row.state:
        save_packed(states, files[STATE])
    expected = {NAMES: json.dumps({k: attribute_names(m) for k, m in modules.items()})}
    for case in cases:
        module = modules[case.name]
        parts = {}
        if row.pickled:
            parts["structure"] = describe_structure(module)
        if row.state:
            parts["state"] = describe_state(states[case.name])
            parts["metadata"] = describe_metadata(states[case.name])
        if row.run:
            parts["eval"] = evaluate(row, case, module)
        if row.gradients:
            parts["gradients"] = differentiate(row, case, module)
        if row.modes:
            parts["train"] = train(row, case, module)
        expected.update({f"{case.name} {part}": told for part, told in parts.items()})
    save_expected(files[EXPECTED], expected)


def with_tests(rows, sentence):
    """A class decorator: a test ``test_<name>`` for each row.

    ``sentence`` is the docstring of each, with the row's name for ``{}``.
    """

    def decorate(test_class):
        for row in rows.values():

            def test(self, row=row):
                self.check_row(row)

            test.__name__ = f"test_{row.name}"
            test.__qualname__ = f"{test_class.__qualname__}.{test.__name__}"
            test.__doc__ = sentence.format(row.name)
            declare = golden(row.since, kinds=row.kinds, subnames=row.subnames)
            setattr(test_class, test.__name__, declare(test))
        return test_class

    return decorate
