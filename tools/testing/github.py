"""What GitHub Actions shows of a run: annotations, and the summary of the step.

Its limits: 10 errors a step, 255 characters a title, 64 KiB an annotation, 1 MiB
for all summaries of a step.  Above the last it shows none of them.
"""

import posixpath
import re
import string
from typing import Dict, List, Optional

from tools.testing.files import append
from tools.testing.records import STALE_ROW, VERDICTS, Outcome, RunResult
from tools.testing.summary import count_areas, count_states, failures
from tools.testing.text import cut, visible

ANNOTATIONS = 10
TITLE_LIMIT = 200  # characters, as the others; what cut() says comes on top
MESSAGE_LIMIT = 4000
SUMMARY_FAILURES = 50
SUMMARY_AREAS = 100
SUMMARY_TEXT_LIMIT = 400  # an escaped character takes up to 6 bytes

_FRAME = re.compile(r'^[ \t]*File "([^"\n]+)", line (\d+)', re.MULTILINE)
_INNERMOST_FIRST = "(most recent call first)"  # as faulthandler prints them
_MARKUP = re.compile(f"[{re.escape(string.punctuation)}\n\t]")


def annotations(result: RunResult, workspace: Optional[str] = None) -> List[str]:
    """Workflow commands, to be printed a line each: an error for each failure.

    ``workspace`` is the folder of the checkout, GITHUB_WORKSPACE; without it the
    tree of the tests is taken for one.
    """
    failed = failures(result.outcomes)
    shown = failed if len(failed) <= ANNOTATIONS else failed[: ANNOTATIONS - 1]
    root = result.info.root
    commands = [_annotation(outcome, root, workspace or root) for outcome in shown]
    if len(shown) < len(failed):
        more = f"and {len(failed) - len(shown)} more failures; the log has them all"
        commands.append(_command({"title": f"{len(failed)} failures"}, more))
    return commands


def _annotation(outcome: Outcome, root: str, workspace: str) -> str:
    file = posixpath.relpath(posixpath.join(root, outcome.file), workspace)
    properties = {
        "file": outcome.file if file.startswith("..") else file,
        "line": _line(outcome),
        "title": cut(f"{outcome.state}: {outcome.name}", TITLE_LIMIT),
    }
    message = cut(outcome.message or outcome.state, MESSAGE_LIMIT)
    if outcome.verdict:
        message += f"\n{VERDICTS.get(outcome.verdict, outcome.verdict)}"
    return _command({name: text for name, text in properties.items() if text}, message)


def _line(outcome: Outcome) -> str:
    """Where in its own file it failed; empty where that is not known."""
    if outcome.state == STALE_ROW:
        return str(outcome.row or "")
    lines = [
        line
        for path, line in _FRAME.findall(outcome.traceback)
        if f"/{path}".replace("\\", "/").endswith(f"/{outcome.file}")
    ]
    if not lines:
        return ""
    return lines[0 if _INNERMOST_FIRST in outcome.traceback else -1]


def _command(properties: Dict[str, str], message: str) -> str:
    told = ",".join(
        f"{name}={_data(text).replace(':', '%3A').replace(',', '%2C')}"
        for name, text in properties.items()
    )
    return f"::error {told}::{_data(message)}"


def _data(text: str) -> str:
    for character in "%\r\n":  # the percent sign first: it is in the others' codes
        text = text.replace(character, f"%{ord(character):02X}")
    return visible(text)


def step_summary(result: RunResult) -> str:
    """The run in Markdown: versions, counts, areas by states, failures."""
    parts = [_heading(result), _table(result), _failures(result)]
    return "\n\n".join(filter(None, parts)) + "\n"


def write_step_summary(result: RunResult, path: str) -> None:
    """Add the summary to the file that GITHUB_STEP_SUMMARY names.

    Raises ReportError.
    """
    append(path, step_summary(result))


def _heading(result: RunResult) -> str:
    info = result.info
    git = f" (git {info.torch.git_version[:10]})" if info.torch.git_version else ""
    about = [f"Python {info.torch.python}", f"seed {info.seed}"]
    if info.shard:
        about.append("shard {} of {}".format(*info.shard))
    about.append(f"{result.seconds:.1f} s")
    counts = count_states(result.outcomes)
    told = ", ".join(f"{number} {state}" for state, number in counts.items())
    lines = [
        f"### torch {_markdown(info.torch.version + git)}",
        _markdown(", ".join(about)),
        f"**{_markdown(told or 'nothing ran')}**",
    ]
    if result.interrupted:
        lines.append("**The run was interrupted.**")
    if result.not_run:
        lines.append(f"**Tests that did not run: {len(result.not_run)}**")
    return "\n\n".join(lines)


def _table(result: RunResult) -> str:
    states = count_states(result.outcomes)
    if not states:
        return ""
    areas = count_areas(result.outcomes)
    rows = {_markdown(area): areas[area] for area in list(areas)[:SUMMARY_AREAS]}
    if len(areas) > SUMMARY_AREAS:
        rows[f"({len(areas) - SUMMARY_AREAS} more areas)"] = {}
    rows["**all**"] = states
    lines = [
        "| area | " + " | ".join(map(_markdown, states)) + " |",
        "|:---|" + "---:|" * len(states),
    ]
    for name, counts in rows.items():
        cells = (str(counts.get(state, "")) for state in states)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _failures(result: RunResult) -> str:
    failed = failures(result.outcomes)
    lines = [_failure(outcome) for outcome in failed[:SUMMARY_FAILURES]]
    if len(failed) > SUMMARY_FAILURES:
        lines.append(f"- and {len(failed) - SUMMARY_FAILURES} more")
    return "\n".join(lines)


def _failure(outcome: Outcome) -> str:
    told = f"{_markdown(outcome.name)}: {_markdown(outcome.message)}"
    name = f"<code>-i {_markdown(outcome.identity)}</code>"
    return f"- **{_markdown(outcome.state)}** {told}<br>{name}"


def _markdown(text: str) -> str:
    """The text with all that Markdown or HTML could take for markup as entities."""
    text = visible(cut(text, SUMMARY_TEXT_LIMIT))
    return _MARKUP.sub(lambda found: f"&#{ord(found.group())};", text)
