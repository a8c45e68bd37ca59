"""The report that ``--save-xml`` writes: JUnit XML, as CI systems read it.

Nobody owns that format.  What is written here is valid against both schemas in
common use: windyroad's ``JUnit.xsd`` (Apache Ant's format) and ``junit-10.xsd`` of
Jenkins' xUnit plugin (Surefire's, and pytest's ``xunit2``).  The first is the
stricter one: no attribute of ours, and what a test printed goes into the text of
its failure.

============== =============================================================
testsuite      a file; its name is the file's path
testcase       an outcome, so each sub-test is one: its name is
               ``test_x (writer=1.3.1)``, its classname ``test.area.test_x.TestX``
time           seconds
failure        failed, unexpected pass, changed the environment, missing, stale
               row: a check did not hold
error          every other state that fails a run: no check was reached
skipped        skipped, known break, unpromised: no failure, yet to be seen; the
               message begins with the state.  Also what did not run.
property       torch, torch_git, python, seed, shard, interrupted, exit_code
============== =============================================================

``type`` is the state; the text is traceback, output, and what a second run told.
``hostname`` is always ``localhost``, the word of the schema for "not known": the
shards of a merged report ran on several.
"""

import io
import posixpath
from collections import Counter
from typing import Dict, List, Sequence
from xml.etree import ElementTree

from tools.testing.files import write_atomically
from tools.testing.records import (
    CHANGED,
    FAILED,
    MISSING,
    PASSED,
    SKIPPED,
    STALE_ROW,
    UNEXPECTED_PASS,
    VERDICTS,
    Outcome,
    RunResult,
    is_failure,
)
from tools.testing.text import cut, visible

# Characters; readers refuse a text of 10 MB, and spelled out one may be 6 times
# as long.
TEXT_LIMIT = 1000000
_FAILURES = frozenset((FAILED, UNEXPECTED_PASS, CHANGED, MISSING, STALE_ROW))


def write_junit(result: RunResult, path: str) -> None:
    """Write the report of a run.  Raises ReportError."""
    files: Dict[str, List[Outcome]] = {}
    for outcome in (*result.outcomes, *map(_did_not_run, result.not_run)):
        files.setdefault(outcome.file, []).append(outcome)
    suites = ElementTree.Element("testsuites")
    for number, file in enumerate(sorted(files)):
        suites.append(_suite(number, file, files[file], result))
    _break_lines(suites)
    content = io.BytesIO()
    tree = ElementTree.ElementTree(suites)
    tree.write(content, encoding="utf-8", xml_declaration=True)
    write_atomically(path, content.getvalue())


def _did_not_run(identity: str) -> Outcome:
    file, _, test = identity.partition("::")
    return Outcome(file, test, SKIPPED, message="did not run")


def _suite(
    number: int, file: str, outcomes: Sequence[Outcome], result: RunResult
) -> ElementTree.Element:
    tags = Counter(_tag(outcome.state) for outcome in outcomes)
    suite = _element(
        "testsuite",
        name=file,
        package=_dotted(posixpath.dirname(file)),
        id=str(number),
        timestamp=result.info.started[: len("2000-01-01T00:00:00")],
        hostname="localhost",
        tests=str(len(outcomes)),
        failures=str(tags["failure"]),
        errors=str(tags["error"]),
        skipped=str(tags["skipped"]),
        time=_seconds(sum(outcome.seconds for outcome in outcomes)),
    )
    suite.append(_properties(result))
    suite.extend(_case(outcome) for outcome in outcomes)
    suite.append(_element("system-out"))
    suite.append(_element("system-err"))
    return suite


def _properties(result: RunResult) -> ElementTree.Element:
    info = result.info
    values = {
        "torch": info.torch.version,
        "torch_git": info.torch.git_version,
        "python": info.torch.python,
        "seed": str(info.seed),
        "shard": "{}/{}".format(*info.shard) if info.shard else None,
        "interrupted": "true" if result.interrupted else "false",
        "exit_code": str(result.exit_code),
    }
    properties = _element("properties")
    for name, value in values.items():
        if value is not None:
            properties.append(_element("property", name=name, value=value))
    return properties


def _case(outcome: Outcome) -> ElementTree.Element:
    class_name, _, method = outcome.test.rpartition(".")
    if not method.isidentifier():  # a fixture, a row of the ledger, a whole file
        class_name = ""
    case = _element(
        "testcase",
        name=outcome.name[len(class_name) + 1 :] if class_name else outcome.name,
        classname=".".join(filter(None, (_dotted(outcome.file), class_name))),
        time=_seconds(outcome.seconds),
    )
    tag = _tag(outcome.state)
    if tag:
        case.append(_reason(tag, outcome))
    return case


def _tag(state: str) -> str:
    if state in _FAILURES:
        return "failure"
    if is_failure(state):
        return "error"
    return "" if state == PASSED else "skipped"


def _reason(tag: str, outcome: Outcome) -> ElementTree.Element:
    message = outcome.message
    if tag == "skipped" and outcome.state != SKIPPED:
        message = f"{outcome.state}: {message}"
    reason = _element(tag, type=outcome.state, message=message)
    parts = [outcome.traceback.rstrip()]
    if outcome.output:
        parts.append(f"output:\n{outcome.output.rstrip()}")
    if outcome.verdict:
        sentence = VERDICTS.get(outcome.verdict, "")
        parts.append(f"run again: {outcome.verdict}: {sentence}".rstrip(": "))
    reason.text = _safe("\n\n".join(filter(None, parts)))
    return reason


def _element(tag: str, **attributes: str) -> ElementTree.Element:
    safe = {name: _safe(value) for name, value in attributes.items()}
    return ElementTree.Element(tag, safe)


def _safe(text: str) -> str:
    return visible(cut(text, TEXT_LIMIT))


def _dotted(path: str) -> str:
    stem = path[: -len(".py")] if path.endswith(".py") else path
    return stem.replace("/", ".")


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"


def _break_lines(root: ElementTree.Element) -> None:
    """An element a line."""
    for element in root.iter():
        element.tail = "\n"
        if len(element):
            element.text = "\n"
