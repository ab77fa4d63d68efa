"""Which classes and functions of a project are middleware, and what of them runs for a request."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from reqtrace.code.grades import Grade
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, parameters, within
from reqtrace.code.source.sources import Definition, Sources

MIXIN = "django.utils.deprecation.MiddlewareMixin"
HOOKS = (
    "process_request",
    "__call__",
    "process_view",
    "process_template_response",
    "process_exception",
    "process_response",
)
_TAKES = {"get_response", "app", "inner", "application", "asgi"}


class Step(NamedTuple):
    """A function that runs for each request, and what it is handed."""

    module: Module
    function: Function
    given: dict[str, Grade]


class Middleware(NamedTuple):
    """One way of a request through a middleware, the sync or the async one: its functions in their order."""

    name: str
    steps: tuple[Step, ...]
    owner: ast.ClassDef | None
    """The class; None for a function that is a middleware."""


@lru_cache(maxsize=1)
def find_middlewares(sources: Sources) -> tuple[Middleware, ...]:
    """Return every middleware of the project's own modules, be it in ``MIDDLEWARE`` or not."""
    return tuple(_find(sources))


def _find(sources: Sources) -> Iterator[Middleware]:
    for module, node in sources.classes():
        if module.function_around(node) is None and is_middleware_class(sources, module, node):
            yield from _of_class(sources, module, node)
    for module, function in sources.functions():
        if "get_response" in parameters(function)[:1]:
            for inner in within(function):
                if isinstance(inner, Function):
                    given = dict.fromkeys(parameters(inner)[:1], Grade.REQUEST)
                    yield Middleware(f"{module.qualified(function)}.{inner.name}", (Step(module, inner, given),), None)


def is_middleware_class(sources: Sources, module: Module, node: ast.ClassDef) -> bool:
    """Tell whether a class looks like a middleware: made once, and called for each request."""
    name = module.qualified(node)
    if MIXIN in sources.bases(name):
        return True
    init, call = sources.find(f"{name}.__init__"), sources.find(f"{name}.__call__")
    if not init or isinstance(init.node, ast.ClassDef):
        return False
    taken = parameters(init.node)[1:]
    hooks = call or any(sources.find(f"{name}.{hook}") for hook in HOOKS)
    return bool(hooks) and ("get_response" in taken or (taken[:1] != [] and taken[0] in _TAKES and _is_asgi(call)))


def _is_asgi(call: Definition | None) -> bool:
    return bool(call and isinstance(call.node, Function) and parameters(call.node)[1:2] == ["scope"])


def _of_class(sources: Sources, module: Module, node: ast.ClassDef) -> Iterator[Middleware]:
    name = module.qualified(node)
    for hooks in (HOOKS, ("__acall__",)):
        steps = []
        for hook in hooks:
            found = sources.find(f"{name}.{hook}")
            if found and isinstance(found.node, Function) and sources.is_own(found.module):
                given = dict.fromkeys(parameters(found.node)[1:2], Grade.REQUEST)
                steps.append(Step(found.module, found.node, given))
        if steps:
            yield Middleware(name, tuple(steps), node)
