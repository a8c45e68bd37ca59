# Owner(s): ["module: optimizer"]

"""Averaged models that earlier releases saved, whole and as their ``state_dict()``."""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import import_first  # noqa: E402
from common_expected import Tolerance, save_expected  # noqa: E402
from common_utils import GoldenTestCase, golden, run_tests  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from optim_callables import averaged  # noqa: E402
from optim_describe import form_and_numbers  # noqa: E402
from optim_files import load, save  # noqa: E402
from optim_test_case import has_weights_only  # noqa: E402

swa_utils = import_first("torch.optim.swa_utils")
# Of the models whose parameters are averaged, one after the other.
_SCALES = (1, 3, -5, 7)
_AVERAGES = Tolerance(1e-7, 1e-6, "quotients and means in float32, made in any order")


def _model(scale=1):
    """A model with buffers, of parameters that are multiples of ``scale``."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with_numbers(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale).add_(scale)
        model[1].running_mean.add_(scale)
    return model


def _updated(model, scales):
    """The averaged model, told of models of these scales."""
    for scale in scales:
        model.update_parameters(_model(scale))
    return model


def _observed(state):
    """The form of a state, and its numbers as they are now."""
    form, elements = form_and_numbers(state)
    return {"form": form, "numbers": elements.clone()}


def _after_batches(model):
    """The state after update_bn, and an output with it."""
    swa_utils.update_bn([numbers(4, 2), numbers(4, 2) * 2], model)
    output = model.eval()(numbers(2, 2))
    return _observed([model.state_dict(), output])


class TestSWAUtils(GoldenTestCase):
    """An averaged model goes on averaging where the writer's was."""

    def check_averaged(self, make):
        """Check what ``make(model)``, an averaged model, holds and goes on to hold.

        Sub-tests of their own are what was loaded, what it is after two more models,
        and what update_bn makes of it then.
        """

        def write(files):
            model = _updated(make(_model()), _SCALES[:2])
            save(model.state_dict(), files["state_dict.pt"])
            save(model, files["module.pt"])
            expected = {"loaded": _observed(model.state_dict())}
            _updated(model, _SCALES[2:])
            expected["updated"] = _observed(model.state_dict())
            expected["normalized"] = _after_batches(model)
            save_expected(files["expected.npz"], expected)

        def loaded(kind, files):
            if kind == "module.pt":
                return load(files[kind])
            model = make(_model(scale=9))
            model.load_state_dict(load(files[kind]))
            return model

        def read(part, kind, files):
            model = loaded(kind, files)
            if part != "loaded":
                _updated(model, _SCALES[2:])
            if part == "normalized":
                found = _after_batches(model)
            else:
                found = _observed(model.state_dict())
            tolerance = None if part == "loaded" else _AVERAGES
            self.check_expected(files["expected.npz"], found, tolerance, part)

        def read_weights(files):
            found = load(files["state_dict.pt"], weights_only=True)
            self.check_expected(files["expected.npz"], _observed(found), part="loaded")

        for part in ("loaded", "updated", "normalized"):
            for kind in ("state_dict.pt", "module.pt"):
                with self.subTest(part=part):
                    self.check_golden(
                        write,
                        {kind: lambda files, p=part, k=kind: read(p, k, files)},
                    )
        if has_weights_only():
            with self.subTest(part="weights_only"):
                self.check_golden(write, {"state_dict.pt": read_weights})

    @golden(since="1.6.0", kinds=("state_dict.pt", "module.pt", "expected.npz"))
    def test_average(self):
        """The mean of all models."""
        self.check_averaged(swa_utils.AveragedModel)

    @golden(since="1.6.0", kinds=("state_dict.pt", "module.pt", "expected.npz"))
    def test_function(self):
        """A function of ours says how the models are averaged."""
        self.check_averaged(
            lambda model: swa_utils.AveragedModel(model, avg_fn=averaged)
        )

    @golden(since="1.11.0", kinds=("state_dict.pt", "module.pt", "expected.npz"))
    def test_buffers(self):
        """Buffers are averaged like parameters."""
        self.check_averaged(
            lambda model: swa_utils.AveragedModel(
                model, avg_fn=averaged, use_buffers=True
            )
        )

    @golden(since="2.1.2", kinds=("state_dict.pt", "module.pt", "expected.npz"))
    def test_exponential(self):
        """An exponential average, the function of which has no pickle."""

        def make(model):
            function = swa_utils.get_ema_multi_avg_fn(0.75)
            return swa_utils.AveragedModel(model, multi_avg_fn=function)

        self.check_averaged(make)


if __name__ == "__main__":
    run_tests()
