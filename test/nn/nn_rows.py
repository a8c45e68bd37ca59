"""What the tables of torch.nn say: rows of classes, cases of a class.

Runs on Python 3.7 with torch 1.0.
"""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch

from common_expected import Tolerance
from common_releases import parse_release
from common_values import copied, with_numbers

# The rounding of one operation, or of a short sum of them; what a break does to the
# numbers, which are fractions between 1/4 and 100, is far larger.
ROUNDED = Tolerance(
    1e-6, 1e-6, "exp, log, tanh, roots and quotients are rounded by each kernel's way"
)
ROUNDED_OFTEN = Tolerance(
    4e-6, 4e-6, "a chain of rounded results: exp and quotients, layer upon layer"
)


@dataclass(frozen=True)
class Case:
    """One way to build a class; its name is part of the sub-test's.

    The cases of a row that the same release brought share one file of each kind; those
    ``since`` a later one than the row have it in their golden's subname.
    """

    name: str = "plain"
    args: Tuple = ()
    options: Dict[str, Any] = field(default_factory=dict)
    # Default to those of the row.
    inputs: Optional[Tuple] = None
    since: Optional[str] = None
    tolerance: Optional[Tolerance] = None
    # Makes of the class what the arguments alone cannot say.
    make: Optional[Callable[[Any], torch.nn.Module]] = None
    # Gets the module with its numbers, returns the one to be saved.
    prepare: Callable[[torch.nn.Module], torch.nn.Module] = lambda module: module
    # Like ``make``, for a module into which a saved state is loaded.
    fresh: Optional[Callable[[Any], torch.nn.Module]] = None
    # Whether the module is saved in training mode.
    training: bool = True


def call(module: torch.nn.Module, *inputs: Any) -> Any:
    """What most modules are there for."""
    return module(*inputs)


@dataclass(frozen=True)
class Row:
    """A class, or a function that changes modules, and the cases of it.

    ``run(module, *inputs)`` gives the result that is compared, None where there is
    none.  The result has to be the same in evaluation and training; with ``modes``
    that of training is one of its own.  ``gradients`` compares these, too.  ``pickled``
    and ``state`` say which files there are.
    """

    name: str
    cases: Tuple[Case, ...] = (Case(),)
    since: str = "1.0.0"
    inputs: Tuple = ()
    tolerance: Optional[Tolerance] = None
    run: Optional[Callable] = call
    # Gives the result in training mode, where that is not ``run``'s.
    train: Optional[Callable] = None
    modes: bool = False
    gradients: bool = False
    pickled: bool = True
    state: bool = True

    @property
    def kinds(self) -> Tuple[str, ...]:
        """The endings of its golden's files."""
        kinds = ("module.pt.gz",) * self.pickled + ("state_dict.pt.gz",) * self.state
        return (*kinds, "expected.npz")

    @property
    def subnames(self) -> Dict[Optional[str], str]:
        """Subname to first writer of its goldens; None is that of most cases."""
        return {self.subname(case): case.since or self.since for case in self.cases}

    def subname(self, case: Case) -> Optional[str]:
        """The subname of the golden that holds a case."""
        since = case.since or self.since
        later = parse_release(since) > parse_release(self.since)
        return f"since_{since.rpartition('.')[0]}" if later else None

    def build(self, case: Case) -> torch.nn.Module:
        """The module that is saved, with its numbers."""
        module = filled(self._make(case, case.make))
        return case.prepare(module).train(case.training)

    def build_fresh(self, case: Case) -> torch.nn.Module:
        """A module for the state of a case, with numbers that are nowhere saved."""
        module = self._make(case, case.fresh or case.make)
        module = case.prepare(module)
        for tensor in (*module.parameters(), *module.buffers()):
            if not is_uninitialized(tensor):
                tensor.data.fill_(9)
        return module

    def inputs_of(self, case: Case) -> Tuple:
        """A copy of what the case is run with."""
        return copied(self.inputs if case.inputs is None else case.inputs)

    def tolerance_of(self, case: Case) -> Optional[Tolerance]:
        """How far results may be off."""
        return case.tolerance or self.tolerance

    def is_exact(self, case: Case) -> bool:
        """Whether no result may be off."""
        return self.tolerance_of(case) is None

    def _make(self, case: Case, make: Optional[Callable]) -> torch.nn.Module:
        found = getattr(torch.nn, self.name, None)
        if make:
            return make(found)
        return found(*copied(case.args), **copied(case.options))


def is_uninitialized(tensor: torch.Tensor) -> bool:
    """Whether a lazy module has yet to give the tensor its shape."""
    return type(tensor).__name__ in ("UninitializedParameter", "UninitializedBuffer")


def filled(module: torch.nn.Module) -> torch.nn.Module:
    """The module with exact numbers in its parameters and running statistics."""
    if any(is_uninitialized(parameter) for parameter in module.parameters()):
        return module
    with_numbers(module)
    for name, buffer in module.named_buffers():
        if is_uninitialized(buffer):
            continue
        if name.endswith("running_mean"):
            buffer.copy_(torch.arange(buffer.numel()).float() / 2 - 1)
        elif name.endswith("running_var"):
            buffer.copy_(torch.arange(buffer.numel()).float() / 2 + 0.25)
        elif name.endswith("num_batches_tracked"):
            buffer.fill_(3)
    return module


def gathered(*tables: Tuple[Row, ...]) -> Dict[str, Row]:
    """The rows of some tables by name; a name that is there twice is an error."""
    rows: Dict[str, Row] = {}
    for row in _all(tables):
        if row.name in rows:
            raise ValueError(f"{row.name} is in the tables twice")
        rows[row.name] = row
    return rows


def _all(tables: Tuple[Tuple[Row, ...], ...]) -> Iterator[Row]:
    for table in tables:
        yield from table
