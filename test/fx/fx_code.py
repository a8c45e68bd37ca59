"""The code that a GraphModule prints, without what is only its formatting.

Releases print one graph in different ways.  What is dropped here, and why it may be:

* annotations: those of the signature are compared with the nodes, and the others
  leave no trace in what is loaded;
* ``x = None``: it frees what is not used any more, and no node is printed so;
  releases differ in what they free;
* the names of variables: they are those of the nodes, which are compared as such;
* blanks, brackets, comments and imports;
* how constants and functions are spelled: each is evaluated, and told by its value,
  a function by its public place.  1.8 prints ``fx_models.double`` for what later
  releases print as ``fx_models_double``, and 2.13 ``1j`` for 2.15's ``complex(0, 1)``;
* operators or calls: 1.8 prints ``operator.matmul(x, y)`` for ``x @ y``, and 1.10
  ``operator.iadd(x, y)`` where 1.13 has ``x += y``.  An operator is told as the
  call, so that the in-place one stays another than the one that is not.

Runs on Python 3.7 with torch 1.8.
"""

import ast
import builtins

from fx_describe import told

_OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
# Those whose function cannot have the name of the operator.
_RESERVED = ("and", "or")
_SKIPPED_FIELDS = ("ctx", "annotation", "type_comment", "kind")


def describe_code(module):
    """The signature and the statements of a GraphModule's ``forward``, as texts."""
    (function,) = [
        statement
        for statement in ast.parse(module.code.strip()).body
        if isinstance(statement, ast.FunctionDef)
    ]
    return _Printer(function, type(module).forward.__globals__).lines()


def _is_none(node):
    # Until Python 3.7 a constant has its own kind of node.
    return "Constant" in type(node).__name__ and node.value is None


class _Printer:
    def __init__(self, function, global_names):
        self.function = function
        self.globals = {**vars(builtins), **global_names}
        arguments = [n.arg for n in ast.walk(function.args) if isinstance(n, ast.arg)]
        self.names = {name: name for name in arguments}
        self.made = 0

    def lines(self):
        lines = [self.dump(self.function.args)]
        for statement in self.function.body:
            lines += self.statement(statement)
        return lines

    def statement(self, statement):
        """The lines for a statement: one or none."""
        if isinstance(statement, ast.AnnAssign):
            targets, value = [statement.target], statement.value
        elif isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AugAssign):
            return [self.in_place(statement)]
        elif isinstance(statement, ast.Return):
            return [f"return {self.text(statement.value)}"]
        else:
            return [self.dump(statement)]
        if _is_none(value):
            return []
        if isinstance(value, ast.Name) and value.id in self.names:
            # Another name for it.
            for target in targets:
                self.names[target.id] = self.names[value.id]
            return []
        # At the top of a statement stands what a node does: not to be evaluated.
        text = self.dump(value)
        return [" = ".join([self.target(target) for target in targets] + [text])]

    def in_place(self, statement):
        """``x += y`` as a call; what ``x`` names is its result."""
        operator = _OPERATORS[type(statement.op)]
        left, right = self.text(statement.target), self.text(statement.value)
        name = self.target(statement.target)
        return f"{name} = operator.i{operator}({left}, {right})"

    def target(self, target):
        if not isinstance(target, ast.Name):
            return self.dump_targets(target)
        self.names[target.id] = f"%{self.made}"
        self.made += 1
        return self.names[target.id]

    def dump_targets(self, target):
        items = [self.target(item) for item in getattr(target, "elts", ())]
        return "({},)".format(", ".join(items)) if items else self.dump(target)

    def text(self, node):
        """An expression: a constant by its value, other things as they are."""
        if isinstance(node, ast.expr) and not self.is_variable(node):
            code = compile(ast.Expression(node), "<constant>", "eval")
            # The code of a golden whose hash was checked, and that was run by loading.
            return told(eval(code, self.globals), {})
        return self.dump(node)

    def is_variable(self, node):
        return any(
            isinstance(part, ast.Name) and part.id in self.names
            for part in ast.walk(node)
        )

    def dump(self, node):
        """A node of the syntax tree, whatever it is."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Call):
            parts = [self.text(arg) for arg in node.args]
            parts += [f"{part.arg}={self.text(part.value)}" for part in node.keywords]
            return "{}({})".format(self.text(node.func), ", ".join(parts))
        if isinstance(node, ast.BinOp):
            name = _OPERATORS[type(node.op)]
            name += "_" if name in _RESERVED else ""
            return f"operator.{name}({self.text(node.left)}, {self.text(node.right)})"
        if isinstance(node, ast.Attribute):
            return f"{self.text(node.value)}.{node.attr}"
        if type(node).__name__ == "Index":  # until Python 3.8
            return self.text(node.value)
        if not isinstance(node, ast.AST):
            return repr(node)
        return f"{type(node).__name__}({self.fields(node)})"

    def fields(self, node):
        """The fields of a node that any Python has, empty ones left out."""
        parts = []
        for name, value in ast.iter_fields(node):
            if name in _SKIPPED_FIELDS or value is None or value == []:
                continue
            if isinstance(value, list):
                parts.append("[{}]".format(", ".join(self.text(v) for v in value)))
            else:
                parts.append(self.text(value))
        return ", ".join(parts)
