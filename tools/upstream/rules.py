"""PyTorch's rules for test files that no linter from elsewhere knows.

A rule takes the tree and a source, and gives its problems.
"""

import ast
import csv
import functools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.testing.discovery import TEST_FILE
from tools.upstream.classes import ATTRIBUTE, classification, test_classes
from tools.upstream.layout import Aggregated, aggregated, module_name
from tools.upstream.needs import Tree
from tools.upstream.problem import Problem
from tools.upstream.sources import Import, Source

IMPORTS_TABLE = Path(__file__).with_name("allowed_imports.csv")
OWNER_PREFIX = "# Owner(s): "
OWNER_HINT = f'begin the file with {OWNER_PREFIX}["module: ..."] or ["oncall: ..."]'
_LABEL = re.compile(r"(module|oncall): \S.*")
GUARD = "HardwareClassification"
RUN_TESTS = "run_tests"
RAISES = "raise_on_run_directly"


def source_problems(tree: Tree, path: str) -> list[Problem]:
    """What is wrong with the file ``path``; helpers have fewer rules than tests.

    Raises UpstreamError for a file that is no Python.
    """
    source = tree.source(path)
    is_test = PurePosixPath(path).match(TEST_FILE)
    rules = (*ALL_FILES, *TEST_FILES) if is_test else ALL_FILES
    return [problem for rule in rules for problem in rule(tree, source)]


def check_owner(tree: Tree, source: Source) -> Iterator[Problem]:
    """The first line names owners, each a label of PyTorch's form."""
    line = source.text.partition("\n")[0]
    if not line.startswith(OWNER_PREFIX):
        yield Problem(source.path, 1, "owner", f"names no owner; {OWNER_HINT}")
        return
    try:
        labels = json.loads(line[len(OWNER_PREFIX) :])
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not labels:
        message = f"the owners are no list in JSON; {OWNER_HINT}"
        yield Problem(source.path, 1, "owner", message)
        return
    for label in labels:
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            message = f"{label!r} is no label of an owner; {OWNER_HINT}"
            yield Problem(source.path, 1, "owner", message)


def check_main(tree: Tree, source: Source) -> Iterator[Problem]:
    """The main block runs the tests, or says which file does."""
    row, block = aggregated(source.path), source.main_block
    if block is None:
        message = f"no main block; end the file with one that {_main_hint(row)}"
        yield Problem(source.path, source.last_line, "main", message)
        return
    calls = {
        node.func.id: node
        for node in ast.walk(block)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    raises = RAISES in calls or any(isinstance(n, ast.Raise) for n in ast.walk(block))
    runs = RUN_TESTS in calls
    allowed = (raises and row is not None) or (
        runs and (row is None or row.runs_directly)
    )
    if not allowed or (raises and runs):
        message = f"the main block must be one that {_main_hint(row)}"
        yield Problem(source.path, block.lineno, "main", message)
    elif RAISES in calls and row and ast.unparse(calls[RAISES]) != _call(row):
        message = f"names another file than the one that runs it; call {_call(row)}"
        yield Problem(source.path, calls[RAISES].lineno, "main", message)


def _main_hint(row: Aggregated | None) -> str:
    if row is None:
        return f"calls {RUN_TESTS}()"
    either = f"calls {RUN_TESTS}() or " if row.runs_directly else ""
    return f"{either}calls {_call(row)}"


def _call(row: Aggregated) -> str:
    return f"{RAISES}({row.aggregator!r})"


def check_base(tree: Tree, source: Source) -> Iterator[Problem]:
    """A test class is made of a TestCase of torch's test helpers."""
    for each in test_classes(tree, source.path):
        if not each.is_of_torch:
            message = (
                f"{each.name} is made of {', '.join(sorted(each.bases))}; take "
                "TestCase or GoldenTestCase of common_utils"
            )
            yield Problem(source.path, each.line, "base", message)


def check_classified(tree: Tree, source: Source) -> Iterator[Problem]:
    """A test class states its hardware classification, or inherits it."""
    for each in test_classes(tree, source.path):
        if not each.classified:
            message = (
                f"{each.name} does not state its hardware; add "
                f"{ATTRIBUTE} = {GUARD}.GENERIC, or another"
            )
            yield Problem(source.path, each.line, "hardware", message)


def check_guarded(tree: Tree, source: Source) -> Iterator[Problem]:
    """The hardware classification is named so that torch before 2.14 has it, too."""
    guards = set()
    for each in source.imports:
        if each.name == GUARD and each.top != "torch":
            guards.add(each.bound)
        elif each.name == GUARD:
            message = f"{GUARD} is new in torch 2.14; import it from common_utils"
            yield Problem(source.path, each.line, "hardware", message)
    for node in ast.walk(source.tree):
        statement = classification(node) if isinstance(node, ast.ClassDef) else None
        if statement and not _is_named_by(statement.value, guards | {GUARD}):
            message = f"{ATTRIBUTE} must be a {GUARD}.NAME, imported from common_utils"
            yield Problem(source.path, statement.lineno, "hardware", message)


def _is_named_by(value: ast.expr, names: set[str]) -> bool:
    return (
        isinstance(value, ast.Attribute)
        and isinstance(value.value, ast.Name)
        and value.value.id in names
    )


def check_aggregated(tree: Tree, source: Source) -> Iterator[Problem]:
    """The file that runs the tests of a folder imports each of their classes."""
    row = aggregated(source.path)
    if row is None:
        return
    imported: set[str] = set()
    if (tree.root / row.aggregator).is_file():
        imported = imported_classes(tree.source(row.aggregator), source.path)
    for each in test_classes(tree, source.path):
        if each.has_tests and each.name not in imported:
            message = (
                f"{row.aggregator} does not import {each.name}; add there: from "
                f"{PurePosixPath(source.path).stem} import {each.name}"
            )
            yield Problem(source.path, each.line, "aggregator", message)


def imported_classes(aggregator: Source, path: str) -> set[str]:
    """What an aggregator imports from the file ``path``, by either of its names."""
    names = (PurePosixPath(path).stem, module_name(path))
    return {each.name for each in aggregator.imports if each.module in names}


def check_imports(tree: Tree, source: Source) -> Iterator[Problem]:
    """A file imports nothing that a checkout, with its test requirements, lacks."""
    for each in source.imports:
        if each.is_optional or _is_there(tree, each):
            continue
        message = (
            f"a PyTorch checkout has no {each.top}; do without it, or "
            f"give in {IMPORTS_TABLE.name} the reason why it is there"
        )
        yield Problem(source.path, each.line, "import", message)


def _is_there(tree: Tree, each: Import) -> bool:
    return (
        each.level > 0
        or each.top in sys.stdlib_module_names
        or each.top in load_allowed()
        or each.top in tree.module_names
    )


@functools.lru_cache(maxsize=None)
def load_allowed(table: Path = IMPORTS_TABLE) -> frozenset[str]:
    """The modules of the table.  Raises ValueError for one without a reason."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if not (row["reason"] or "").strip():
            raise ValueError(f"{table}: {row['module']} has no reason")
    return frozenset(row["module"] for row in rows)


def check_tabs(tree: Tree, source: Source) -> Iterator[Problem]:
    """No line has a tab, not even in a string: ruff looks at indentation only."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if "\t" in line:
            message = r"has a tab; write blanks, or \t in a string"
            yield Problem(source.path, number, "tab", message)


ALL_FILES = (check_guarded, check_imports, check_tabs)
TEST_FILES = (check_owner, check_main, check_base, check_classified, check_aggregated)
