"""Database connections: the checkpoint `query`, and what is left set on them, with a real PostgreSQL."""

import contextlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection as default_connection
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests import postgres_server
from tests.conftest import Tracing, close
from tests.findings.test_judge import person

Start = Callable[..., Tracing]


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """Run a PostgreSQL server of our own; return its port."""
    with postgres_server.running() as port:
        yield port


@pytest.fixture
def database(postgres: int, django_db_blocker: Any) -> Iterator[Any]:
    """Return a Django connection to it, made after tracing has begun."""
    pytest.importorskip("psycopg")
    handler = ConnectionHandler(
        {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "postgres",
                "USER": "postgres",
                "HOST": "127.0.0.1",
                "PORT": postgres,
            }
        }
    )
    connection = handler["default"]
    with django_db_blocker.unblock():  # a database of ours: not the one that pytest-django watches over
        yield connection
        connection.close()


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


def serve(inner: Callable[[], None], name: str | None) -> None:
    def layers(request: HttpRequest) -> HttpResponse:
        if name is not None:
            request.user = person(len(name), name)  # type: ignore[assignment]
        inner()
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def statements(connection: Any, *all_sql: str, params: list[object] | None = None) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            for sql in all_sql:
                cursor.execute(sql, params if "%s" in sql else None)

    return run


SETTERS = {
    "search_path": ("SET search_path TO alice_schema, public", None),
    "app.tenant": ("SELECT set_config('app.tenant', %s, false)", ["alice"]),
    "app.user_id": ("SET app.user_id = '7'", None),
    "app.name": ("SELECT set_config(%s, %s, %s)", ["app.name", "alice", False]),
}


@pytest.mark.parametrize("name", SETTERS)
def test_what_one_request_left_set_and_another_ran_with_is_found(tracing: Start, database: Any, name: str) -> None:
    traced = tracing()
    sql, params = SETTERS[name]
    serve(statements(database, sql, "SELECT 1", params=params), "alice")
    serve(statements(database, "SELECT 1"), "bob")
    (leak,) = findings(traced)
    assert (leak.kind, leak.level, leak.holder, leak.holder_kind) == ("connection-crossed", "leak", name, "connection")
    assert (leak.expected.user.label, leak.observed.user.label) == ("bob", "alice")
    assert leak.observed.request == traced.requests()[0].id
    assert leak.stack[0].file == __file__, "where the statement was made"


@pytest.mark.parametrize(
    "last",
    ["RESET search_path", "RESET ALL", "DISCARD ALL"],
)
def test_what_was_reset_is_no_finding(tracing: Start, database: Any, last: str) -> None:
    traced = tracing()
    serve(statements(database, "SET search_path TO a, public", "SELECT 1", last), "alice")
    serve(statements(database, "SELECT 1"), "bob")
    assert findings(traced) == []


def test_a_request_that_sets_it_itself_is_no_finding_whenever_it_does(tracing: Start, database: Any) -> None:
    traced = tracing()
    for name in ("alice", "bob"):
        serve(statements(database, "SELECT 1", f"SET app.tenant = '{name}'", "SELECT 2"), name)
    assert findings(traced) == []


def test_a_setting_of_the_transaction_is_no_finding(tracing: Start, database: Any) -> None:
    traced = tracing()
    local = ("SELECT set_config('app.tenant', 'alice', true)", "SET LOCAL search_path TO a")
    with contextlib.suppress(Exception):
        serve(statements(database, *local), "alice")
    serve(statements(database, "SELECT 1"), "bob")
    assert findings(traced) == []


def test_the_same_person_and_settings_of_other_things_are_no_finding(tracing: Start, database: Any) -> None:
    traced = tracing()
    serve(statements(database, "SET app.tenant = 'alice'", "SET statement_timeout = 5000"), "alice")
    serve(statements(database, "SELECT 1"), "alice")
    serve(statements(database, "RESET app.tenant", "SELECT 1"), "bob")
    serve(statements(database, "SELECT 1"), "bob")
    assert findings(traced) == []


def test_a_new_connection_carries_nothing(tracing: Start, database: Any) -> None:
    traced = tracing()
    serve(statements(database, "SET app.tenant = 'alice'"), "alice")
    database.close()
    serve(statements(database, "SELECT 1"), "bob")
    assert findings(traced) == []


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [True, False])
def test_each_statement_is_a_checkpoint_only_when_asked_for(tracing: Start, asked: bool) -> None:
    default = ["start", "view", "view-end", "response", "close"]
    traced = tracing(CHECKPOINTS=[*default, "query"] if asked else default)
    traced.recorder.connections.connected(connection=default_connection)
    seen: list[str] = []
    checkpoint = traced.recorder.checkpoint
    traced.recorder.checkpoint = lambda opened, name, *place: (seen.append(name), checkpoint(opened, name, *place))[1]  # type: ignore[method-assign]
    serve(statements(default_connection, "SELECT 1", "SELECT 2"), "alice")
    assert seen.count("query") == (2 if asked else 0)
    assert asked is (traced.recorder.connections.execute in default_connection.execute_wrappers)
    if asked:
        default_connection.execute_wrappers.remove(traced.recorder.connections.execute)


def test_the_schema_of_another_tenant_is_found_with_django_tenants(
    tracing: Start, postgres: int, django_db_blocker: Any
) -> None:
    pytest.importorskip("django_tenants")
    handler = ConnectionHandler(
        {
            "default": {
                "ENGINE": "django_tenants.postgresql_backend",
                "NAME": "postgres",
                "USER": "postgres",
                "HOST": "127.0.0.1",
                "PORT": postgres,
            }
        }
    )
    traced = tracing()
    connection = handler["default"]
    tenants = {name: SimpleNamespace(schema_name=f"{name}_schema") for name in ("alice", "bob")}

    def request_of(name: str, *, is_set: bool) -> None:
        def layers(request: HttpRequest) -> HttpResponse:
            request.user = person(len(name), name)  # type: ignore[assignment]
            request.tenant = tenants[name]  # type: ignore[attr-defined]
            if is_set:
                connection.set_tenant(tenants[name])
            statements(connection, "SELECT 1")()
            return HttpResponse("x")

        close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))

    with django_db_blocker.unblock():
        request_of("alice", is_set=True)
        request_of("bob", is_set=True)
        assert findings(traced) == []
        request_of("alice", is_set=False)
        connection.close()
    (leak,) = findings(traced)
    assert (leak.kind, leak.holder) == ("connection-crossed", "schema 'bob_schema'")
    assert leak.expected.user.label == "alice"
