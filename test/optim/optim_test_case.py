"""How the goldens of optimizers are written, and which of their parts are checked."""

import functools
import inspect

import torch

from common_compat import reader_has
from common_expected import load_expected, load_plain, save_expected
from common_utils import GoldenTestCase
from optim_cases import OptimizerCase, Variant
from optim_describe import (
    differing,
    form_and_numbers,
    options_of,
    parameters_of,
    states_in,
    states_of,
)
from optim_files import load, save
from optim_training import STEPS_AFTER, STEPS_BEFORE, Training

STATE_KINDS = ("state_dict.pt", "expected.npz")
KINDS = ("optimizer.pt", *STATE_KINDS)


def build(case: OptimizerCase, variant: Variant, fresh: bool = False):
    """The optimizer of a variant, with its parameters.

    A fresh one has other parameters, and is to load what another one had.
    """
    groups = []
    for index, group in enumerate(variant.groups):
        options = {} if fresh else dict(group.options)
        parameter = group.parameter(index, fresh)
        groups.append(dict(options, params=[_given(variant, parameter, index)]))
    options = dict(variant.options)
    if fresh and "lr" in options:
        options["lr"] = 8.0
    # The last one comes later, as one is added to a model that grows.
    first = groups[:-1] if len(groups) > 1 and case.grows else groups
    optimizer = getattr(torch.optim, case.name)(first, **options)
    for group in groups[len(first) :]:
        optimizer.add_param_group(group)
    return optimizer


def _given(variant: Variant, parameter, index: int):
    """The parameter, with its name where the variant has names."""
    return (f"layer{index}.weight", parameter) if variant.named else parameter


def take_steps(optimizer, case: OptimizerCase, taken: int, count: int):
    """Take steps; the parameters after each, by dtype."""
    training = Training(optimizer, case.gradients, taken)
    after = []
    for _ in range(count):
        training.step()
        after.append(vectors(optimizer))
    return {dtype: torch.stack([each[dtype] for each in after]) for dtype in after[0]}


def vectors(optimizer):
    """The elements of the parameters as one vector for each dtype."""
    parameters = parameters_of(optimizer)
    return {
        dtype: torch.cat(
            [p.detach().reshape(-1) for p in parameters if p.dtype == kind]
        )
        for dtype, kind in _dtypes(parameters).items()
    }


def momenta(optimizer):
    """The numbers of the states as one vector for each dtype of the parameters."""
    parameters = parameters_of(optimizer)
    pairs = list(zip(parameters, states_of(optimizer)))
    return {
        dtype: form_and_numbers([state for p, state in pairs if p.dtype == kind])[1]
        for dtype, kind in _dtypes(parameters).items()
    }


def _dtypes(parameters):
    return {str(p.dtype).partition(".")[2]: p.dtype for p in parameters}


def names_of(groups):
    """The names of the options of each group, in order."""
    return [[name for name in group if name != "params"] for group in groups]


class OptimizerTestCase(GoldenTestCase):
    """Base class: ``check_optimizer`` writes and reads a variant of an optimizer."""

    def check_optimizer(self, case: OptimizerCase, subname: str) -> None:
        """Check an optimizer, loaded by its ``state_dict()`` and, if it is, whole.

        Sub-tests of their own are what was in the file, what the loaded optimizer
        holds, which numbers its next steps give, and that it takes another group.
        """
        variant = case.variants[subname]
        write = functools.partial(self._write_files, case, variant)
        reads = {
            ("state_dict.pt", "raw"): self._read_raw,
            ("state_dict.pt", "weights_only"): self._read_weights,
            ("state_dict.pt", "loaded"): self._read_loaded,
            ("state_dict.pt", "steps"): self._read_steps,
            ("optimizer.pt", "loaded"): self._read_loaded,
            ("optimizer.pt", "steps"): self._read_steps,
            ("optimizer.pt", "added"): self._read_added,
        }
        for (kind, part), read in reads.items():
            if part == "weights_only" and not has_weights_only():
                continue
            if kind == "optimizer.pt" and not variant.whole:
                continue
            read = functools.partial(read, case, variant, kind)
            with self.subTest(part=part):
                self.check_golden(write, {kind: read}, subname)

    def _write_files(self, case, variant, files):
        optimizer = build(case, variant)
        take_steps(optimizer, case, 0, STEPS_BEFORE)
        save(optimizer.state_dict(), files["state_dict.pt"])
        if variant.whole:
            save(optimizer, files["optimizer.pt"])
        state_form, state = form_and_numbers(states_of(optimizer))
        expected = {
            "class": type(optimizer).__name__,
            "names": names_of(optimizer.param_groups),
            "groups": options_of(optimizer.param_groups),
            "form": state_form,
            "state": state,
            "parameter form": form_and_numbers(parameters_of(optimizer))[0],
        }
        expected.update(_named("before", vectors(optimizer)))
        steps = take_steps(optimizer, case, STEPS_BEFORE, STEPS_AFTER)
        expected.update(_named("steps", steps), **_named("end", momenta(optimizer)))
        parameter = torch.nn.Parameter(torch.ones(3, 2))
        optimizer.add_param_group({"params": [_given(variant, parameter, 9)]})
        expected["added"] = options_of(optimizer.param_groups[-1:])
        expected["added names"] = names_of(optimizer.param_groups[-1:])
        save_expected(files["expected.npz"], expected)

    def _read_raw(self, case, variant, kind, files):
        """The dict that was saved has the options and states of the live optimizer."""
        self._check_raw(files, load(files[kind]))

    def _read_weights(self, case, variant, kind, files):
        """The same holds for what torch.load takes for safe."""
        self._check_raw(files, load(files[kind], weights_only=True))

    def _check_raw(self, files, state_dict):
        path, groups = files["expected.npz"], state_dict["param_groups"]
        self.assertEqual(load_plain(path, "names"), names_of(groups))
        self.check_expected(path, options_of(groups), part="groups")
        form, numbers = form_and_numbers(states_in(state_dict))
        self.check_expected(path, form, part="form")
        self.check_expected(path, numbers, part="state")

    def _load(self, case, variant, kind, path):
        """The optimizer that a file gives."""
        loaded = load(path)
        if kind == "optimizer.pt":
            return loaded
        optimizer = build(case, variant, fresh=True)
        optimizer.load_state_dict(loaded)
        return optimizer

    def _read_loaded(self, case, variant, kind, files):
        """The loaded optimizer holds what was saved, in the form that torch uses."""
        path = files["expected.npz"]
        optimizer = self._load(case, variant, kind, files[kind])
        self.check_expected(path, type(optimizer).__name__, part="class")
        if kind == "optimizer.pt":
            form = form_and_numbers(parameters_of(optimizer))[0]
            self.check_expected(path, form, part="parameter form")
            for name, vector in _named("before", vectors(optimizer)).items():
                self.check_expected(path, vector, part=name)
        else:
            fresh = vectors(build(case, variant, fresh=True))
            found = vectors(optimizer)
            for dtype, vector in fresh.items():
                self.assertEqual(found[dtype].tolist(), vector.tolist())
        names = load_plain(path, "names")
        found = options_of(optimizer.param_groups, names)
        self.check_expected(path, found, part="groups")
        form, numbers = form_and_numbers(states_of(optimizer))
        self.check_expected(path, numbers, part="state")
        self._check_native(case, variant, optimizer, names, form)

    def _check_native(self, case, variant, optimizer, names, form):
        """What the writer did not know is as in an optimizer that was never saved."""
        native = build(case, variant)
        take_steps(native, case, 0, STEPS_BEFORE)
        native_form = form_and_numbers(states_of(native))[0]
        for place, found, here in differing("state", form, native_form):
            self.fail(f"form of {place}: {found}, by this torch itself {here}")
        for index, group in enumerate(native.param_groups):
            new = [name for name in names_of([group])[0] if name not in names[index]]
            loaded = optimizer.param_groups[index]
            for name in new:
                # Not given is as good as None or False; what needs it will tell.
                found, here = loaded.get(name) or None, group[name] or None
                if found != here:
                    self.fail(f"option {name}: {found}, by this torch itself {here}")

    def _read_steps(self, case, variant, kind, files):
        """The next steps give the numbers that they gave the writer."""
        path = files["expected.npz"]
        optimizer = self._load(case, variant, kind, files[kind])
        if kind == "state_dict.pt":
            set_parameters(optimizer, path)
        steps = take_steps(optimizer, case, STEPS_BEFORE, STEPS_AFTER)
        for dtype, found in steps.items():
            tolerance = variant.tolerances.get(dtype, case.tolerances[dtype])
            self.check_expected(path, found, tolerance, part=f"steps {dtype}")
        for dtype, found in momenta(optimizer).items():
            tolerance = case.state_tolerances[dtype]
            self.check_expected(path, found, tolerance, part=f"end {dtype}")

    def _read_added(self, case, variant, kind, files):
        """Another group gets the defaults that the writer's optimizer had."""
        path = files["expected.npz"]
        optimizer = self._load(case, variant, kind, files[kind])
        parameter = torch.nn.Parameter(torch.ones(3, 2))
        optimizer.add_param_group({"params": [_given(variant, parameter, 9)]})
        names = load_plain(path, "added names")
        found = options_of(optimizer.param_groups[-1:], names)
        self.check_expected(path, found, part="added")
        if case.grows:
            take_steps(optimizer, case, STEPS_BEFORE, 1)
            self.assertFalse(bool((parameter == 1).all()))


def _named(part, by_dtype):
    return {f"{part} {dtype}": value for dtype, value in by_dtype.items()}


def set_parameters(optimizer, path):
    """Give an optimizer's parameters the values that the writer saved."""
    parameters = parameters_of(optimizer)
    with torch.no_grad():
        for dtype, kind in _dtypes(parameters).items():
            ours = [p for p in parameters if p.dtype == kind]
            saved = load_expected(path, f"before {dtype}")
            parts = saved.split([p.numel() for p in ours])
            for parameter, part in zip(ours, parts):
                parameter.copy_(part.reshape(parameter.shape))


def has_weights_only() -> bool:
    """Whether this torch can load without running what a pickle names."""
    return (
        reader_has("1.13.0")
        and "weights_only" in inspect.signature(torch.load).parameters
    )
