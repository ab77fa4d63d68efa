"""Functions as they stand in a syntax tree: their parameters, their own names, and what is executed in them."""

import ast
from functools import lru_cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Lambda


def parameters(scope: Scope) -> list[str]:
    """Return the names of a function's parameters."""
    spec = scope.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    return [parameter.arg for parameter in every if parameter is not None]


@lru_cache(maxsize=4096)
def bound_names(scope: Scope) -> frozenset[str]:
    """Return the names that are local to a function."""
    bound, free = set(parameters(scope)), set[str]()
    for node in within(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, Function | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            free.update(node.names)
    return frozenset(bound - free)


@lru_cache(maxsize=65_536)
def within(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return every node below, in the order of the source, but nothing inside nested functions and classes."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(node))[::-1]
    while waiting:
        child = waiting.pop()
        found.append(child)
        if not isinstance(child, Scope | ast.ClassDef):
            waiting.extend(list(ast.iter_child_nodes(child))[::-1])
    return tuple(found)


def is_call_to(node: ast.AST, name: str) -> bool:
    """Tell whether an expression is a call to a plain name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def decorators(function: Scope) -> set[str]:
    return {ast.unparse(node) for node in getattr(function, "decorator_list", ())}


def is_async(scope: Scope) -> bool:
    """Tell whether a function is a coroutine function."""
    return isinstance(scope, ast.AsyncFunctionDef)
