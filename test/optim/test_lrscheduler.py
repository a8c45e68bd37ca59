# Owner(s): ["module: optimizer", "module: LrScheduler"]

"""Learning-rate schedulers that earlier releases saved, whole and as their state."""

import inspect
import os
import sys

from torch.optim import lr_scheduler

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import reader_has  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from optim_schedule_case import KINDS, SchedulerTestCase  # noqa: E402
from optim_schedules import SCHEDULERS, swa_utils  # noqa: E402


class TestLRScheduler(SchedulerTestCase):
    """Each scheduler goes on where the writer's was."""

    def test_all_schedulers_are_tried(self):
        """Each public scheduler of this torch is in the table, and only these."""
        base = getattr(lr_scheduler, "LRScheduler", lr_scheduler._LRScheduler)
        public = {
            name
            for home in (lr_scheduler, swa_utils)
            if home
            for name, value in vars(home).items()
            if inspect.isclass(value)
            and (issubclass(value, base) or hasattr(value, "load_state_dict"))
            and value.__module__ == home.__name__
            and not name.startswith("_")
        }
        # The base of all others, and a module.
        public -= {"LRScheduler", "AveragedModel"}
        known = {name for name, case in SCHEDULERS.items() if reader_has(case.since)}
        self.assertEqual(sorted(public), sorted(known))


def _test_of(case):
    """The test of a scheduler, each of its variants a golden."""
    subnames = {name: schedule.since for name, schedule in case.variants.items()}

    @golden(since=case.since, kinds=KINDS, subnames=subnames)
    def test(self):
        for subname, schedule in case.variants.items():
            if self.has_subname(subname):
                self.check_scheduler(schedule, subname)

    test.__name__ = f"test_{case.name}"
    test.__qualname__ = f"TestLRScheduler.test_{case.name}"
    test.__doc__ = f"{case.name} goes on with the rates of the writer's."
    return test


for _case in SCHEDULERS.values():
    setattr(TestLRScheduler, f"test_{_case.name}", _test_of(_case))


if __name__ == "__main__":
    run_tests()
