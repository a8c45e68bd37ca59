"""Outcomes counted: by state, by area, by time.  What reports make tables of."""

from collections import Counter
from typing import Dict, Iterable, List

from tools.testing.records import SENTENCES, Outcome, is_failure

_ORDER = {state: place for place, state in enumerate(SENTENCES)}


def area_of(file: str) -> str:
    """The first folder below ``test/``, or below the root where there is no such.

    ``.`` for a file in that folder itself.
    """
    path = file[len("test/") :] if file.startswith("test/") else file
    folder, slash, _ = path.partition("/")
    return folder if slash else "."


def count_states(outcomes: Iterable[Outcome]) -> Dict[str, int]:
    """How many outcomes there are of each state; only states that occur, in the
    order of ``SENTENCES``."""
    counts = Counter(outcome.state for outcome in outcomes)
    # A state that nobody knows is told, too.
    states = sorted(counts, key=lambda state: (_ORDER.get(state, len(_ORDER)), state))
    return {state: counts[state] for state in states}


def count_areas(outcomes: Iterable[Outcome]) -> Dict[str, Dict[str, int]]:
    """Area, in the order of the alphabet, to what ``count_states`` says of it."""
    areas: Dict[str, List[Outcome]] = {}
    for outcome in outcomes:
        areas.setdefault(area_of(outcome.file), []).append(outcome)
    return {area: count_states(areas[area]) for area in sorted(areas)}


def failures(outcomes: Iterable[Outcome]) -> List[Outcome]:
    """The outcomes that make a run fail."""
    return [outcome for outcome in outcomes if is_failure(outcome.state)]
