"""What a line of code reads and writes, as its syntax tree tells: attributes, globals, items, and what is called."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["load", "store", "call"]
ITEMS = "[]"
"""Stands for what a container holds."""
_BUILT_IN_READERS = frozenset(
    {"len", "list", "tuple", "set", "dict", "sorted", "sum", "any", "all", "max", "min", "iter"}
)


class Touch(NamedTuple):
    """One place that a line reads or writes."""

    kind: Kind
    base: ast.expr | None
    """Of what; None: of the module, or of an enclosing function."""
    name: str
    """The attribute, the global, `ITEMS`, or the method that is called."""

    @property
    def label(self) -> str:
        """What it is called in the code."""
        if self.base is None:
            return self.name
        text = ast.unparse(self.base)
        return text if self.name == ITEMS else f"{text}.{self.name}"


@cache
def touches_of(file: str) -> Mapping[int, list[Touch]]:
    """Return what each line of a file touches; nothing for a file that cannot be read."""
    found: dict[int, list[Touch]] = defaultdict(list)
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return found
    shared = {name for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    for node in ast.walk(tree):
        for touch in _touches(node, shared):
            for line in {node.lineno, node.end_lineno or node.lineno}:  # type: ignore[attr-defined]
                found[line].append(touch)
    return found


def _touches(node: ast.AST, shared: set[str]) -> Iterator[Touch]:
    match node:
        case ast.Attribute(value=base, attr=name, ctx=context):
            yield Touch("load" if isinstance(context, ast.Load) else "store", base, name)
        case ast.Subscript(value=base, ctx=context):
            yield Touch("load" if isinstance(context, ast.Load) else "store", base, ITEMS)
        case ast.Name(id=name, ctx=context) if name in shared:
            yield Touch("load" if isinstance(context, ast.Load) else "store", None, name)
        case ast.AugAssign(target=ast.Attribute(value=base, attr=name)):
            yield Touch("load", base, name)
        case ast.AugAssign(target=ast.Subscript(value=base)):
            yield Touch("load", base, ITEMS)
        case ast.For(iter=base) | ast.AsyncFor(iter=base):
            yield Touch("load", base, ITEMS)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[base]):
            yield Touch("load", base, ITEMS)
        case ast.Call(func=ast.Attribute(value=base, attr=name)):
            yield Touch("call", base, name)
        case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[base, ast.Constant(value=str(name)), *_]):
            yield Touch("load", base, name)
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[base, ast.Constant(value=str(name)), *_]):
            yield Touch("store", base, name)
        case ast.Call(func=ast.Name(id=name) as function, args=arguments):
            yield Touch("call", function, "")
            if name in _BUILT_IN_READERS:
                for base in arguments:
                    yield Touch("load", base, ITEMS)
