"""Where a project keeps the current request or user: thread-locals, context variables, dicts keyed by thread."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, within
from reqtrace.code.source.sources import Sources

Kind = Literal["threading.local", "asgiref Local", "ContextVar", "dict keyed by thread"]

_KINDS: dict[str, Kind] = {
    "threading.local": "threading.local",
    "_thread._local": "threading.local",
    "_threading_local.local": "threading.local",
    "gevent.local.local": "threading.local",
    "asgiref.local.Local": "asgiref Local",
    "werkzeug.local.Local": "asgiref Local",
    "contextvars.ContextVar": "ContextVar",
    "_contextvars.ContextVar": "ContextVar",
}
_THREADS = {
    "threading.current_thread",
    "threading.currentThread",
    "threading.get_ident",
    "threading.get_native_id",
    "_thread.get_ident",
    "greenlet.getcurrent",
    "gevent.getcurrent",
}


class Holder(NamedTuple):
    """A place that lives as long as the process, and looks different from each thread or context."""

    name: str
    """Its dotted name, such as ``shop.middleware._locals``."""
    kind: Kind
    module: Module
    node: ast.expr
    """The expression that makes it."""


class Holders:
    """All holders of a project."""

    def __init__(self, sources: Sources) -> None:
        """Find them."""
        self._sources = sources
        self._found: dict[str, Holder] = {}
        for holder in (*self._made(), *self._keyed()):
            self._found.setdefault(holder.name, holder)

    def __iter__(self) -> Iterator[Holder]:
        """Go through all."""
        return iter(self._found.values())

    def get(self, module: Module, node: ast.expr) -> Holder | None:
        """Return the holder that an expression stands for."""
        dotted = module.dotted(node)
        if dotted is None or "." not in dotted:
            return None
        dotted = self._sources.resolve(dotted)
        owner, _, name = dotted.rpartition(".")
        if dotted not in self._found:
            dotted = next(
                (f"{base}.{name}" for base in self._sources.bases(owner) if f"{base}.{name}" in self._found), ""
            )
        return self._found.get(dotted)

    def _made(self) -> Iterator[Holder]:
        for module in self._sources.modules:
            for node in module.assignments:
                if isinstance(node.value, ast.Call):
                    kind = self._kind(module, node.value)
                    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                        name = module.dotted(target) if kind else None
                        if kind and name and "." in name:
                            yield Holder(name, kind, module, node.value)

    def _kind(self, module: Module, call: ast.Call) -> Kind | None:
        func = call.func.value if isinstance(call.func, ast.Subscript) else call.func  # `ContextVar[str](...)`
        dotted = module.dotted(func)
        if dotted is None:
            return None
        names = (dotted, self._sources.resolve(dotted), *self._sources.bases(dotted))
        return next((_KINDS[name] for name in names if name in _KINDS), None)

    def _keyed(self) -> Iterator[Holder]:
        for module, function in self._sources.functions():
            for node in within(function):
                if (
                    isinstance(node, ast.Subscript)
                    and isinstance(node.ctx, ast.Store)
                    and keyed(module, node, function)
                ):
                    name = module.dotted(node.value)
                    if name and "." in name:
                        yield Holder(self._sources.resolve(name), "dict keyed by thread", module, node)


@lru_cache(maxsize=1)
def find_holders(sources: Sources) -> Holders:
    """Return the holders of a project."""
    return Holders(sources)


def keyed(module: Module, node: ast.Subscript, function: Function) -> bool:
    """Tell whether a subscript asks for the entry of the current thread, task or greenlet."""
    return is_thread_key(module, node.slice, function)


def is_thread_key(module: Module, key: ast.expr, function: Function) -> bool:
    """Tell whether an expression names the current thread or greenlet, also by a local name."""
    if isinstance(key, ast.Attribute) and key.attr in ("ident", "name", "native_id"):
        key = key.value
    if isinstance(key, ast.Name):
        values = [
            node.value
            for node in within(function)
            if isinstance(node, ast.Assign) and any(ast.dump(target) == _stored(key) for target in node.targets)
        ]
        return len(values) == 1 and not isinstance(values[0], ast.Name) and is_thread_key(module, values[0], function)
    return isinstance(key, ast.Call) and module.dotted(key.func) in _THREADS


def _stored(name: ast.Name) -> str:
    return ast.dump(ast.Name(name.id, ast.Store()))
