"""One row of the tables of quantized modules (Python 3.7, torch 1.0)."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

import torch

from common_compat import reader_has
from common_expected import Tolerance
from quantized_engines import supported_engines

STATE, MODULE, SCRIPTED, TRACED = (
    "state_dict.pt",
    "module.pt",
    "scripted.pt",
    "traced.pt",
)
# All engines; the first that this torch has writes.
ENGINES = ("fbgemm", "x86", "onednn", "qnnpack")


@dataclass(frozen=True)
class Case:
    """A module to save.

    ``make(n)`` builds it, for 0 as it is saved, for 1 with other values in all that a
    state_dict holds.  ``call(module, *inputs())`` is what is compared of its work.
    ``since`` is the first release that writes it; ``module``, ``scripted`` and
    ``traced`` are those that write it in the other formats, None where none does,
    ``module`` by default the same.  ``engines`` are those that its kernels know, each
    with the first release where it does.  ``tolerances`` are by engine, or for all.
    """

    name: str
    make: Callable[[int], torch.nn.Module]
    inputs: Callable[[], Tuple]
    since: str
    until: Optional[str] = None
    module: Optional[str] = ""
    scripted: Optional[str] = None
    traced: Optional[str] = None
    call: Callable[..., Any] = lambda module, *inputs: module(*inputs)
    engines: Optional[Dict[str, str]] = None
    tolerance: Optional[Tolerance] = None
    tolerances: Optional[Dict[str, Tolerance]] = None
    # Whether the state_dict needs a zip container: the old one, which is smaller, makes
    # packed parameters before it has the numbers that they consist of.
    zipped: bool = False
    # The classes that the case stands for, as test_coverage.py names them.
    covers: Tuple[str, ...] = ()

    def goldens(self):
        """``(name suffix, since, kinds)``: formats that begin together are together."""
        module = self.since if self.module == "" else self.module
        begin = {STATE: self.since, MODULE: module}
        begin.update({SCRIPTED: self.scripted, TRACED: self.traced})
        grouped = {}
        for kind, since in begin.items():
            if since is not None:
                grouped.setdefault(since, []).append(kind)
        for since, kinds in grouped.items():
            names = [kind.partition(".")[0] for kind in kinds]
            suffix = "" if since == self.since else "_" + "_".join(names)
            yield suffix, since, tuple(kinds)

    def running_engines(self):
        """The engines of this torch to run under; None is whichever is set."""
        if self.engines is None:
            return (None,)
        return tuple(
            engine
            for engine in ENGINES
            if engine in supported_engines()
            and engine in self.engines
            and reader_has(self.engines[engine])
        )

    def tolerance_of(self, engine):
        """The tolerance for what is computed under an engine, or None."""
        return (self.tolerances or {}).get(engine, self.tolerance)
