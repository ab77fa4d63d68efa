"""How much of a request an expression carries, as far as its function shows."""

import ast
from collections.abc import Iterator, Mapping

from reqtrace.code import grades
from reqtrace.code.grades import Grade
from reqtrace.code.source.scopes import Scope, parameters, within


class Flow:
    """Follows request and user through the names of one function.

    The order of the statements does not count: a name carries the most that it was ever given.
    """

    def __init__(self, function: Scope, given: Mapping[str, Grade] | None = None) -> None:
        """Begin with what the caller hands over, or else with what the names of the parameters say.

        `given` goes by the names of the parameters; ``.name`` is an attribute of the method's instance.
        """
        names = parameters(function)
        self._self = names[0] if names else ""
        self.names = dict(conventional(function) if given is None else given)
        for _ in range(2):  # the second time for loops, where a use may stand above its assignment
            for target, value in _assignments(function):
                self._learn(target, self.grade(value))

    def _learn(self, target: ast.expr, grade: Grade) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._learn(element, grade)
        elif isinstance(target, ast.Starred):
            self._learn(target.value, grade)
        elif key := self._key(target):
            self.names[key] = max(grade, self.names.get(key, Grade.NOTHING))

    def _key(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == self._self:
            return f".{node.attr}"
        return ""

    def grade(self, node: ast.expr | None) -> Grade:
        """Return what an expression carries."""
        match node:
            case ast.Name():
                return self.names.get(node.id, Grade.NOTHING)
            case ast.Attribute():
                return self._of_attribute(node)
            case ast.Call():
                return self._of_call(node)
            case ast.Lambda():
                return min(Flow(node, self.names).grade(node.body), Grade.IDENTITY)
            case ast.Compare():
                return Grade.NOTHING
            case ast.IfExp():
                return max(self.grade(node.body), self.grade(node.orelse))
            case ast.Subscript():
                return self.grade(node.value)
            case ast.JoinedStr() | ast.BinOp() | ast.UnaryOp() | ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
                return min(self._most(node), Grade.DERIVED)
            case ast.expr():
                return self._most(node)
        return Grade.NOTHING

    def _most(self, node: ast.AST) -> Grade:
        parts = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        return max(map(self.grade, parts), default=Grade.NOTHING)

    def _of_attribute(self, node: ast.Attribute) -> Grade:
        key = self._key(node)
        if key in self.names:
            return self.names[key]
        if key == ".request":
            return Grade.REQUEST
        return grades.of_member(self.grade(node.value), node.attr)

    def _of_call(self, node: ast.Call) -> Grade:
        name = last_name(node.func)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], ast.Constant):
            return grades.of_member(self.grade(arguments[0]), str(arguments[1].value))
        given = max(map(self.grade, arguments), default=Grade.NOTHING)
        owner = self.grade(node.func.value) if isinstance(node.func, ast.Attribute) else self.grade(node.func)
        return grades.of_result(name, given, owner)


def conventional(function: Scope) -> dict[str, Grade]:
    """Return what the names of a function's parameters say: ``request``, and ``user`` beside it."""
    return grades.conventional(parameters(function))


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted expression, empty where there is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _assignments(function: Scope) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in within(function):
        match node:
            case ast.Assign():
                for target in node.targets:
                    yield target, node.value
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                yield target, value
            case ast.For() | ast.AsyncFor():
                yield node.target, node.iter
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield target, value
