"""Observers and fake quantizations that have seen numbers (Python 3.7, torch 1.3)."""

import torch

from common_values import numbers
from quant_case import Case
from quant_describe import plain_numbers
from quant_homes import learnable, tq
from quant_values import constant, fractions

QINT8, QUINT8 = constant("qint8"), constant("quint8")
SYMMETRIC = constant("per_tensor_symmetric")
CHANNEL_SYMMETRIC = constant("per_channel_symmetric")
FLOAT_ZERO_POINTS = constant("per_channel_affine_float_qparams")


def seen(n):
    """What an observer sees: two tensors of 4 x 3, of unlike ranges in each row."""
    return [numbers(4, 3) * (n + 1) / 4, numbers(4, 3) * (n + 1) / 2 - 1]


def observer(name, **options):
    """Makes an observer that has seen numbers."""

    def make(n):
        module = getattr(tq, name)(**options)
        for values in seen(n):
            module(values)
        return module

    return make


def unseen(name, **options):
    """Makes an observer that has seen nothing for 0, and something for 1."""

    def make(n):
        module = getattr(tq, name)(**options)
        if n:
            module(seen(n)[0])
        return module

    return make


def chosen(module):
    """Scale and zero point that an observer chooses; the kind of these changed."""
    # Until 1.9 the axis is a third.
    return [plain_numbers(value) for value in module.calculate_qparams()[:2]]


def call_observer(module, values):
    """What it would choose, before and after it sees more."""
    before = chosen(module)
    module(values)
    return [before, chosen(module)]


def call_recorder(module, values):
    """All that it recorded."""
    module(values)
    return list(module.get_tensor_value())


def inputs():
    """Numbers beyond what was seen."""
    return (fractions(4, 3) * 32,)


def observing(name, label="", since="1.3.0", scripted=None, module="", **options):
    """A case of an observer with these options."""
    covered = () if label else (f"observer.{name}",)
    return Case(name + label, observer(name, **options), inputs, since, module=module,
                call=call_observer, scripted=scripted, covers=covered)  # fmt: skip


OBSERVERS = [
    observing("MinMaxObserver"),
    observing("MinMaxObserver", "Symmetric", dtype=QINT8, qscheme=SYMMETRIC,
              module=None),
    observing("MinMaxObserver", "SymmetricQuint8", qscheme=SYMMETRIC, module=None),
    observing("MinMaxObserver", "ReducedRange", reduce_range=True, module=None),
    observing("MinMaxObserver", "FourBits", "1.7.0", quant_min=0, quant_max=15,
              module=None),
    Case("MinMaxObserverUnseen", unseen("MinMaxObserver"), inputs, "1.3.0",
         call=call_observer, module=None),
    observing("MovingAverageMinMaxObserver", averaging_constant=0.25),
    observing("MovingAverageMinMaxObserver", "Default", module=None),
    observing("PerChannelMinMaxObserver", ch_axis=1),
    observing("PerChannelMinMaxObserver", "Symmetric", dtype=QINT8,
              qscheme=CHANNEL_SYMMETRIC, module=None),
    observing("PerChannelMinMaxObserver", "FloatZeroPoints", "1.7.0", dtype=QUINT8,
              qscheme=FLOAT_ZERO_POINTS, module=None),
    Case("PerChannelMinMaxObserverUnseen", unseen("PerChannelMinMaxObserver"), inputs,
         "1.3.0", call=call_observer),
    observing("MovingAveragePerChannelMinMaxObserver", averaging_constant=0.25),
    observing("HistogramObserver", bins=16),
    Case("HistogramObserverUnseen", unseen("HistogramObserver", bins=16), inputs,
         "1.3.0", call=call_observer, module=None),
    # Its state_dict leaves out what it recorded.
    Case("RecordingObserver", lambda n: observer("RecordingObserver")(0), inputs,
         "1.3.0", call=call_recorder, covers=("observer.RecordingObserver",)),
    Case("NoopObserver", observer("NoopObserver"), inputs, "1.3.0",
         covers=("observer.NoopObserver",)),
    Case("PlaceholderObserver", observer("PlaceholderObserver", dtype=torch.float16),
         inputs, "1.7.0", covers=("observer.PlaceholderObserver",)),
    Case("FixedQParamsObserver",
         lambda n: tq.FixedQParamsObserver(0.25 * (n + 1), 3 + n), inputs, "1.11.0",
         call=call_observer, covers=("observer.FixedQParamsObserver",)),
    Case("ReuseInputObserver", lambda n: tq.ReuseInputObserver(), inputs, "1.11.0",
         module=None, covers=("observer.ReuseInputObserver",)),
]  # fmt: skip


def faking(name, **options):
    """Makes a fake quantization that has seen numbers and no longer observes."""

    def make(n):
        settings = {
            key: getattr(tq, value) if key == "observer" else value
            for key, value in options.items()
        }
        module = getattr(tq, name)(**settings)
        for values in seen(n):
            module(values)
        module.disable_observer()
        return module

    return make


def call_fake(module, values):
    """What it makes of numbers, then while it observes again, then switched off."""
    results = [module(values)]
    module.enable_observer()
    results.append(module(values))
    module.disable_fake_quant()
    results.append(module(values))
    return results


def fixed(n):
    """A fake quantization with fixed numbers; its arguments became an observer."""
    numbers = {"scale": 0.25, "zero_point": 3}
    if hasattr(tq, "FixedQParamsObserver"):
        return tq.FixedQParamsFakeQuantize(tq.FixedQParamsObserver.with_args(**numbers))
    return tq.FixedQParamsFakeQuantize(**numbers)


def learning(n):
    """A fake quantization whose scale is a parameter."""
    kind = learnable._LearnableFakeQuantize
    module = kind(tq.MinMaxObserver, scale=0.25 * (n + 1), zero_point=3.0 + n)
    module.enable_param_learning()
    return module


def fake(name, label="", since="1.3.0", module="", **options):
    """A case of a fake quantization with these options."""
    covered = () if label else (f"fake_quantize.{name}",)
    return Case(name + label, faking(name, **options), inputs, since, module=module,
                call=call_fake, covers=covered)  # fmt: skip


FAKES = [
    fake("FakeQuantize", observer="MovingAverageMinMaxObserver", quant_min=0,
         quant_max=255, averaging_constant=0.25),
    fake("FakeQuantize", "Symmetric", observer="MinMaxObserver", quant_min=-128,
         quant_max=127, dtype=QINT8, qscheme=SYMMETRIC, module=None),
    fake("FakeQuantize", "ReducedRange", observer="MovingAverageMinMaxObserver",
         quant_min=0, quant_max=255, reduce_range=True, module=None),
    fake("FakeQuantize", "PerChannel", observer="MovingAveragePerChannelMinMaxObserver",
         quant_min=-128, quant_max=127, dtype=QINT8, qscheme=CHANNEL_SYMMETRIC,
         ch_axis=0, module=None),
    fake("FakeQuantize", "FourBits", "1.10.0", observer="MovingAverageMinMaxObserver",
         quant_min=0, quant_max=15, module=None),
    fake("FusedMovingAvgObsFakeQuantize", since="1.10.0",
         observer="MovingAverageMinMaxObserver", quant_min=0, quant_max=255,
         averaging_constant=0.25),
    fake("FusedMovingAvgObsFakeQuantize", "PerChannel", "1.10.0",
         observer="MovingAveragePerChannelMinMaxObserver", quant_min=-128,
         quant_max=127, dtype=QINT8, qscheme=CHANNEL_SYMMETRIC, ch_axis=0, module=None),
    Case("FixedQParamsFakeQuantize", fixed, inputs, "1.8.0",
         covers=("fake_quantize.FixedQParamsFakeQuantize",)),
    Case("LearnableFakeQuantize", learning, inputs, "1.7.0", module=None,
         covers=("_learnable_fake_quantize._LearnableFakeQuantize",)),
]  # fmt: skip
