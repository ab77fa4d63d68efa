"""Functions that remember their results by the request or the user they were given."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.source.flow import conventional
from reqtrace.code.source.scopes import Function
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_CACHES = {
    "functools.cache",
    "functools.lru_cache",
    "cachetools.cached",
    "cachetools.func.lru_cache",
    "cachetools.func.ttl_cache",
}


class CachedFunctions(Examination):
    """`functools.cache` keeps each argument alive: a request with its user, files and session, for ever."""

    title: ClassVar[str] = "Functions that remember requests"
    codes: ClassVar[Mapping[str, Code]] = {
        "cached-by-request": Code("hazard", "`functools.cache` or its like on a function that takes a request"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at the decorators of every function that takes a request."""
        for module, function in project.sources.functions():
            if not isinstance(function, Function):
                continue
            given = next(iter(conventional(function)), None)
            for decorator in function.decorator_list if given else ():
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if module.dotted(called) in _CACHES:
                    yield Diagnosis(
                        "cached-by-request",
                        "hazard",
                        str(module.path),
                        decorator.lineno,
                        f"{ast.unparse(called)} keeps every `{given}` that {function.name} is called with, and all "
                        "that hangs on it, for as long as the process lives.",
                        f"Give {function.name} what it reads of `{given}`, such as a primary key, and cache by that; "
                        f"or keep the result on `{given}` itself.",
                    )
