"""The fix as code: what it names, for which holder and which server, and where there is none."""

import ast
import re
from itertools import product

import pytest

from reqtrace.findings.mending import mending
from reqtrace.records import FindingKind, Frame, Hop, Side, Writer
from tests.factories import BOB, finding, process, request

WRITER = Writer("p1-00000001", 1, [Frame("/srv/app/shop/middleware.py", 12, "Remembers.__call__")], True)
LIBRARY = Writer(None, None, [Frame("/venv/lib/python3.13/site-packages/crum/__init__.py", 30, "set_current_user")])
WSGI = process()
ASGI = process(server="uvicorn", worker_class="uvicorn", interface="asgi")
GEVENT = process(worker_class="gevent")
WORKER = process(server="celery", worker_class="prefork", interface="worker")
LOCAL = "shop.middleware._locals.user"
KINDS = {
    "threading.local": LOCAL,
    "gevent.local": LOCAL,
    "asgiref.Local": LOCAL,
    "ContextVar": "shop.middleware.current_user",
    "attribute": "shop.middleware.Current.user",
    "dict by thread": "shop.middleware._users",
    "callable": "shop.middleware.get_current_user",
    "connection": "app.tenant",
    None: None,
}


def code(process=WSGI, seen=None, of=None, **fields) -> str | None:
    """Return the code for a finding of request 2, which saw request 1."""
    one = finding("p1-00000002", **{"writer": WRITER, "holder": LOCAL, "observed": Side("p1-00000001", BOB)} | fields)
    return mending(one, process, of or request(2), seen or request(1))


@pytest.mark.parametrize("kind", FindingKind.__args__)
@pytest.mark.parametrize("holder_kind", KINDS)
def test_whatever_is_said_compiles(kind, holder_kind) -> None:
    for served_by, writer, met in product((WSGI, ASGI, GEVENT, WORKER), (WRITER, LIBRARY, None), (True, False)):
        seen = request(1, duration_ns=60_000_000_000 if met else 1_000)
        said = code(served_by, seen, kind=kind, holder=KINDS[holder_kind], holder_kind=holder_kind, writer=writer)
        assert said is None or served_by is not WORKER or kind == "response-crossed"
        if said is not None:
            tree = ast.parse(said)
            assert said.startswith("# "), said
            assert said.endswith("\n")
            assert max(map(len, said.splitlines())) <= 120
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert all(name in defined for name in re.findall(r'insert\(1, "\w+\.(\w+)"\)', said))


@pytest.mark.parametrize(
    ("served_by", "holder_kind", "says", "silent"),
    [
        (WSGI, "threading.local", ["del _locals.user", "    def middleware"], ["ContextVar", "async"]),
        (
            ASGI,
            "threading.local",
            ["_locals = Local()", "in place of shop.middleware._locals =", "async def"],
            ["set("],
        ),
        (GEVENT, "threading.local", ["_locals = Local()", "    def middleware"], ["async"]),
        (ASGI, "asgiref.Local", ["del _locals.user", "async def"], ["ContextVar"]),
        (WSGI, "ContextVar", ["copy_context().run(get_response, request)"], ["async"]),
        (ASGI, "attribute", ["current_request.reset(token)", "user = current_request.get().user"], ["copy_context"]),
        (WSGI, "dict by thread", ["from shop.middleware import _users", "_users.pop(key, None)"], ["ContextVar"]),
        (ASGI, "dict by thread", ["in place of shop.middleware._users"], [".pop"]),
    ],
)
def test_it_names_what_is_there_for_the_holder_and_the_server(served_by, holder_kind, says, silent) -> None:
    said = code(served_by, holder=KINDS[holder_kind], holder_kind=holder_kind)
    assert said is not None
    assert "Remembers.__call__ (shop/middleware.py:12)" in said
    assert all(text in said for text in says), said
    assert not any(text in said for text in silent), said


def test_a_local_in_a_class_is_come_to_by_the_class_and_one_of_a_module_that_nobody_knows_by_its_name() -> None:
    assert "from shop.middleware import Remembers" in str(code(holder="shop.middleware.Remembers._locals.user"))
    said = str(code(holder="shop.middleware.Remembers._locals.user"))
    assert "del Remembers._locals.user" in said
    elsewhere = str(code(holder="shop.state.tools.kept.user"))
    assert '\nkept = resolve_name("shop.state.tools.kept")\n' in elsewhere
    assert "del kept.user" in elsewhere


@pytest.mark.parametrize(
    "fields",
    [
        {"holder": "shop.middleware._locals.stack[0]"},
        {"holder": "shop.middleware._locals.class"},
        {"process": ASGI, "writer": LIBRARY, "holder": "crum._thread_locals.user"},
        {"process": ASGI, "writer": None},
        {"process": ASGI, "holder": "auditlog.context.auditlog_value", "holder_kind": "ContextVar"},
        {"holder_kind": "attribute", "writer": LIBRARY},
        {"holder_kind": "attribute", "writer": None},
        {"process": None},
        {"kind": "swapped", "holder": "request.user", "holder_kind": None},
        {"kind": "retained"},
        {"kind": "lost"},
        {"kind": "outlived", "holder": None, "holder_kind": None},
        {"of": request(2, protocol="job")},
        {"checkpoint": "in the pool", "of": request(2, hops=[Hop(0, "start", 1, 1), Hop(9, "in the pool", 2, 2)])},
        {"kind": "response-crossed", "seen": request(1, view="", process="p2")},
    ],
    ids=str,
)
def test_where_no_code_can_be_said_there_is_none(fields) -> None:
    assert code(**fields) is None


def test_where_both_were_served_at_once_a_context_variable_holds_what_all_contexts_share() -> None:
    variable = {"holder": "shop.middleware.stack", "holder_kind": "ContextVar"}
    assert "copy_context" in str(code(**variable))
    said = str(code(seen=request(1, duration_ns=60_000_000_000), **variable))
    assert "copy_context" not in said
    assert "current_request.set(request)" in said
    unknown = finding("p1-00000002", observed=Side(None, BOB), writer=WRITER, **variable)
    assert mending(unknown, WSGI, request(2), None) is None


def test_no_text_out_of_a_holders_path_or_a_functions_name_gets_out_of_its_comment() -> None:
    nasty = Writer(None, None, [Frame("/srv/shop/views.py", 1, "f\nimport os\r\x0bimport os\u2028import os")])
    for holder_kind, holder in (
        ("attribute", "shop.kept['\nimport os\r\x0c\x85import os'].user"),
        ("ContextVar", "shop.v"),
    ):
        said = str(code(holder=holder, holder_kind=holder_kind, writer=nasty))
        assert "import os" in said
        assert "os" not in {alias.name for node in ast.walk(ast.parse(said)) for alias in getattr(node, "names", ())}


def test_sockets_run_no_middleware() -> None:
    said = str(code(ASGI, of=request(2, protocol="websocket"), holder_kind="threading.local"))
    assert "_locals = Local()" in said
    assert "MIDDLEWARE" not in said


def test_a_librarys_user_clears_it_around_the_library() -> None:
    said = str(code(writer=LIBRARY, holder="crum._thread_locals.user", holder_kind="threading.local"))
    assert "from crum import _thread_locals" in said
    assert "set_current_user (crum/__init__.py:30)" in said


def test_a_setting_of_the_connection_is_reset_and_none_is_said_that_is_no_name() -> None:
    asked = {"kind": "connection-crossed", "holder_kind": "connection"}
    assert 'cursor.execute("RESET app.tenant")' in str(code(holder="app.tenant", **asked))
    assert code(holder='app.tenant"; DROP', **asked) is None


def test_a_cached_page_is_named_by_its_view_function_or_class() -> None:
    assert code(kind="response-crossed") is None  # it may be a response object that is used again
    said = str(code(kind="response-crossed", seen=request(1, view="shop.views.orders", process="p2")))
    assert "# shop.views.orders: " in said
    assert "@vary_on_cookie  # right below @cache_page\ndef orders(request): ..." in said
    said = str(code(kind="response-crossed", seen=request(1, view="shop.views.Orders", process="p2")))
    assert '@method_decorator(vary_on_cookie, "dispatch")' in said
    assert "class Orders(" in said


@pytest.mark.parametrize(("module", "name"), [("translation.trans_real", "language"), ("timezone", "time_zone")])
def test_language_and_time_zone_are_deactivated(module: str, name: str) -> None:
    said = str(code(kind="leftover", holder=f"django.utils.{module}._active.value", holder_kind="asgiref.Local"))
    assert f"deactivates_{name}" in said
    assert f"from django.utils import {module.partition('.')[0]}" in said
