"""Makes tests of the tables of quantized modules, and checks what they saved."""

import contextlib
import warnings

import torch

from common_expected import load_plain, save_expected
from common_utils import GoldenTestCase, golden, load_golden
from quant_case import MODULE, SCRIPTED, STATE, TRACED
from quant_describe import (
    describe_module,
    describe_state,
    module_attribute,
    state_numbers,
)
from quantized_models import save, trace

# By format, the parts that are sub-tests of their own.
PARTS = {
    STATE: ("stored", "loaded", "output"),
    MODULE: ("attributes", "numbers", "output"),
    SCRIPTED: ("scripted", "output"),
    TRACED: ("output",),
}
# What a forward pass in training changes in a state.
_COMPUTED = ("running_mean", "running_var", "min_val", "max_val", "scale")


def add_tests(test_class, cases):
    """Give the class a test method for each golden of each case."""
    for case in cases:
        for suffix, since, kinds in case.goldens():
            method = _test_of(case, kinds)
            method.__name__ = f"test_{case.name}{suffix}"
            formats = " and ".join(kind.partition(".")[0] for kind in kinds)
            method.__doc__ = f"{case.name}, saved as {formats}, is what it was."
            declare = golden(since, kinds + ("expected.npz",), until=case.until)
            setattr(test_class, method.__name__, declare(method))


def _test_of(case, kinds):
    def test(self):
        self.check_case(case, kinds)

    return test


@contextlib.contextmanager
def quantized_engine(name):
    """Run under an engine; None is whichever is set."""
    previous = torch.backends.quantized.engine
    if name is not None:
        torch.backends.quantized.engine = name
    try:
        yield
    finally:
        if name is not None:
            torch.backends.quantized.engine = previous


class QuantTestCase(GoldenTestCase):
    """Base class: ``check_case`` writes and reads one golden of a case."""

    def check_case(self, case, kinds):
        """Check each part of each of the formats, under each engine."""

        def write(files):
            with quantized_engine(case.running_engines()[0]):
                _write(case, kinds, files)

        for kind in kinds:
            for part in PARTS[kind]:
                engines = case.running_engines()
                if part == "stored":
                    # What lies in the file does not depend on an engine.
                    engines = (None,)
                elif part == "attributes":
                    # Some engines unpack what they packed into tensors of other kinds.
                    engines = engines[:1]
                for engine in engines:
                    parameters = {"part": part}
                    if engine:
                        parameters["engine"] = engine
                    read = self._reader(case, kind, part, engine)
                    with self.subTest(**parameters), warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        self.check_golden(write, {kind: read})

    def _reader(self, case, kind, part, engine):
        def read(files):
            path, expected = files[kind], files["expected.npz"]
            with quantized_engine(engine):
                if part == "stored":
                    state = load_golden(path)
                    self.check_expected(expected, describe_state(state), part=part)
                    return
                module = _loaded(case, kind, path)
                if part == "output":
                    found = case.call(module, *case.inputs())
                    tolerance = case.tolerance_of(engine)
                    self.check_expected(expected, found, tolerance, part)
                    if kind in (STATE, MODULE):
                        # A script's state leaves packed parameters out.
                        self._check_after(expected, module, case.tolerance)
                elif part == "attributes":
                    names = list(load_plain(expected, part))
                    found = {name: module_attribute(module, name) for name in names}
                    self.check_expected(expected, found, part=part)
                else:
                    self._check_numbers(expected, part, state_numbers(module))

        return read

    def _check_after(self, path, module, tolerance):
        """Compare the state that the module has once it has worked."""
        numbers = state_numbers(module)
        if tolerance is None:
            self._check_numbers(path, "after", numbers)
            return
        names = list(load_plain(path, "after"))
        found = _as_arrays({name: numbers.get(name, "lost") for name in names})
        self.check_expected(path, found, tolerance, "after")

    def _check_numbers(self, path, part, numbers):
        """Compare the numbers that the writer recorded; later ones are not its."""
        part = "numbers" if part == "loaded" else part
        names = list(load_plain(path, part))
        found = {name: numbers.get(name, "lost") for name in names}
        self.check_expected(path, found, part=part)


def _loaded(case, kind, path):
    """The module in a file; a state goes into a module that had other values."""
    if kind == MODULE:
        return load_golden(path)
    if kind == STATE:
        module = case.make(1)
        module.load_state_dict(load_golden(path))
        return module
    return torch.jit.load(path)


def _write(case, kinds, files):
    expected = {}
    for kind in kinds:
        module = case.make(0)
        if kind == STATE:
            state = module.state_dict()
            save(state, files[kind], case.zipped)
            expected["stored"] = describe_state(state)
        elif kind == MODULE:
            torch.save(module, files[kind])
            expected["attributes"] = describe_module(module)
        elif kind == SCRIPTED:
            scripted = torch.jit.script(module)
            torch.jit.save(scripted, files[kind])
            own = state_numbers(module)
            # Until 1.8 each tensor that a script has was told to be its state.
            told = state_numbers(scripted)
            expected["scripted"] = {name: told[name] for name in told if name in own}
        elif kind == TRACED:
            inputs = case.inputs()
            inputs = inputs[0] if len(inputs) == 1 else inputs
            torch.jit.save(trace(module, inputs), files[kind])
    module = case.make(0)
    expected["numbers"] = state_numbers(module)
    expected["output"] = case.call(module, *case.inputs())
    after = state_numbers(module)
    expected["after"] = after if case.tolerance is None else _as_arrays(after)
    save_expected(files["expected.npz"], expected)


def _as_arrays(numbers):
    """Plain numbers that were computed as tensors, to which a tolerance applies."""
    computed = {
        name
        for name, value in numbers.items()
        if isinstance(value, list) and name.rpartition(".")[2] in _COMPUTED
    }
    return {
        name: torch.tensor(value).double() if name in computed else value
        for name, value in numbers.items()
    }
