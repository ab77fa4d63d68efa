"""Requests and users kept where everybody shares them: on objects made once, on classes, in modules."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

from reqtrace.code.grades import Grade
from reqtrace.code.source.flow import Flow, conventional
from reqtrace.code.source.holders import Holders, find_holders
from reqtrace.code.source.middlewares import find_middlewares
from reqtrace.code.source.module import Module
from reqtrace.code.source.scopes import Function, decorators, is_call_to, parameters, within
from reqtrace.code.source.sources import Sources
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_MADE_ONCE = {
    "django.apps.AppConfig": "an app config",
    "django.apps.config.AppConfig": "an app config",
    "django.contrib.admin.AdminSite": "an admin site",
    "django.contrib.admin.sites.AdminSite": "an admin site",
    "django.contrib.admin.ModelAdmin": "a model admin",
    "django.contrib.admin.options.ModelAdmin": "a model admin",
    "django.contrib.syndication.views.Feed": "a feed",
    "django.core.files.storage.Storage": "a storage",
    "django.core.files.storage.base.Storage": "a storage",
    "django.core.validators.BaseValidator": "a validator",
    "django.core.validators.RegexValidator": "a validator",
    "django.template.Node": "a node of a template that is parsed once",
    "django.template.base.Node": "a node of a template that is parsed once",
    "django.template.backends.base.BaseEngine": "a template engine",
    "django.template.loaders.base.Loader": "a template loader",
}
_PER_THREAD = {"threading.local", "_thread._local", "asgiref.local.Local"}
_REMEDY = (
    "Pass it on as an argument, keep it on `request`, or use a contextvars.ContextVar reset by token in a `finally`."
)


class _Kept(NamedTuple):
    code: str
    where: str
    why: str


class KeptRequests(Examination):
    """Two requests at once overwrite each other there, and the last one stays."""

    title: ClassVar[str] = "Requests and users kept in shared places"
    codes: ClassVar[Mapping[str, Code]] = {
        "kept-on-instance": Code(
            "hazard or notice", "a request, or a part of it, on an object made once for all requests"
        ),
        "kept-on-class": Code("hazard or notice", "a request, or a part of it, on a class, which all requests share"),
        "kept-in-module": Code("hazard or notice", "a request, or a part of it, in a module, which all requests share"),
        "kept-in-closure": Code("hazard or notice", "a request, or a part of it, in a closure that all requests share"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at every assignment of something that a request carries."""
        sources, holders = project.sources, find_holders(project.sources)
        steps = {step.function: step.given for middleware in find_middlewares(sources) for step in middleware.steps}
        once = _made_once(sources)
        for module, function in sources.functions():
            given = steps.get(function)
            if given is None and not _meets_requests(function):
                continue
            flow = Flow(function, conventional(function) if given is None else conventional(function) | given)
            for target, value in _stores(function):
                grade = flow.grade(value)
                kept = _kept(sources, holders, module, function, target, once) if grade else None
                if kept and (grade >= Grade.IDENTITY or (given is not None and kept.code == "kept-on-instance")):
                    carried = (
                        ast.unparse(value)
                        if grade >= Grade.IDENTITY
                        else f"a value of one request, {ast.unparse(value)},"
                    )
                    yield Diagnosis(
                        kept.code,
                        "hazard" if grade >= Grade.IDENTITY else "notice",
                        str(module.path),
                        target.lineno,
                        f"{carried} is kept {kept.where}: {kept.why}.",
                        _REMEDY,
                    )


def _meets_requests(function: Function) -> bool:
    """Tell whether a function may have a request at all: most have none, and need no closer look."""
    return bool(conventional(function)) or any(
        isinstance(node, ast.Attribute) and node.attr == "request" for node in within(function)
    )


def _kept(
    sources: Sources,
    holders: Holders,
    module: Module,
    function: Function,
    target: ast.expr,
    once: dict[ast.ClassDef, str],
) -> _Kept | None:
    """Return where an assignment keeps its value, if that place is shared."""
    if isinstance(target, ast.Name):
        return _of_name(function, target.id)
    if not isinstance(target, ast.Attribute | ast.Subscript) or holders.get(module, target.value):
        return None
    root = target.value
    while isinstance(root, ast.Attribute):
        root = root.value
    owner = module.class_of(root.id, root) if isinstance(root, ast.Name) else None
    if owner is not None and isinstance(root, ast.Name) and not _is_class(function, root, target.value):
        if owner not in once or isinstance(target, ast.Subscript):
            return None
        return _Kept(
            "kept-on-instance",
            f"as {ast.unparse(target)}",
            f"{owner.name} is {once[owner]}, made once for all requests, so requests at the same time see each other's",
        )
    dotted = module.dotted(target.value)
    if dotted is None or "." not in dotted:
        return None
    found = sources.find(dotted)
    if isinstance(target, ast.Attribute) and found and isinstance(found.node, ast.ClassDef):
        return _Kept("kept-on-class", f"on the class, {found.node.name}.{target.attr}", "all requests share it")
    constant = isinstance(target, ast.Attribute) or isinstance(target.slice, ast.Constant)
    if constant and found is None and owner is None:
        return _Kept("kept-in-module", f"as {ast.unparse(target)}, for the whole process", "all requests share it")
    return None


def _of_name(function: Function, name: str) -> _Kept | None:
    for node in within(function):
        if isinstance(node, ast.Global) and name in node.names:
            return _Kept("kept-in-module", f"in the global {name}", "all requests share it")
        if isinstance(node, ast.Nonlocal) and name in node.names and parameters(function)[:1] == ["request"]:
            return _Kept("kept-in-closure", f"in {name} of the enclosing function", "it is made once, for all requests")
    return None


def _is_class(function: Function, root: ast.Name, base: ast.expr) -> bool:
    """Tell whether an expression that begins with a method's first parameter is the class, not an instance."""
    if isinstance(base, ast.Attribute):
        return base.attr == "__class__"
    return "classmethod" in decorators(function) and parameters(function)[:1] == [root.id]


def _made_once(sources: Sources) -> dict[ast.ClassDef, str]:
    """Return the classes of which there is one instance for many requests, and what they are."""
    found = {middleware.owner: "a middleware" for middleware in find_middlewares(sources) if middleware.owner}
    instantiated = _instantiated_at_import(sources)
    for module, node in sources.classes():
        if module.function_around(node) is not None or node in found:
            continue
        name = module.qualified(node)
        init = sources.find(f"{name}.__init__")
        bases = tuple(sources.bases(name))
        if _PER_THREAD.intersection(bases) or (init and isinstance(init.node, Function) and conventional(init.node)):
            continue
        known = next((_MADE_ONCE[base] for base in bases if base in _MADE_ONCE), None)
        if known or name in instantiated:
            found[node] = known or "instantiated as its module is imported"
    return found


def _instantiated_at_import(sources: Sources) -> set[str]:
    return {
        sources.resolve(dotted)
        for module in sources.modules
        for statement in module.tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
        for node in (statement, *within(statement))
        if isinstance(node, ast.Call) and (dotted := module.dotted(node.func))
    }


def _stores(function: Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in within(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield target, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.Call) and is_call_to(node, "setattr") and len(node.args) == 3:
            target = ast.Attribute(node.args[0], ast.unparse(node.args[1]).strip("'"), ast.Store())
            yield ast.copy_location(target, node), node.args[2]
