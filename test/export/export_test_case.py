"""How the goldens of exported programs are written, and what of them is checked."""

import functools
from typing import Any, Callable, Dict, Optional, Sequence

from common_compat import reader_has
from common_expected import Tolerance, save_expected
from common_utils import GoldenTestCase, golden
from export_compat import SINCE, Call, load_program, save_program
from export_describe import (
    describe_calling,
    describe_gradients,
    describe_graph,
    describe_ranges,
    describe_refusals,
    describe_runs,
    describe_signature,
    describe_state,
    describe_tracking,
)

KIND = "program.pt2"
# What a program says of itself, without being run.
LOOKS = {
    "signature": describe_signature,
    "calling": describe_calling,
    "ranges": describe_ranges,
    "state": describe_state,
    "graph": describe_graph,
    "tracking": describe_tracking,
}
# The first reader of a part that is in every file, or that no program promised before.
FIRST_READERS = {"tracking": "2.7.0", "refused": "2.3.0"}


def export_golden(since: str = SINCE, until: Optional[str] = None) -> Callable:
    """Declare a golden of an exported program."""
    return golden(since=since, until=until, kinds=(KIND, "expected.npz"))


class ExportTestCase(GoldenTestCase):
    """Base class: ``check_program`` writes and reads an exported program."""

    def check_program(
        self,
        make: Callable[[], Any],
        *calls: Call,
        refused: Sequence[Call] = (),
        gradients: bool = False,
        tolerance: Optional[Tolerance] = None,
        others: Optional[Dict[str, Callable[[Any], Any]]] = None,
    ) -> None:
        """Check what ``make()``, an exported program, is and computes once loaded.

        Signature, calling convention, ranges of symbols, state, graph and what
        ``calls`` give are sub-tests of their own; so are gradients, the calls that
        are ``refused``, and what ``others`` tell of the program.  The tolerance is
        for results and gradients.
        """
        told = {"calls": calls, "exact": tolerance is None}
        runs = {"runs": functools.partial(describe_runs, **told)}
        if gradients and reader_has("2.2.0"):
            # In 2.1 a program computes none.
            runs["gradients"] = functools.partial(describe_gradients, **told)
        if refused:
            runs["refused"] = functools.partial(describe_refusals, calls=refused)
        runs.update(others or {})
        # These first: a quick run reads all formats in the first way, few in others.
        parts = dict(runs, **LOOKS)
        # Loading takes the most time, so what is only looked at is loaded once.
        load_once = functools.lru_cache(maxsize=None)(load_program)

        def write(files):
            program = make()
            save_program(program, files[KIND])
            # Runs may change the program: each has one of its own.
            expected = {part: describe(program) for part, describe in LOOKS.items()}
            expected.update({part: run(make()) for part, run in runs.items()})
            if refused:
                expected["refused"] = [True for _ in refused]
            save_expected(files["expected.npz"], expected)

        for part, describe in parts.items():
            if not reader_has(FIRST_READERS.get(part, SINCE)):
                continue

            def read(files, part=part, describe=describe):
                load = load_program if part in runs else load_once
                found = describe(load(files[KIND]))
                self.check_expected(
                    files["expected.npz"],
                    found,
                    tolerance if part in runs else None,
                    part,
                )

            with self.subTest(part=part):
                self.check_golden(write, {KIND: read})
