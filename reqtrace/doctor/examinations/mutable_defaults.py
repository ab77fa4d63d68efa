"""Context variables whose default is one mutable object for everybody."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.source.flow import last_name
from reqtrace.code.source.holders import Holder, Holders, find_holders
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, within
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MUTATING = {"append", "add", "update", "extend", "insert", "setdefault", "pop", "remove", "clear", "appendleft"}


class MutableDefaults(Examination):
    """The default is evaluated once, so every context that never called `set` shares it."""

    title: ClassVar[str] = "Mutable defaults of context variables"
    codes: ClassVar[Mapping[str, Code]] = {
        "mutable-default": Code(
            "hazard or notice", "a `ContextVar` whose default is one mutable object; a hazard where code changes it"
        ),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at every context variable, and for code that changes its value in place."""
        holders = find_holders(project.sources)
        changed = {
            holder.name
            for module, function in project.sources.functions()
            for holder in _changed_in_place(holders, module, function)
        }
        for holder in holders:
            default = _default(holder)
            if default is None:
                continue
            in_place = holder.name in changed
            yield Diagnosis(
                "mutable-default",
                "hazard" if in_place else "notice",
                str(holder.module.path),
                default.lineno,
                f"The default of {holder.name} is `{ast.unparse(default)}`, one object for all requests"
                + (", and it is changed in place." if in_place else "; so far nothing changes it in place."),
                "Drop the default, or make it None or a tuple, and `set` a new object for each request.",
            )


def _default(holder: Holder) -> ast.expr | None:
    """Return the mutable default of a context variable."""
    if holder.kind != "ContextVar" or not isinstance(holder.node, ast.Call):
        return None
    for keyword in holder.node.keywords:
        value = keyword.value
        called = isinstance(value, ast.Call) and last_name(value.func) in _MUTABLE_CALLS
        if keyword.arg == "default" and (called or isinstance(value, _MUTABLE)):
            return value
    return None


def _changed_in_place(holders: Holders, module: Module, function: Function) -> Iterator[Holder]:
    names: dict[str, Holder] = {}

    def behind(node: ast.expr) -> Holder | None:
        """Return the context variable whose value an expression is: ``var.get()``, or a local name for it."""
        if isinstance(node, ast.Name):
            return names.get(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            # With an argument of its own, `get` does not return the default.
            return None if node.args else holders.get(module, node.func.value)
        return None

    for node in within(function):
        found: Holder | None = None
        if isinstance(node, ast.Assign) and (holder := behind(node.value)):
            names |= {target.id: holder for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATING:
            found = behind(node.func.value)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            found = behind(node.value)
        if found:
            yield found
