"""Adding the classes of a test file to the file of a checkout that runs them."""

import ast
from collections.abc import Sequence

from tools.upstream.errors import UpstreamError
from tools.upstream.layout import module_name
from tools.upstream.rules import imported_classes
from tools.upstream.ruff_rules import LINE_LENGTH
from tools.upstream.sources import Source


def with_classes(aggregator: Source, path: str, classes: Sequence[str]) -> str:
    """The text of ``aggregator`` once it imports ``classes`` of the file ``path``.

    The text as it is where it does.  A new import comes after the last of the same
    folder, else after the last of the file.  Raises UpstreamError where the file has
    no imports to stand beside.
    """
    missing = sorted(set(classes) - imported_classes(aggregator, path))
    if not missing:
        return aggregator.text
    module = module_name(path)
    lines = aggregator.text.splitlines(keepends=True)
    place = _place(aggregator, module.partition(".")[0])
    lines[place:place] = [_statement(module, missing)]
    return "".join(lines)


def _place(aggregator: Source, folder: str) -> int:
    """How many lines come before a new import from ``folder``."""
    ends = [
        (isinstance(node, ast.ImportFrom) and _is_of(node, folder), node.end_lineno)
        for node in aggregator.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    if not ends:
        raise UpstreamError(
            f"{aggregator.path}: has no imports, so that it is no file that collects "
            "tests; restore it from version control"
        )
    return max(ends)[1]


def _is_of(node: ast.ImportFrom, folder: str) -> bool:
    return (node.module or "").partition(".")[0] == folder


def _statement(module: str, classes: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(classes)}  # noqa: F401\n"
    if len(line.rstrip()) <= LINE_LENGTH:
        return line
    names = "".join(f"    {name},\n" for name in classes)
    return f"from {module} import (  # noqa: F401\n{names})\n"
