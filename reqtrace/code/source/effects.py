"""What running a function does to holders: what it puts into them, and what it clears on which way out."""

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reqtrace.code.grades import Grade
from reqtrace.code.source.flow import Flow, conventional, last_name
from reqtrace.code.source.holders import Holder, find_holders
from reqtrace.code.source.module import Module
from reqtrace.code.source.operations import Operation, operations
from reqtrace.code.source.scopes import Function, Scope, decorators, parameters, within
from reqtrace.code.source.sources import Definition, Sources

_DEPTH = 4
"""How many calls deep a function is followed."""


class Condition(NamedTuple):
    """A branch on the way to an effect."""

    node: ast.AST
    branch: bool
    test: str
    """The test as text, empty when it does not depend on the request."""


class Effect(NamedTuple):
    """One change of a holder."""

    holder: Holder
    slot: str
    """Which attribute or entry; empty for the whole of it."""
    grade: Grade
    """What is put in; NOTHING when it is cleared."""
    module: Module
    line: int
    """Where in the function that was asked about, however deep the change itself stands."""
    conditions: tuple[Condition, ...]
    safe: bool
    """Whether it happens on every way out, as in a ``finally``."""
    late: bool
    """Whether it stands behind a ``yield``: a context manager does it as its block ends."""

    def covers(self, other: "Effect") -> bool:
        """Tell whether this change undoes that one."""
        return self.holder is other.holder and self.slot in ("", other.slot)


class Tracker:
    """Follows functions, and the functions they call, to the holders of a project."""

    def __init__(self, sources: Sources) -> None:
        """Find the holders."""
        self.sources = sources
        self.holders = find_holders(sources)
        self._known: dict[tuple[Function, frozenset[tuple[str, Grade]], int], list[Effect]] = {}

    def effects(
        self, module: Module, function: Function, given: Mapping[str, Grade] | None = None, depth: int = 0
    ) -> list[Effect]:
        """Return what a function does, in the order in which it happens."""
        given = conventional(function) if given is None else given
        key = (function, frozenset(given.items()), depth)
        if key not in self._known:
            walk = _Walk(self, module, function, Flow(function, given), depth)
            walk.block(function.body, (), safe=False)
            self._known[key] = walk.found
        return self._known[key]


class _Walk:
    """One way through one function."""

    def __init__(self, tracker: Tracker, module: Module, function: Function, flow: Flow, depth: int) -> None:
        self.found: list[Effect] = []
        self._tracker = tracker
        self._module = module
        self._function = function
        self._flow = flow
        self._depth = depth
        self._late = False

    def block(self, statements: Sequence[ast.stmt], conditions: tuple[Condition, ...], *, safe: bool) -> None:
        for statement in statements:
            self._statement(statement, conditions, safe=safe)
            if isinstance(statement, ast.If) and not statement.orelse and _leaves(statement.body):
                conditions = (*conditions, self._condition(statement, branch=False))

    def _statement(self, node: ast.stmt, conditions: tuple[Condition, ...], *, safe: bool) -> None:
        match node:
            case ast.If():
                self._expression(node.test, conditions, safe=safe)
                self.block(node.body, (*conditions, self._condition(node, branch=True)), safe=safe)
                self.block(node.orelse, (*conditions, self._condition(node, branch=False)), safe=safe)
            case ast.Try() | ast.TryStar():
                self.block(node.body, conditions, safe=safe)
                for handler in node.handlers:
                    self.block(handler.body, (*conditions, Condition(handler, True, "")), safe=safe)
                self.block(node.orelse, conditions, safe=safe)
                self.block(node.finalbody, conditions, safe=True)
            case ast.With() | ast.AsyncWith():
                leaving: list[Effect] = []
                for item in node.items:
                    leaving[:0] = self._entered(item.context_expr, conditions, safe=safe)
                self.block(node.body, conditions, safe=safe)
                self.found += leaving
            case ast.For() | ast.AsyncFor() | ast.While():
                self._expression(node.iter if not isinstance(node, ast.While) else node.test, conditions, safe=safe)
                self.block([*node.body, *node.orelse], (*conditions, Condition(node, True, "")), safe=safe)
            case ast.Match():
                for case in node.cases:
                    self.block(case.body, (*conditions, Condition(case, True, "")), safe=safe)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._later(node)
            case ast.ClassDef():
                pass
            case _:
                self._expression(node, conditions, safe=safe)

    def _expression(self, node: ast.AST, conditions: tuple[Condition, ...], *, safe: bool) -> None:
        """Note what one statement or expression does by itself, then what the functions do that it calls."""
        for operation in operations(self._tracker.holders, self._module, node, self._function):
            self._note(operation, conditions, safe=safe)
        for inner in (node, *within(node)):
            if isinstance(inner, ast.Call):
                self.found += self._called(inner, conditions, safe=safe)
                self._handed_over(inner)
            elif isinstance(inner, ast.Lambda):
                self._later(inner)
            elif isinstance(inner, ast.Yield):
                self._late = True

    def _note(self, operation: Operation, conditions: tuple[Condition, ...], *, safe: bool) -> None:
        self.found.append(
            Effect(
                operation.holder,
                operation.slot,
                self._flow.grade(operation.value),
                self._module,
                operation.line,
                conditions,
                safe,
                self._late,
            )
        )

    def _later(self, callback: Scope) -> None:
        """Take from a nested function what it clears: somebody calls it, we do not know when."""
        for node in within(callback):
            for operation in operations(self._tracker.holders, self._module, node, self._function, nested=False):
                if operation.value is None:
                    self._note(operation, (), safe=False)
            if isinstance(node, ast.Call):
                self.found += [effect for effect in self._called(node, (), safe=False) if not effect.grade]

    def _handed_over(self, call: ast.Call) -> None:
        """Take from a function that a call is given as an argument what it clears."""
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            target = self._target(argument) if isinstance(argument, ast.Name | ast.Attribute) else None
            if target and isinstance(target.node, Function):
                effects = self._inline(call, target, {}, (), safe=False)
                self.found += [effect._replace(safe=False) for effect in effects if not effect.grade]

    def _called(self, call: ast.Call, conditions: tuple[Condition, ...], *, safe: bool) -> list[Effect]:
        target = self._target(call.func)
        if target is None or isinstance(target.node, ast.ClassDef):
            return []
        given = self._given(call, target.node)
        return self._inline(call, Definition(target.module, target.node), given, conditions, safe=safe)

    def _entered(self, manager: ast.expr, conditions: tuple[Condition, ...], *, safe: bool) -> list[Effect]:
        """Note what happens as a context manager is entered; return what happens as it is left."""
        target = self._target(manager.func) if isinstance(manager, ast.Call) else None
        if target is None or not isinstance(manager, ast.Call):
            self._expression(manager, conditions, safe=safe)
            return []
        if isinstance(target.node, ast.ClassDef):
            return self._entered_class(manager, target, conditions, safe=safe)
        effects = self._called(manager, conditions, safe=safe)
        self.found += [effect._replace(late=self._late) for effect in effects if not effect.late]
        return [effect._replace(late=self._late) for effect in effects if effect.late]

    def _entered_class(
        self, call: ast.Call, target: Definition, conditions: tuple[Condition, ...], *, safe: bool
    ) -> list[Effect]:
        assert isinstance(target.node, ast.ClassDef)
        name = target.module.qualified(target.node)
        init = self._tracker.sources.find(f"{name}.__init__")
        kept: dict[str, Grade] = {}
        if init and isinstance(init.node, Function):
            flow = Flow(init.node, self._given(call, init.node))
            kept = {key: grade for key, grade in flow.names.items() if key.startswith(".")}
        phases: list[list[Effect]] = []
        for methods in (("__enter__", "__aenter__"), ("__exit__", "__aexit__")):
            effects: list[Effect] = []
            for method in methods:
                found = self._tracker.sources.find(f"{name}.{method}")
                if found:
                    leaving = method in ("__exit__", "__aexit__")
                    effects += self._inline(call, found, kept, conditions, safe=safe or leaving)
            phases.append(effects)
        self.found += phases[0]
        return phases[1]

    def _target(self, named: ast.expr) -> Definition | None:
        """Return the function or class of the project that an expression names."""
        dotted = self._module.dotted(named)
        if dotted is None or last_name(named) == "__acall__" or self._depth >= _DEPTH:
            return None
        found = self._tracker.sources.find(dotted)
        return found if found and self._tracker.sources.is_own(found.module) else None

    def _given(self, call: ast.Call, callee: Function) -> dict[str, Grade]:
        """Return what a call hands to the parameters of a function."""
        names = parameters(callee)
        given = {key: grade for key, grade in self._flow.names.items() if key.startswith(".")}
        if _is_bound(call, callee):
            names = names[1:]
        given |= {name: self._flow.grade(value) for name, value in zip(names, call.args, strict=False)}
        given |= {keyword.arg: self._flow.grade(keyword.value) for keyword in call.keywords if keyword.arg}
        return given

    def _inline(
        self,
        call: ast.Call,
        callee: Definition,
        given: Mapping[str, Grade],
        conditions: tuple[Condition, ...],
        *,
        safe: bool,
    ) -> list[Effect]:
        if not isinstance(callee.node, Function) or callee.node is self._function:
            return []
        return [
            effect._replace(
                module=self._module,
                line=call.lineno,
                conditions=(*conditions, *effect.conditions),
                safe=safe or effect.safe,
                late=self._late or effect.late,
            )
            for effect in self._tracker.effects(callee.module, callee.node, given, self._depth + 1)
        ]

    def _condition(self, node: ast.If, *, branch: bool) -> Condition:
        asks = any(self._flow.grade(part) for part in ast.walk(node.test) if isinstance(part, ast.expr))
        trivial = isinstance(node.test, ast.Call) and last_name(node.test.func) == "hasattr"
        text = ast.unparse(node.test) if asks and not trivial else ""
        return Condition(node, branch, f"not ({text})" if text and not branch else text)


def _is_bound(call: ast.Call, callee: Function) -> bool:
    """Tell whether the first parameter is not among the call's arguments: the instance or the class."""
    if parameters(callee)[:1] in (["self"], ["cls"], ["this"]):
        return "staticmethod" not in decorators(callee)
    return isinstance(call.func, ast.Attribute) and "classmethod" in decorators(callee)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Raise | ast.Continue)
