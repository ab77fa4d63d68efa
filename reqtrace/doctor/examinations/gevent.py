"""gevent that patches too late, or not at all: then greenlets share every thread-local."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.source.module import Module
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project, TextFile

_PATCH = "gevent.monkey.patch_all"
_EARLY = re.compile(r"^\s*gevent-early-monkey-patch\s*=\s*(?!false|0)", re.MULTILINE | re.IGNORECASE)
_USES = re.compile(r"^\s*gevent\s*=\s*\d+", re.IGNORECASE)
_HARMLESS = sys.stdlib_module_names | {"gevent"}


class Gevent(Examination):
    """A `threading.local` made before the patch is one object for all greenlets, so users mix within a view."""

    title: ClassVar[str] = "gevent"
    codes: ClassVar[Mapping[str, Code]] = {
        "gevent-patched-after-import": Code("hazard", "gevent patches too late, or not at all"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at the servers' configuration, and at calls of `patch_all` in the project."""
        if project.gunicorn:
            yield from _gunicorn(project.gunicorn)
        for file in project.uwsgi:
            yield from _uwsgi(file)
        for module in (*project.sources.modules, *((project.gunicorn,) if project.gunicorn else ())):
            yield from _late(module)


def _gunicorn(module: Module) -> Iterator[Diagnosis]:
    worker, preload = _constant(module, "worker_class"), _constant(module, "preload_app")
    if worker is None or preload is None or "gevent" not in str(worker.value) or not preload.value:
        return
    if not any(module.dotted(node.func) == _PATCH for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        yield Diagnosis(
            "gevent-patched-after-import",
            "hazard",
            str(module.path),
            preload.lineno,
            "gunicorn preloads the application before its gevent worker patches: thread-locals made by then are "
            "shared by all greenlets, and users mix within a view.",
            "Begin this file with `from gevent import monkey; monkey.patch_all()`, or turn preload_app off.",
        )


def _constant(module: Module, name: str) -> ast.Constant | None:
    for node in module.tree.body:
        names = [target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and name in names:
            return node.value
    return None


def _uwsgi(file: TextFile) -> Iterator[Diagnosis]:
    for number, line in enumerate(file.text.splitlines(), 1):
        if _USES.match(line) and not _EARLY.search(file.text):
            yield Diagnosis(
                "gevent-patched-after-import",
                "hazard",
                str(file.path),
                number,
                "uWSGI runs gevent here without patching before the application is imported: thread-locals are shared "
                "by all greenlets, and users mix within a view.",
                "Add `gevent-early-monkey-patch = true`; gevent-monkey-patch alone comes too late.",
            )


def _late(module: Module) -> Iterator[Diagnosis]:
    """Look for a patch behind the first import that could have made a thread-local."""
    imported: str | None = None
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) and imported is None:
            names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
            first = names[0] if names else (getattr(statement, "module", None) or ".")
            if first.partition(".")[0] not in _HARMLESS:
                imported = first
        for node in ast.walk(statement) if isinstance(statement, ast.Expr | ast.If | ast.Try) else ():
            if isinstance(node, ast.Call) and module.dotted(node.func) == _PATCH and imported is not None:
                yield Diagnosis(
                    "gevent-patched-after-import",
                    "hazard",
                    str(module.path),
                    node.lineno,
                    f"gevent patches after {imported} was imported: thread-locals made by then are shared by all "
                    "greenlets.",
                    "Make `from gevent import monkey; monkey.patch_all()` the first lines of the first file that runs.",
                )
