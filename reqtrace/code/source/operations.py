"""Every way to write into a holder or to clear it, as it stands in the source."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from reqtrace.code.grades import CLEARING, FILLING
from reqtrace.code.source.holders import Holder, Holders, is_thread_key
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, within


class Operation(NamedTuple):
    """One write, or one clearing."""

    holder: Holder
    slot: str
    value: ast.expr | None
    """What is written; None for a clearing."""
    line: int


def operations(
    holders: Holders, module: Module, root: ast.AST, function: Function, *, nested: bool = True
) -> Iterator[Operation]:
    """Yield what a statement or expression does to holders; without `nested`, what its outermost node alone does."""
    reading = _Reading(holders, module, function)
    for node in (root, *within(root)) if nested else (root,):
        match node:
            case ast.Assign():
                for target in node.targets:
                    yield from reading.target(target, node.value)
            case ast.AnnAssign(value=ast.expr()) | ast.AugAssign():
                yield from reading.target(node.target, node.value)
            case ast.Delete():
                for target in node.targets:
                    yield from reading.target(target, None)
            case ast.Call():
                yield from reading.call(node)


class _Reading:
    def __init__(self, holders: Holders, module: Module, function: Function) -> None:
        self._holders = holders
        self._module = module
        self._function = function

    def target(self, target: ast.expr, value: ast.expr | None) -> Iterator[Operation]:
        """Read an assignment or deletion."""
        if isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                yield from self.target(element, value)
        elif isinstance(target, ast.Attribute):
            holder = self._holders.get(self._module, target.value)
            if holder and holder.kind != "dict keyed by thread":
                yield Operation(holder, target.attr, value, target.lineno)
        elif isinstance(target, ast.Subscript):
            slot = self._slot(target.value)
            if slot:
                holder, name = slot
                if holder.kind != "dict keyed by thread":
                    yield Operation(holder, name or _text(target.slice), value, target.lineno)
                elif is_thread_key(self._module, target.slice, self._function):
                    yield Operation(holder, "", value, target.lineno)

    def call(self, call: ast.Call) -> Iterator[Operation]:
        """Read a call: ``setattr``, ``delattr``, or a method of the holder or of what lies in it."""
        if isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr") and len(call.args) > 1:
            holder = self._holders.get(self._module, call.args[0])
            if holder:
                value = call.args[2] if call.func.id == "setattr" and len(call.args) > 2 else None
                # A `delattr` whose name is no literal stands in a loop over all of them.
                slot = "" if value is None and not isinstance(call.args[1], ast.Constant) else _text(call.args[1])
                yield Operation(holder, slot, value, call.lineno)
        elif isinstance(call.func, ast.Attribute):
            found = self._slot(call.func.value)
            if found and call.func.attr in CLEARING:
                holder, slot = found
                literal = call.args and isinstance(call.args[0], ast.Constant) and call.func.attr == "pop"
                yield Operation(holder, slot or (_text(call.args[0]) if literal else ""), None, call.lineno)
            elif found and call.func.attr in FILLING and (call.args or call.keywords):
                value = call.args[-1] if call.args else call.keywords[0].value
                yield Operation(*found, value, call.lineno)

    def _slot(self, node: ast.expr) -> tuple[Holder, str] | None:
        """Return holder and slot for ``holder``, ``holder.slot``, ``holder.__dict__`` and ``vars(holder)``."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars" and node.args:
            node = node.args[0]
        holder = self._holders.get(self._module, node)
        if holder:
            return holder, ""
        if isinstance(node, ast.Attribute):
            holder = self._holders.get(self._module, node.value)
            if holder:
                return holder, "" if node.attr == "__dict__" else node.attr
        return None


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else f"<{ast.unparse(node)}>"
