"""The report that ``--json`` writes: one JSON object a line, plain ASCII.

The first line, about the run::

    event         "run"
    schema        1; another number is another format
    torch         version, git_version (or null), folder, python, error: strings
    root          string, the folder that ``file`` is relative to
    command       list of strings, as typed, the interpreter left out
    started       string, UTC, ISO 8601, to the second
    seed, jobs    integers
    start_method  "fork" or "spawn"
    shard         null, or [number, count], the first number is 1
    selected      list of identities (``file::Class.test``), of all shards

One for each test or sub-test that ended, in the order of their ends::

    event         "outcome"
    file          string, with slashes
    test          string, ``Class.test``; empty where the file as a whole is to blame
    state         string, a key of ``SENTENCES`` in records.py
    parameters    object of strings, those of the sub-test
    message       string, one line
    traceback, output      strings
    seconds       number
    row           null, or the line of the ledger that lists it
    verdict       string, a key of ``VERDICTS`` in records.py, or empty

The last line.  A file without it is not whole::

    event         "end"
    seconds       number, of the whole run
    exit_code     integer
    interrupted   true or false
    not_run       list of identities that this run, or shard, should have run, and
                  that did not end
    counts        object, state to number of outcomes
"""

import json
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, Dict, List, Tuple, Union, get_type_hints

from tools.testing.files import ReportError, write_atomically
from tools.testing.records import (
    END,
    OUTCOME,
    SENTENCES,
    Outcome,
    RunInfo,
    RunResult,
)
from tools.testing.summary import count_states

SCHEMA = 1
RUN = "run"
_AGAIN = "run the tests again with --json"


@dataclass(frozen=True)
class _End:
    seconds: float
    exit_code: int
    interrupted: bool
    not_run: Tuple[str, ...]
    counts: Dict[str, int]


def write_json(result: RunResult, path: str) -> None:
    """Write the report of a run.  Raises ReportError."""
    end = _End(
        result.seconds,
        result.exit_code,
        result.interrupted,
        result.not_run,
        count_states(result.outcomes),
    )
    records = [
        {"event": RUN, "schema": SCHEMA, **asdict(result.info)},
        *({"event": OUTCOME, **outcome.to_json()} for outcome in result.outcomes),
        {"event": END, **asdict(end)},
    ]
    write_atomically(path, "".join(json.dumps(each) + "\n" for each in records))


def read_json(path: str) -> RunResult:
    """The run that ``write_json`` wrote.

    Raises ReportError, which names the file and the line, where it is not whole,
    was altered, or is of another schema.
    """
    records = _records(path)
    info = _decoded(path, 1, RunInfo, records[0])
    outcomes = tuple(
        _decoded(path, number, Outcome, record)
        for number, record in enumerate(records[1:-1], 2)
    )
    for number, outcome in enumerate(outcomes, 2):
        if outcome.state not in SENTENCES:
            raise _error(path, number, f"unknown state {outcome.state!r}; {_AGAIN}")
    end = _decoded(path, len(records), _End, records[-1])
    if end.counts != count_states(outcomes):
        raise _error(
            path, len(records), f"its counts are not those of the outcomes; {_AGAIN}"
        )
    return RunResult(
        info, outcomes, end.seconds, end.exit_code, end.interrupted, end.not_run
    )


def _records(path: str) -> List[Dict[str, Any]]:
    """The fields of a run record, those of outcomes, and those of an end record."""
    records = [
        _parse(path, number, line) for number, line in enumerate(_lines(path), 1)
    ]
    events = [record.pop("event") for record in records]
    if events[:1] != [RUN]:
        raise _error(path, 1, f"no record {RUN!r}: it is no report; {_AGAIN}")
    schema = records[0].pop("schema", None)
    if schema != SCHEMA:
        raise _error(
            path,
            1,
            f"its schema is {schema!r}, not {SCHEMA}; read it with the version of "
            "this project that wrote it",
        )
    if events[-1] != END:
        raise _error(
            path,
            len(events),
            f"no record {END!r} follows: it is cut short, or its run was killed; "
            f"{_AGAIN}",
        )
    for number, event in enumerate(events[1:-1], 2):
        if event != OUTCOME:
            raise _error(path, number, f"{event!r} instead of {OUTCOME!r}; {_AGAIN}")
    return records


def _lines(path: str) -> List[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except OSError as error:
        raise ReportError(
            f"cannot read {path}: {error.strerror or error}; name a file that --json "
            "wrote"
        ) from error


def _parse(path: str, number: int, line: bytes) -> Dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _error(
            path, number, f"broken ({error}): it is cut short or no report; {_AGAIN}"
        ) from error
    if not isinstance(record, dict) or not isinstance(record.get("event"), str):
        raise _error(path, number, f"no object with an event; {_AGAIN}")
    return record


def _decoded(path: str, number: int, hint: Any, value: Any) -> Any:
    try:
        return _decode(hint, value)
    except TypeError as error:
        message = f"not a record of schema {SCHEMA} ({error}); {_AGAIN}"
        raise _error(path, number, message) from error


def _error(path: str, number: int, message: str) -> ReportError:
    return ReportError(f"{path}, line {number}: {message}")


def _decode(hint: Any, value: Any) -> Any:
    """Plain data as the type that a dataclass declares.  Raises TypeError."""
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        unknown = sorted(set(_typed(dict, value)) - set(hints))
        if unknown:
            raise TypeError(f"unknown field {unknown[0]!r}")
        return hint(**{name: _decode(hints[name], value[name]) for name in value})
    origin = getattr(hint, "__origin__", None)
    if origin is Union:  # Optional
        return None if value is None else _decode(hint.__args__[0], value)
    if origin is tuple:
        items = hint.__args__
        if items[-1] is Ellipsis:
            items = items[:1] * len(_typed(list, value))
        if len(_typed(list, value)) != len(items):
            raise TypeError(f"{len(value)} items instead of {len(items)}")
        return tuple(map(_decode, items, value))
    if origin is dict:
        items = _typed(dict, value).items()
        return {name: _decode(hint.__args__[1], item) for name, item in items}
    if hint is float and type(value) is int:
        return float(value)
    return _typed(hint, value)


def _typed(kind: type, value: Any) -> Any:
    # Not isinstance: true is no number here.
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
