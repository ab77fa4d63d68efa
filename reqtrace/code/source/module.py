"""One parsed file, and what the names in it stand for."""

import ast
import re
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from reqtrace.code.source.scopes import Function, Scope, bound_names, decorators, is_call_to, parameters

_SILENCED = re.compile(r"#\s*reqtrace:\s*ok\b")


class Module:
    """One parsed file."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        """Parse.

        Raises:
            SyntaxError, ValueError: when `source` is not Python.

        """
        self.name = name
        self.path = path
        with warnings.catch_warnings():  # an invalid escape is not our business, and no reason to stop
            warnings.simplefilter("ignore")
            self.tree = ast.parse(source, str(path))
        self.silenced = frozenset(
            number
            for number, line in enumerate(source.decode("utf-8", "replace").splitlines(), 1)
            if _SILENCED.search(line)
        )

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node stands in."""
        return {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function, nested ones, too."""
        return tuple(node for node in self._nodes if isinstance(node, Function))

    @cached_property
    def classes(self) -> tuple[ast.ClassDef, ...]:
        """Every class, nested ones, too."""
        return tuple(node for node in self._nodes if isinstance(node, ast.ClassDef))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call."""
        return tuple(node for node in self._nodes if isinstance(node, ast.Call))

    @cached_property
    def assignments(self) -> tuple[ast.Assign | ast.AnnAssign, ...]:
        """Every assignment."""
        return tuple(node for node in self._nodes if isinstance(node, ast.Assign | ast.AnnAssign))

    @cached_property
    def _nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> dict[str, str]:
        """Every name that an import gives here, with the dotted name it stands for; the first one wins."""
        found: dict[str, str] = {}
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.asname or alias.name.partition(".")[0], _imported(alias))
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                for alias in node.names:
                    found.setdefault(alias.asname or alias.name, f"{origin}.{alias.name}")
        return found

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = node.level - (self.path.name == "__init__.py")
        base = ".".join(parts[: len(parts) - above])
        return f"{base}.{node.module}" if node.module else base

    @cached_property
    def definitions(self) -> dict[str, ast.AST]:
        """The functions, classes and assigned names of the module, and those of its classes as ``Class.name``."""
        found: dict[str, ast.AST] = {}
        self._define(self.tree, "", found)
        return found

    def _define(self, around: ast.AST, prefix: str, found: dict[str, ast.AST]) -> None:
        for node in ast.iter_child_nodes(around):
            if isinstance(node, Function | ast.ClassDef):
                found.setdefault(prefix + node.name, node)
                if isinstance(node, ast.ClassDef):
                    self._define(node, f"{prefix}{node.name}.", found)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        found.setdefault(prefix + target.id, node)
            elif isinstance(node, ast.stmt | ast.ExceptHandler):  # `if TYPE_CHECKING:`, `try:`
                self._define(node, prefix, found)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside out."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def function_around(self, node: ast.AST) -> Scope | None:
        """Return the innermost function that a node stands in."""
        return next((outer for outer in self.ancestors(node) if isinstance(outer, Scope)), None)

    def classes_around(self, node: ast.AST) -> Iterator[ast.ClassDef]:
        """Yield the classes that a node stands in, from the inside out."""
        return (outer for outer in self.ancestors(node) if isinstance(outer, ast.ClassDef))

    def class_of(self, name: str, node: ast.AST) -> ast.ClassDef | None:
        """Return the class whose instance, or which itself, `name` is at `node`, as the first argument of a method."""
        for outer in self.ancestors(node):
            if isinstance(outer, Scope) and name in bound_names(outer):
                method = isinstance(outer, Function) and isinstance(self.parents[outer], ast.ClassDef)
                if method and parameters(outer)[:1] == [name] and "staticmethod" not in decorators(outer):
                    parent = self.parents[outer]
                    return parent if isinstance(parent, ast.ClassDef) else None
                return None
        return None

    def qualified(self, node: ast.ClassDef | Function) -> str:
        """Return the dotted name of a class or of a function outside functions."""
        outer = [scope.name for scope in self.classes_around(node)]
        return ".".join([self.name, *reversed(outer), node.name])

    def dotted(self, node: ast.AST) -> str | None:
        """Return the dotted name that an expression stands for, None for a local variable and for what has no name.

        ``self.x``, ``cls.x`` and ``type(self).x`` stand for ``module.Class.x``: all methods of a class mean the same.
        """
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return base if base is None or node.attr == "__class__" else f"{base}.{node.attr}"
        if isinstance(node, ast.Call):  # `type(self)`
            return self.dotted(node.args[0]) if is_call_to(node, "type") and len(node.args) == 1 else None
        if not isinstance(node, ast.Name):
            return None
        around = self.class_of(node.id, node)
        if around is not None:
            return self.qualified(around)
        for outer in self.ancestors(node):
            if isinstance(outer, Scope) and node.id in bound_names(outer):
                return None
        for outer in self.ancestors(node):
            if isinstance(outer, ast.ClassDef) and self.function_around(node) is self.function_around(outer):
                member = f"{self.qualified(outer).removeprefix(self.name + '.')}.{node.id}"
                if member in self.definitions:
                    return f"{self.name}.{member}"
        return self.dotted_outside(node)

    def dotted_outside(self, node: ast.AST) -> str | None:
        """Return what a name, or a dotted one, stands for outside functions."""
        if isinstance(node, ast.Attribute):
            base = self.dotted_outside(node.value)
            return f"{base}.{node.attr}" if base else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.imports:
            return self.imports[node.id]
        return f"{self.name}.{node.id}" if node.id in self.definitions else node.id

    def line_in_assignment(self, name: str, text: str) -> int | None:
        """Return the line of a text literal that stands in `name`, such as an entry of ``MIDDLEWARE``.

        It may be assigned, or appended, inserted and the like by a method of the list.
        """
        for node in ast.walk(self.tree):
            if _fills(node, name):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Constant) and inner.value == text:
                        return inner.lineno
        return None


def _fills(node: ast.AST, name: str) -> bool:
    """Tell whether a node puts something into the list or tuple of that name."""
    match node:
        case ast.Assign(targets=targets):
            filled: list[ast.AST] = list(targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            filled = [target]
        case ast.Call(func=ast.Attribute(value=value, attr="append" | "insert" | "extend")):
            filled = [value]
        case _:
            return False
    return any(isinstance(one, ast.Name) and one.id == name for one in filled)


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]
