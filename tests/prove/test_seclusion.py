"""Nothing gets out of a process in which people's requests are played, but to the databases' servers."""

import socket
from types import SimpleNamespace

import pytest

from reqtrace.prove import seclusion
from tests.programs import run_program


def test_a_database_is_connected_to_by_a_driver_in_python_and_nobody_else_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as database, socket.create_server(("127.0.0.1", 0)) as other:
        ports = database.getsockname()[1], other.getsockname()[1]
        said = run_program(
            f"""
            import socket
            from reqtrace.prove.seclusion import shut
            refused = []
            shut(refused, frozenset({{("127.0.0.1", {ports[0]})}}))
            socket.create_connection(("127.0.0.1", {ports[0]})).close()
            try:
                socket.create_connection(("127.0.0.1", {ports[1]}))
            except ConnectionRefusedError:
                print(refused == ["127.0.0.1:{ports[1]}"])
            """
        )
    assert said == "True"


def test_where_the_databases_listen_is_known_by_name_number_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    databases = {
        "default": {"ENGINE": "django.db.backends.mysql", "HOST": "localhost", "PORT": ""},
        "other": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": "6000"},
        "file": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"},
    }
    monkeypatch.setattr(seclusion, "settings", SimpleNamespace(DATABASES=databases))
    found = seclusion.database_addresses()
    assert {("localhost", 3306), ("127.0.0.1", 3306), ("127.0.0.1", 6000)} <= found
    assert {port for _, port in found} == {3306, 6000}
