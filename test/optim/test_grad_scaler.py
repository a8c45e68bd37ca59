# Owner(s): ["module: amp (automated mixed precision)"]

"""GradScalers that earlier releases saved, whole and as their ``state_dict()``.

There is no GPU: before 2.3, where no other device is scaled for, a scaler is enabled by
hand. Its state is the same.
"""

import os
import sys
import unittest
from unittest import mock

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import import_first, reader_has  # noqa: E402
from common_expected import load_plain, save_expected  # noqa: E402
from common_objects import described  # noqa: E402
from common_utils import GoldenTestCase, golden, run_tests  # noqa: E402
from optim_files import load, save  # noqa: E402
from optim_test_case import has_weights_only  # noqa: E402

KINDS = ("state_dict.pt", "scaler.pt", "expected.npz")
# The first release whose scaler works on a CPU.
_ON_CPU = "2.3.1"
_OPTIONS = {
    "init_scale": 64.0,
    "growth_factor": 4.0,
    "backoff_factor": 0.25,
    "growth_interval": 3,
}


def _scaler(enabled=True, **options):
    """A scaler, on a CPU where this torch has one for it."""
    if reader_has(_ON_CPU):
        return torch.amp.GradScaler("cpu", enabled=enabled, **options)
    # Only what it holds is asked for, not that it scales.
    with mock.patch("torch.cuda.is_available", return_value=True):
        return import_first("torch.cuda.amp").GradScaler(enabled=enabled, **options)


def _steps(scaler, gradients):
    """The scaler and its parameter after steps with these gradients."""
    parameter = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = torch.optim.SGD([parameter], lr=0.5)
    states = []
    for gradient in gradients:
        optimizer.zero_grad()
        scaler.scale((parameter * gradient).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        states.append([_observed(scaler), parameter.tolist()])
    return states


def _observed(scaler):
    """What a scaler holds."""
    return {
        "class": type(scaler).__name__,
        "enabled": scaler.is_enabled(),
        "scale": scaler.get_scale(),
        "state": described(scaler.state_dict()),
    }


class TestGradScaler(GoldenTestCase):
    """A scaler goes on with the scale of the writer's."""

    def check_scaler(self, make, fresh, steps=None):
        """Check what ``make()``, a scaler, holds, whole and as state in ``fresh()``.

        ``steps(scaler)`` tells of the next ones, where the writer can take them.
        """

        def write(files):
            scaler = make()
            save(scaler.state_dict(), files["state_dict.pt"])
            save(scaler, files["scaler.pt"])
            expected = {"loaded": _observed(scaler)}
            if steps:
                expected["steps"] = steps(scaler)
            save_expected(files["expected.npz"], expected)

        def read_scaler(kind, files):
            loaded = load(files[kind])
            if kind == "scaler.pt":
                return loaded
            scaler = fresh()
            scaler.load_state_dict(loaded)
            return scaler

        parts = {"loaded": _observed}
        if steps:
            parts["steps"] = steps
        for part, observe in parts.items():
            for kind in ("state_dict.pt", "scaler.pt"):

                def read(files, part=part, observe=observe, kind=kind):
                    found = observe(read_scaler(kind, files))
                    self.check_expected(files["expected.npz"], found, part=part)

                with self.subTest(part=part):
                    self.check_golden(write, {kind: read})
        if has_weights_only():

            def read_weights(files):
                found = load(files["state_dict.pt"], weights_only=True)
                expected = load_plain(files["expected.npz"], "loaded")["state"]
                self.assertEqual(described(found), expected)

            with self.subTest(part="weights_only"):
                self.check_golden(write, {"state_dict.pt": read_weights})

    @golden(since="1.6.0", kinds=KINDS)
    def test_state(self):
        """Scale, factors, interval and the count of steps since the last change."""

        def make():
            scaler = _scaler(**_OPTIONS)
            state = dict(scaler.state_dict(), scale=16.0, _growth_tracker=2)
            scaler.load_state_dict(state)
            return scaler

        self.check_scaler(make, _scaler)

    @golden(since="1.6.0", kinds=KINDS)
    def test_disabled(self):
        """A disabled scaler has no state, and stays disabled."""

        def make():
            return _scaler(enabled=False)

        self.check_scaler(make, make)

    @golden(since=_ON_CPU, kinds=KINDS)
    def test_steps(self):
        """The next steps change the scale as they changed the writer's."""

        def make():
            scaler = _scaler(**_OPTIONS)
            _steps(scaler, [0.5, float("inf"), 0.25, 0.5])
            return scaler

        self.check_scaler(
            make, _scaler, lambda scaler: _steps(scaler, [0.5, 0.25, float("inf"), 1.0])
        )

    @unittest.skipUnless(reader_has(_ON_CPU), f"scalers need a GPU before {_ON_CPU}")
    def test_public_scalers_are_tried(self):
        """There are no public scalers but this one, and its names for devices."""
        bases = {torch.amp.GradScaler}
        for home in (torch.amp, torch.cuda.amp, import_first("torch.cpu.amp")):
            for name, value in vars(home).items():
                if isinstance(value, type) and name.endswith("Scaler"):
                    self.assertTrue(bases & set(value.__mro__), name)


if __name__ == "__main__":
    run_tests()
