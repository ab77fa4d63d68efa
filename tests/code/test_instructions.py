"""The instructions of code objects are those of ``co_code``, also where the interpreter has specialised them."""

import asyncio
import dis
import json
import sys
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType

import pytest

from reqtrace.code.instructions import exact, first_names, rough


def busy(values: list[int], text: str) -> int:
    found = 0
    for value in values:
        if value in values and value is not None:
            found += len(text) + values[0] - value
        text = text + "x"
        dis.opmap.get(text)
    return found


def codes() -> Iterator[CodeType]:
    for module in (asyncio, json, textwrap, dis, sys.modules["json.decoder"], sys.modules["re"], sys.modules[__name__]):
        for value in vars(module).values():
            if isinstance(value, FunctionType):
                yield value.__code__
                yield from (constant for constant in value.__code__.co_consts if isinstance(constant, CodeType))


def test_they_are_the_same_once_they_were_run() -> None:
    for _ in range(500):
        busy([1, 2, 3], "text")
    assert busy.__code__._co_code_adaptive != busy.__code__.co_code  # type: ignore[attr-defined]
    seen = 0
    for code in codes():
        seen += 1
        assert exact(code) == code.co_code, code
        assert set(code.co_code[::2]) <= set(rough(code)[0]), code
        assert first_names(code, code.co_argcount) == code.co_varnames[: code.co_argcount]
    assert seen > 50


def test_nothing_is_kept_beside_the_code_that_was_read() -> None:
    def fresh(value: int) -> int:
        return value + 1

    code = fresh.__code__
    read = exact(code)
    assert read is not code.co_code
    assert exact(code) is not exact(code), "made anew each time, and kept by nobody"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tools are told of instructions since Python 3.12")
def test_where_a_tool_has_put_its_own_in_they_are_asked_of_python() -> None:
    monitoring = sys.monitoring
    monitoring.use_tool_id(4, "reqtrace-tests")
    try:
        monitoring.set_local_events(4, busy.__code__, monitoring.events.LINE)
        busy([1], "x")
        assert exact(busy.__code__) == busy.__code__.co_code
    finally:
        monitoring.set_local_events(4, busy.__code__, 0)
        monitoring.free_tool_id(4)
