"""A Python file below ``test/``, read without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.upstream.errors import UpstreamError

IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})


@dataclass(frozen=True)
class Import:
    """One name that a statement imports.

    ``import a.b`` has no ``name``; ``level`` counts the dots of a relative import;
    ``is_optional`` where the file also works without it.
    """

    module: str
    name: str | None
    bound: str
    level: int
    line: int
    is_optional: bool

    @property
    def top(self) -> str:
        """The package that has to be there."""
        return self.module.partition(".")[0]


@dataclass(frozen=True)
class Source:
    """A file, ``path`` relative to the tree with slashes, and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def last_line(self) -> int:
        """The number of its last line."""
        return max(1, len(self.text.splitlines()))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All that it imports, wherever in the file."""
        return tuple(_imports(self.tree, False))

    @cached_property
    def literals(self) -> frozenset[str]:
        """Its string constants: the names of files and folders are among them."""
        return frozenset(
            node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """Those of the module, and of its ``if`` and ``try`` blocks."""
        return tuple(_statements(self.tree.body))

    @cached_property
    def main_block(self) -> ast.If | None:
        """``if __name__ == "__main__"``."""
        for node in self.tree.body:
            if isinstance(node, ast.If) and "__main__" in ast.dump(node.test):
                return node
        return None


def read_source(root: Path, path: str, text: str | None = None) -> Source:
    """The file ``path`` of a tree, as it will be if it is to hold ``text``.

    Raises UpstreamError where it is no Python.
    """
    try:
        if text is None:
            text = (root / path).read_bytes().decode("utf-8")
        return Source(path, text, ast.parse(text))
    except (OSError, SyntaxError, ValueError) as error:
        raise UpstreamError(f"{path}: cannot be read as Python: {error}") from error


def _imports(node: ast.AST, is_optional: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for each in child.names:
                bound = each.asname or each.name.partition(".")[0]
                yield Import(each.name, None, bound, 0, child.lineno, is_optional)
        elif isinstance(child, ast.ImportFrom):
            for each in child.names:
                yield Import(
                    child.module or "",
                    each.name,
                    each.asname or each.name,
                    child.level,
                    child.lineno,
                    is_optional,
                )
        else:
            is_try = isinstance(child, ast.Try) and _catches_import_error(child)
            yield from _imports(child, is_optional or is_try)


def _catches_import_error(node: ast.Try) -> bool:
    return any(
        isinstance(name, ast.Name) and name.id in IMPORT_ERRORS
        for handler in node.handlers
        if handler.type is not None
        for name in ast.walk(handler.type)
    )


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _statements(node.body)
            yield from _statements(node.orelse)
            for handler in getattr(node, "handlers", ()):
                yield from _statements(handler.body)
