"""Threads that are started with a request in hand."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.grades import Grade
from reqtrace.code.source.flow import Flow, last_name
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, Scope, bound_names, within
from reqtrace.code.source.sources import Sources
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_THREADS = {"threading.Thread", "threading.Timer"}
_PEOPLE = {"user", "current_user", "session", "tenant", "auth"}


class StartedThreads(Examination):
    """The thread goes on when the request is over, and evaluates what is lazy on a connection of its own."""

    title: ClassVar[str] = "Threads started with a request in hand"
    codes: ClassVar[Mapping[str, Code]] = {
        "request-in-thread": Code("notice", "a thread is started with a request or user in hand"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at what every new thread is given; one that is joined in the same function is left alone."""
        for module, function in project.sources.functions():
            joined = any(isinstance(node, ast.Attribute) and node.attr == "join" for node in within(function))
            for node in within(function):
                if isinstance(node, ast.Call) and not joined and _starts_thread(project.sources, module, node):
                    carried = next(_carried(function, Flow(function), node), None)
                    if carried:
                        yield Diagnosis(
                            "request-in-thread",
                            "notice",
                            str(module.path),
                            node.lineno,
                            f"A thread is started with `{carried}` in hand: it runs on under that identity "
                            "when the request is over.",
                            "Give it plain values, such as `request.user.pk`, and load the user again in the thread.",
                        )


def _starts_thread(sources: Sources, module: Module, call: ast.Call) -> bool:
    dotted = module.dotted(call.func)
    if dotted is None:
        return False
    dotted = sources.resolve(dotted)
    return bool(_THREADS.intersection((dotted, *sources.bases(dotted))))


def _carried(function: Function, flow: Flow, call: ast.Call) -> Iterator[str]:
    """Yield, as text, the requests and users among a call's arguments, and those its callable closes over."""
    inner = {node.name: node for node in within(function) if isinstance(node, Function)}
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for node in (argument, *within(argument)):
            if isinstance(node, ast.Name) and node.id in inner:
                yield from _closed_over(flow, inner[node.id])
            elif isinstance(node, ast.Lambda):
                yield from _closed_over(flow, node)
            elif isinstance(node, ast.Name | ast.Attribute) and _is_object(flow, node) and not _is_part(argument, node):
                yield ast.unparse(node)


def _closed_over(flow: Flow, callback: Scope) -> Iterator[str]:
    for default in (*callback.args.defaults, *callback.args.kw_defaults):
        if default is not None and _is_object(flow, default):
            yield ast.unparse(default)
    for node in within(callback):
        free = isinstance(node, ast.Name) and node.id not in bound_names(callback)
        if free and isinstance(node, ast.Name) and flow.grade(node) is Grade.REQUEST:
            yield node.id


def _is_object(flow: Flow, node: ast.expr) -> bool:
    grade = flow.grade(node)
    return grade is Grade.REQUEST or (grade is Grade.IDENTITY and last_name(node) in _PEOPLE)


def _is_part(root: ast.expr, node: ast.expr) -> bool:
    """Tell whether a node is only on the way to a part of it, as ``request`` in ``request.path``."""
    return any(
        (isinstance(outer, ast.Attribute | ast.Subscript) and outer.value is node)
        or (isinstance(outer, ast.Call) and outer.func is node)
        for outer in (root, *within(root))
    )
