"""Where `TraceMiddleware` stands, and which middleware makes an ASGI server change threads."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.source.middlewares import MIXIN
from reqtrace.code.source.sources import Definition, Sources
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_TRACE = "reqtrace.middleware.TraceMiddleware"


class MiddlewareOrder(Examination):
    """What stands above `TraceMiddleware` is not seen."""

    title: ClassVar[str] = "Order of MIDDLEWARE"
    codes: ClassVar[Mapping[str, Code]] = {
        "not-traced": Code("notice", "`TraceMiddleware` is missing"),
        "not-first": Code("notice", "`TraceMiddleware` is not the first"),
        "sync-only-middleware": Code("notice", "a middleware that makes an ASGI server change threads"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at ``MIDDLEWARE``."""
        yield from _place(project)
        for dotted in project.middleware if project.asgi else ():
            if _is_sync_only(project.sources, dotted):
                place = project.place_of_middleware(dotted)
                yield Diagnosis(
                    "sync-only-middleware",
                    "notice",
                    str(place.file),
                    place.line,
                    f"{dotted} is sync only: under ASGI every request changes to another thread for it, and a "
                    "threading.local that it sets is empty in async views.",
                    "Make it async capable (django.utils.decorators.sync_and_async_middleware), or serve by WSGI.",
                )


def _place(project: Project) -> Iterator[Diagnosis]:
    fix = f'Put "{_TRACE}" first in MIDDLEWARE.'
    if _TRACE not in project.middleware:
        message = "TraceMiddleware is not in MIDDLEWARE, so no request is recorded."
        yield Diagnosis("not-traced", "notice", str(project.settings_file), 1, message, fix)
    elif project.middleware[0] != _TRACE:
        place = project.place_of_middleware(_TRACE)
        above = project.middleware[: project.middleware.index(_TRACE)]
        message = f"TraceMiddleware is not the first: it does not see what {', '.join(above)} does."
        yield Diagnosis("not-first", "notice", str(place.file), place.line, message, fix)


def _is_sync_only(sources: Sources, dotted: str) -> bool:
    """Tell whether a middleware says that it cannot be called by async code; False where that cannot be known."""
    found = sources.find(dotted)
    if found is None:
        return False
    if not isinstance(found.node, ast.ClassDef):
        capable = {"sync_and_async_middleware", "async_only_middleware"}
        return not any(ast.unparse(node).rpartition(".")[2] in capable for node in found.node.decorator_list)
    name = found.module.qualified(found.node)
    classes = [found]
    for base in sources.bases(name):
        if base == MIXIN:
            return False
        behind = sources.find(base)
        if behind is None and base != "object":
            return False
        if behind:
            classes.append(behind)
    return not any(_says_async(one) for one in classes)


def _says_async(definition: Definition) -> bool:
    for node in definition.node.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "async_capable" for target in targets):
            value = getattr(node, "value", None)
            return not (isinstance(value, ast.Constant) and not value.value)
    return False
