"""How much of a request an expression carries, as far as its function shows."""

import ast
import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

from reqtrace.code.source.scopes import Scope, parameters, within

_REQUESTS = {"request", "req", "http_request"}
_IDENTITIES = {"user", "auser", "_user", "_cached_user", "session", "tenant", "auth", "current_user", "customer"}
_IDENTITY_WORDS = {"user", "tenant", "session", "lazy", "partial", "proxy"}
_HANDS_ON = {"get_response", "app", "inner", "application", "view_func", "get_response_async", "__call__", "__acall__"}


class Grade(IntEnum):
    """What an expression holds of a request; the greater one wins where two meet."""

    NOTHING = 0
    DERIVED = 1
    """Something read from it, such as its path."""
    IDENTITY = 2
    """Its user, session or tenant."""
    REQUEST = 3


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
        return _member(self.grade(node.value), node.attr)

    def _of_call(self, node: ast.Call) -> Grade:
        name = last_name(node.func)
        if name in _HANDS_ON:
            return Grade.NOTHING
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], ast.Constant):
            return _member(self.grade(arguments[0]), str(arguments[1].value))
        most = max(map(self.grade, arguments), default=Grade.NOTHING)
        words = set(re.findall(r"[A-Z]?[a-z]+", name))
        lower = {word.lower() for word in words}
        if most is Grade.REQUEST:
            names_identity = bool(lower & _IDENTITY_WORDS) and "agent" not in lower
            most = Grade.IDENTITY if names_identity or name.lower().endswith("request") else Grade.DERIVED
        of = self.grade(node.func.value) if isinstance(node.func, ast.Attribute) else self.grade(node.func)
        return max(most, of if of is not Grade.REQUEST else _member(of, name))


def conventional(function: Scope) -> dict[str, Grade]:
    """Return what the names of a function's parameters say: ``request``, and ``user`` beside it."""
    names = parameters(function)
    found = {name: Grade.REQUEST for name in names if name in _REQUESTS}
    if found and "user" in names:
        found["user"] = Grade.IDENTITY
    return found


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted expression, empty where there is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _member(grade: Grade, attribute: str) -> Grade:
    if grade is Grade.REQUEST:
        return Grade.IDENTITY if attribute in _IDENTITIES else Grade.DERIVED
    return grade


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
