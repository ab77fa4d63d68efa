"""Pages that the cache may hand to somebody else, because it does not know that they depend on the cookie."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.grades import Grade
from reqtrace.code.source.flow import Flow, conventional, last_name
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, parameters, within
from reqtrace.code.source.sources import Sources
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_CACHE = "django.middleware.cache."
_STORING = (f"{_CACHE}UpdateCacheMiddleware", f"{_CACHE}CacheMiddleware")
_FETCHING = f"{_CACHE}FetchFromCacheMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_CACHE_PAGE = "django.views.decorators.cache.cache_page"
_HELD_BACK = {"vary_on_cookie", "vary_on_headers", "never_cache", "cache_control", "patch_vary_headers"}
_SIGNED_IN = {"login_required", "permission_required", "user_passes_test", "staff_member_required"}


class Caching(Examination):
    """`SessionMiddleware` adds `Vary: Cookie` on the way out; what is stored before that lacks it."""

    title: ClassVar[str] = "Cached pages"
    codes: ClassVar[Mapping[str, Code]] = {
        "cached-without-vary": Code("hazard", "`cache_page` on a view that depends on who asks"),
        "cache-below-sessions": Code("hazard", "a cache middleware below `SessionMiddleware`"),
        "cache-order": Code("notice", "the two cache middlewares the wrong way round"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at the order of ``MIDDLEWARE``, and at every use of `cache_page`."""
        yield from _order(project)
        for module in project.sources.modules:
            for view, inner, place in _cached(project.sources, module):
                part = _personal(view, inner)
                if part and not inner & _HELD_BACK:
                    yield Diagnosis(
                        "cached-without-vary",
                        "hazard",
                        str(module.path),
                        place.lineno,
                        f"cache_page stores what {view.name} makes of {part}, before the session middleware adds "
                        "`Vary: Cookie`: the next visitor gets this one's page.",
                        "Put @vary_on_cookie below @cache_page, or cache the parts that are the same for everybody.",
                    )


def _order(project: Project) -> Iterator[Diagnosis]:
    entries = list(project.middleware)
    for storing in _STORING:
        if storing in entries and _SESSIONS in entries and entries.index(storing) > entries.index(_SESSIONS):
            place = project.place_of_middleware(storing)
            yield Diagnosis(
                "cache-below-sessions",
                "hazard",
                str(place.file),
                place.line,
                f"{storing.rpartition('.')[2]} stands below SessionMiddleware, so it stores pages before they say "
                "`Vary: Cookie`, and hands them to other people.",
                f"Move it above {_SESSIONS}.",
            )
    both = [entry for entry in entries if entry in (_STORING[0], _FETCHING)]
    if both == [_FETCHING, _STORING[0]]:
        place = project.place_of_middleware(_FETCHING)
        yield Diagnosis(
            "cache-order",
            "notice",
            str(place.file),
            place.line,
            "FetchFromCacheMiddleware stands above UpdateCacheMiddleware, so its pages skip what lies between them.",
            "Put UpdateCacheMiddleware first in MIDDLEWARE and FetchFromCacheMiddleware last.",
        )


_View = Function | ast.ClassDef


def _cached(sources: Sources, module: Module) -> Iterator[tuple[_View, set[str], ast.expr]]:
    """Yield each view under `cache_page`, the names used by the decorators below it, and where `cache_page` stands."""
    for node in (*module.functions, *module.classes, *module.calls):
        if isinstance(node, _View):
            for index, decorator in enumerate(node.decorator_list):
                if _mentions(module, decorator):
                    yield node, _names(*node.decorator_list[index + 1 :], decorator), decorator
        elif isinstance(node, ast.Call) and _is_cache_page(module, node.func) and len(node.args) == 1:
            wrapped = node.args[0]
            while isinstance(wrapped, ast.Call) and wrapped.args:  # `cache_page(60)(vary_on_cookie(view))`
                wrapped = wrapped.args[0]
            if isinstance(wrapped, ast.Call):  # `View.as_view()`
                wrapped = wrapped.func.value if isinstance(wrapped.func, ast.Attribute) else wrapped.func
            found = sources.find(module.dotted(wrapped) or "")
            if found and sources.is_own(found.module):
                yield found.node, _names(node.args[0], *found.node.decorator_list), node


def _is_cache_page(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is ``cache_page(...)``."""
    return isinstance(node, ast.Call) and module.dotted(node.func) == _CACHE_PAGE


def _mentions(module: Module, decorator: ast.expr) -> bool:
    return any(_is_cache_page(module, node) for node in ast.walk(decorator) if isinstance(node, ast.expr))


def _names(*nodes: ast.expr) -> set[str]:
    return {last_name(node) for root in nodes for node in ast.walk(root) if isinstance(node, ast.Name | ast.Attribute)}


def _personal(view: _View, inner: set[str]) -> str | None:
    """Return what in a view depends on who asks, as text; None where nothing does, or where it says so itself."""
    functions = [view] if isinstance(view, Function) else [node for node in view.body if isinstance(node, Function)]
    if any(
        last_name(node.func) in _HELD_BACK for one in functions for node in within(one) if isinstance(node, ast.Call)
    ):
        return None
    for function in functions:
        given = conventional(function)
        if isinstance(view, Function) and parameters(view):
            given[parameters(view)[0]] = Grade.REQUEST
        flow = Flow(function, given)
        nodes = [node for node in within(function) if isinstance(node, ast.Attribute | ast.Call)]
        asking = [node for node in nodes if flow.grade(node) is Grade.IDENTITY]
        if asking:  # by an attribute such as `request.user.pk` rather than by the call that is handed it
            node = next((node for node in asking if isinstance(node, ast.Attribute)), asking[0])
            return ast.unparse(node) if isinstance(node, ast.Attribute) else ast.unparse(node.func)
    return next(iter(sorted(inner & _SIGNED_IN)), None)
