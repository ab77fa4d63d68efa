"""What lives as long as the process beside the modules, and where Django keeps it: where walks begin.

Views by the URLconf, the admin's classes, receivers of signals, nodes of templates, the configurations of the apps.
Nothing is imported, made or evaluated: what Django has not made yet holds nobody.
"""

import gc
import sys
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.dispatch import Signal
from django.template import engines
from django.template.base import Node, NodeList, Template
from django.urls import resolvers

from reqtrace.watching.holders.origin import is_of_framework
from reqtrace.watching.holders.reach import name_of

_SIGNALS = ("django.core.signals", "django.db.models.signals", "django.contrib.auth.signals", "django.test.signals")
_NODES_MAX = 10_000

Root = tuple[str, Any]


def roots() -> Iterator[Root]:
    """Yield them all, with the paths by which they are called."""
    yield from _views()
    yield from roots_beside_views()


def roots_beside_views() -> Iterator[Root]:
    """Yield all but the views."""
    yield from _templates()
    yield from _admin()
    yield from _receivers()
    yield from ((name_of(config), config) for config in list(apps.app_configs.values()))


def view_of_request(request: Any) -> Root | None:
    """Return the view that a request was given to; None where there is none yet."""
    match = getattr(request, "resolver_match", None)  # a job has none
    return None if match is None else (name_of(match.func), match.func)


def _views() -> Iterator[Root]:
    if sys.modules.get(getattr(settings, "ROOT_URLCONF", "")) is not None:
        yield from _patterns(resolvers.get_resolver(None), 0)


def _patterns(resolver: Any, depth: int) -> Iterator[Root]:
    values = vars(resolver)
    for pattern in list(values.get("url_patterns") or ()) if depth < 16 else ():
        if isinstance(pattern, resolvers.URLPattern):
            yield name_of(pattern.callback), pattern.callback
        elif isinstance(pattern, resolvers.URLResolver):
            yield from _patterns(pattern, depth + 1)


def _admin() -> Iterator[Root]:
    module = sys.modules.get("django.contrib.admin.sites")
    for site in list(getattr(module, "all_sites", ())):
        yield name_of(site), site
        for model_admin in list(vars(site).get("_registry", {}).values()):
            yield name_of(model_admin), model_admin


def _receivers() -> Iterator[Root]:
    for name in _SIGNALS:
        for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
            if isinstance(value, Signal):
                yield name_of(value), value


def _templates() -> Iterator[Root]:
    """Yield the nodes of the application's and of libraries' make that stand in templates which are kept."""
    for backend in list(vars(engines).get("_engines", {}).values()):
        engine = vars(backend).get("engine")
        loaders = vars(engine).get("template_loaders") if hasattr(engine, "__dict__") else None
        for loader in loaders or ():
            for template in list(vars(loader).get("get_template_cache", {}).values()):
                if isinstance(template, Template):
                    yield from _nodes(template)


def _nodes(template: Any) -> Iterator[Root]:
    pending: list[Any] = [template.nodelist]
    seen: set[int] = set()
    while pending and len(seen) < _NODES_MAX:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if issubclass(type(value), Node) and not is_of_framework(type(value).__module__):
            yield name_of(value), value
        pending.extend(
            held for held in gc.get_referents(value) if issubclass(type(held), Node | NodeList | list | tuple | dict)
        )
