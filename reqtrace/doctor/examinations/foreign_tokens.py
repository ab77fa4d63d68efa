"""Tokens of context variables that are reset in another method than the one that set them."""

import ast
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.source.holders import find_holders
from reqtrace.code.source.middlewares import HOOKS, find_middlewares
from reqtrace.code.source.scopes import within
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project


class ForeignTokens(Examination):
    """Under ASGI each hook of a `MiddlewareMixin` runs in a context of its own, where the token is not known."""

    title: ClassVar[str] = "Tokens carried from one method to another"
    codes: ClassVar[Mapping[str, Code]] = {
        "token-of-another-context": Code(
            "hazard or notice", "a variable is reset in another method than the one that set it; under ASGI that raises"
        ),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at the hooks of each middleware."""
        holders = find_holders(project.sources)
        for middleware in find_middlewares(project.sources):
            for module, function, _ in middleware.steps:
                if function.name not in HOOKS or function.name == "__call__":
                    continue
                for node in within(function):
                    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                        continue
                    holder = holders.get(module, node.func.value)
                    if node.func.attr != "reset" or holder is None or holder.kind != "ContextVar":
                        continue
                    if not any(_sets(other, ast.unparse(node.func.value)) for other in within(function)):
                        yield Diagnosis(
                            "token-of-another-context",
                            "hazard" if project.asgi else "notice",
                            str(module.path),
                            node.lineno,
                            f"{function.name} resets {holder.name} with a token that another method got: "
                            "under ASGI that is another context, so it raises ValueError and clears nothing.",
                            "Write the middleware with `__call__`, and set and reset the variable within it, "
                            "in try/finally.",
                        )


def _sets(node: ast.AST, variable: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == f"{variable}.set"
