"""The test classes of a file, and what they inherit, told from the sources.

A base that is no class of the tree is told by its full name, such as
``unittest.TestCase``; where releases differ, by each name that it may have.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tools.upstream.needs import Tree
from tools.upstream.sources import Source

TORCH_HELPERS = "torch.testing._internal."
OTHER_TEST_CASES = frozenset({"unittest.TestCase", "unittest.case.TestCase"})
ATTRIBUTE = "hw_classification"
# The suite's function that gives the module of the first of these names.
IMPORT_FIRST = "import_first"


@dataclass(frozen=True)
class TestClass:
    """A class that unittest takes for tests.

    ``bases`` are the full names of the bases that are not of the tree; ``classified``
    whether it or a base of the tree states its hardware classification.
    """

    name: str
    line: int
    bases: frozenset[str]
    classified: bool
    has_tests: bool

    @property
    def is_of_torch(self) -> bool:
        """Whether it is made of a TestCase of torch's test helpers."""
        return any(base.startswith(TORCH_HELPERS) for base in self.bases)


@dataclass(frozen=True)
class _Class:
    source: Source
    node: ast.ClassDef


def test_classes(tree: Tree, path: str) -> tuple[TestClass, ...]:
    """The test classes that the file ``path`` defines, in order."""
    return tuple(_Resolver(tree, path).test_classes())


class _Resolver:
    """Names of a test file and of what it imports."""

    def __init__(self, tree: Tree, path: str) -> None:
        self._tree, self._path = tree, path
        self._folders = tree.needs(path).folders

    def test_classes(self) -> Iterator[TestClass]:
        source = self._tree.source(self._path)
        for node in source.statements:
            if not isinstance(node, ast.ClassDef):
                continue
            lineage = list(self._lineage(_Class(source, node), set()))
            classes = [each.node for each in lineage if isinstance(each, _Class)]
            bases = frozenset(each for each in lineage if isinstance(each, str))
            if any(map(_is_test_case, bases)):
                yield TestClass(
                    node.name,
                    node.lineno,
                    bases,
                    any(map(classification, classes)),
                    node.name.lower().startswith("test")
                    or any(map(_has_test_method, classes)),
                )

    def _lineage(
        self, found: "_Class | str", seen: set[ast.ClassDef]
    ) -> Iterator["_Class | str"]:
        """A class, and all that it inherits from; ``seen`` are those told before."""
        if isinstance(found, str):
            yield found
        elif found.node not in seen:
            seen.add(found.node)
            yield found
            for base in found.node.bases:
                for each in self._resolve(found.source, base):
                    yield from self._lineage(each, seen)

    def _resolve(self, source: Source, node: ast.expr) -> Iterator["_Class | str"]:
        """What an expression for a class may stand for."""
        if isinstance(node, ast.Name):
            yield from self._resolve_name(source, node.id)
        elif isinstance(node, ast.Attribute):
            for owner in self._resolve(source, node.value):
                if isinstance(owner, str):
                    yield f"{owner}.{node.attr}"
        elif isinstance(node, ast.IfExp):
            yield from self._resolve(source, node.body)
            yield from self._resolve(source, node.orelse)
        elif isinstance(node, ast.Call) and _name_of(node.func) == IMPORT_FIRST:
            for argument in node.args:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)

    def _resolve_name(self, source: Source, name: str) -> Iterator["_Class | str"]:
        for node in source.statements:
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield _Class(source, node)
            elif isinstance(node, ast.Assign):
                for value in _assigned(node, name):
                    if _name_of(value) != name:
                        yield from self._resolve(source, value)
        for each in source.imports:
            if each.bound != name:
                continue
            if each.name is None:
                yield each.bound if each.bound == each.top else each.module
                continue
            own = list(self._tree.modules(source, each, self._folders))
            for module in own:
                yield from self._resolve_name(self._tree.source(module), each.name)
            if not own:
                yield f"{each.module}.{each.name}"


def classification(node: ast.ClassDef) -> ast.Assign | None:
    """The statement by which a class states its hardware classification."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            _name_of(target) == ATTRIBUTE for target in statement.targets
        ):
            return statement
    return None


def _assigned(node: ast.Assign, name: str) -> Iterator[ast.expr]:
    """The values that a statement may give to a name."""
    for target in node.targets:
        if _name_of(target) == name:
            yield node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for each, value in zip(target.elts, node.value.elts):
                if _name_of(each) == name:
                    yield value


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _is_test_case(base: str) -> bool:
    return base in OTHER_TEST_CASES or (
        base.startswith(TORCH_HELPERS) and base.endswith("TestCase")
    )


def _has_test_method(node: ast.ClassDef) -> bool:
    return any(
        isinstance(each, ast.FunctionDef) and each.name.startswith("test")
        for each in node.body
    )
