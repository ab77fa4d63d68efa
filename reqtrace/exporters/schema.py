"""The JSON Schema of the trace document, made from the records and what is written under their fields."""

import ast
import inspect
import textwrap
from functools import cache
from typing import Any

import msgspec

from reqtrace import records

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def trace_schema() -> dict[str, Any]:
    """Return the schema of `records.Trace`; the docstrings of its fields become their descriptions."""
    (reference,), definitions = msgspec.json.schema_components([records.Trace], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        # Python 3.13 strips docstrings of their indentation, and the ones before do not.
        definition["description"] = inspect.cleandoc(definition["description"])
        for field, text in texts_under(getattr(records, name)).items():
            definition["properties"][field]["description"] = text
    return {"$schema": DIALECT, "title": "reqtrace trace", **reference, "$defs": definitions}


def schema_text() -> str:
    """Return the schema as text, in an order that only a change of the records changes."""
    return msgspec.json.format(msgspec.json.encode(trace_schema(), order="sorted"), indent=2).decode() + "\n"


@cache
def texts_under(type_: type[msgspec.Struct]) -> dict[str, str]:
    """Return the string that stands under each field of a struct; Python itself forgets them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(type_))).body[0]
    assert isinstance(tree, ast.ClassDef)
    texts = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                texts[name] = inspect.cleandoc(words)
    return texts
