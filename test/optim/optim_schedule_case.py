"""How the goldens of schedulers are written, and which of their parts are checked."""

import functools

import torch

from common_expected import Tolerance, load_expected, load_plain, save_expected
from common_utils import GoldenTestCase
from optim_describe import Attributes, options_of, parameters_of
from optim_files import load, save
from optim_schedules import METRICS, Schedule
from optim_test_case import has_weights_only, names_of
from optim_training import STEPS_AFTER, STEPS_BEFORE

KINDS = ("state_dict.pt", "scheduler.pt", "expected.npz")
RATES = Tolerance(
    1e-15, 1e-12, "powers, cosines and products in float64, made in any order"
)


def build_optimizer(name: str, fresh: bool = False) -> torch.optim.Optimizer:
    """An optimizer of two groups; a fresh one has other parameters and rates."""
    groups = []
    for index, rate in enumerate((0.5, 0.25)):
        values = torch.tensor([1.0 + index, -2.0], dtype=torch.float64)
        parameter = torch.nn.Parameter(-4 * values if fresh else values)
        groups.append({"params": [parameter], "lr": 16 * rate if fresh else rate})
    return getattr(torch.optim, name)(groups, lr=1.0)


def optimizer_of(scheduler):
    """The optimizer; in 1.10 a scheduler of schedulers leaves it to these."""
    if hasattr(scheduler, "optimizer"):
        return scheduler.optimizer
    return scheduler._schedulers[-1].optimizer


def take_steps(scheduler, taken: int, count: int) -> torch.Tensor:
    """Take steps; after each the rates, the momenta and the parameters, as a row."""
    rows = []
    for step in range(taken, taken + count):
        optimizer = optimizer_of(scheduler)
        for parameter in parameters_of(optimizer):
            parameter.grad = torch.full_like(parameter.detach(), (step % 3 - 0.5) / 4)
        optimizer.step()
        # The one that asks for metrics is not of the others' class in each release.
        if type(scheduler).__name__ == "ReduceLROnPlateau":
            scheduler.step(METRICS[step])
        else:
            scheduler.step()
        rows.append(_row(optimizer))
    return torch.stack(rows)


def _row(optimizer) -> torch.Tensor:
    """Rates, momenta and parameters as one vector."""
    numbers = []
    for group in optimizer.param_groups:
        numbers += [group["lr"], *group.get("betas", [group.get("momentum")])]
    parameters = [p.detach() for p in parameters_of(optimizer)]
    return torch.cat([torch.tensor(numbers, dtype=torch.float64), *parameters])


def state_of(scheduler, expected=None):
    """The state of a scheduler, described; of a loaded one what is in ``expected``."""
    state = _described(scheduler.state_dict())
    if expected is None:
        return state
    # Some releases leave out of their state what others put in, and have it still.
    attributes = _described(vars(scheduler))
    found = {}
    for name, value in expected.items():
        found[name] = _pruned(state.get(name, attributes.get(name, "missing")), value)
        if found[name] != value and name in attributes:
            found[name] = _pruned(attributes[name], value)
    return found


def _described(values):
    """Each of these, described; the optimizer has its own files."""
    return {
        name: Attributes().of(value)
        for name, value in values.items()
        if name not in ("optimizer", "_schedulers", "is_better")
        or isinstance(value, list)
        and all(isinstance(item, dict) for item in value)
    }


def _pruned(found, expected):
    """A description without what the states of inner schedulers gained."""
    if not isinstance(found, dict) or not isinstance(expected, dict):
        return found
    if set(found) == set(expected) == {"list"}:
        pairs = zip(found["list"], expected["list"])
        if len(found["list"]) == len(expected["list"]):
            return {"list": [_pruned(*pair) for pair in pairs]}
    if set(found) == set(expected) == {"dict"}:
        # Their order is that of the scheduler which loaded them.
        values = {repr(key): value for key, value in found["dict"]}
        pairs = [(key, values.get(repr(key)), value) for key, value in expected["dict"]]
        return {"dict": [[key, _pruned(found, value)] for key, found, value in pairs]}
    return found


class SchedulerTestCase(GoldenTestCase):
    """Base class: ``check_scheduler`` writes and reads a variant of a scheduler."""

    def check_scheduler(self, schedule: Schedule, subname: str) -> None:
        """Check a scheduler, loaded whole and by its state and its optimizer's.

        Sub-tests of their own are what was in the file, what the loaded scheduler
        holds, and which rates, momenta and parameters its next steps give.
        """
        write = functools.partial(self._write_files, schedule)
        reads = {
            ("state_dict.pt", "weights_only"): self._read_weights,
            ("state_dict.pt", "loaded"): self._read_loaded,
            ("state_dict.pt", "steps"): self._read_steps,
            ("scheduler.pt", "loaded"): self._read_loaded,
            ("scheduler.pt", "steps"): self._read_steps,
        }
        for (kind, part), read in reads.items():
            if part == "weights_only" and not has_weights_only():
                continue
            read = functools.partial(read, schedule, kind)
            with self.subTest(part=part):
                self.check_golden(write, {kind: read}, subname)

    def _write_files(self, schedule, files):
        scheduler = schedule.make(build_optimizer(schedule.optimizer))
        take_steps(scheduler, 0, STEPS_BEFORE)
        state = scheduler.state_dict()
        saved = {"optimizer": optimizer_of(scheduler).state_dict(), "scheduler": state}
        save(saved, files["state_dict.pt"])
        save(scheduler, files["scheduler.pt"])
        groups = optimizer_of(scheduler).param_groups
        expected = {
            "class": type(scheduler).__name__,
            "state": state_of(scheduler),
            "group names": names_of(groups),
            "groups": options_of(groups),
        }
        parameters = parameters_of(optimizer_of(scheduler))
        expected["parameters"] = torch.stack([p.detach() for p in parameters])
        expected["steps"] = take_steps(scheduler, STEPS_BEFORE, STEPS_AFTER)
        save_expected(files["expected.npz"], expected)

    def _load(self, schedule, kind, files):
        """The scheduler that a file gives."""
        loaded = load(files[kind])
        if kind == "scheduler.pt":
            return loaded
        optimizer = build_optimizer(schedule.optimizer, fresh=True)
        scheduler = (schedule.other or schedule.make)(optimizer)
        optimizer.load_state_dict(loaded["optimizer"])
        scheduler.load_state_dict(loaded["scheduler"])
        return scheduler

    def _read_weights(self, schedule, kind, files):
        """torch.load takes the state for safe, and has it whole."""
        state = load(files[kind], weights_only=True)["scheduler"]
        found = {name: Attributes().of(value) for name, value in state.items()}
        self.check_expected(files["expected.npz"], found, part="state")

    def _read_loaded(self, schedule, kind, files):
        """The loaded scheduler and its optimizer hold what was saved."""
        scheduler, path = self._load(schedule, kind, files), files["expected.npz"]
        self.check_expected(path, type(scheduler).__name__, part="class")
        found = state_of(scheduler, load_plain(path, "state"))
        self.check_expected(path, found, part="state")
        names = load_plain(path, "group names")
        found = options_of(optimizer_of(scheduler).param_groups, names)
        self.check_expected(path, found, part="groups")
        if kind == "scheduler.pt":
            parameters = parameters_of(optimizer_of(scheduler))
            found = torch.stack([p.detach() for p in parameters])
            self.check_expected(path, found, part="parameters")

    def _read_steps(self, schedule, kind, files):
        """The next steps give the rates and parameters that they gave the writer."""
        scheduler, path = self._load(schedule, kind, files), files["expected.npz"]
        if kind == "state_dict.pt":
            saved = load_expected(path, "parameters")
            with torch.no_grad():
                for parameter, values in zip(
                    parameters_of(optimizer_of(scheduler)), saved
                ):
                    parameter.copy_(values)
        found = take_steps(scheduler, STEPS_BEFORE, STEPS_AFTER)
        self.check_expected(path, found, RATES, part="steps")
