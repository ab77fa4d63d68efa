"""A database on a server: copied there, left as it was, and nothing of the copies stays, however the proof ends."""

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest

from tests import postgres_server
from tests.conftest import eventually
from tests.programs import end
from tests.prove.running import Project


class OnPostgres(Project):
    """The project with its database on a PostgreSQL server."""

    def __init__(self, folder: Path, port: int) -> None:
        """Make the database there."""
        self._port = port
        with closing(self.connect("postgres")) as connection:
            connection.execute("drop database if exists shop")
            connection.execute("create database shop")
        super().__init__(folder)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which it runs."""
        return super().environment(PROVE_POSTGRES=str(self._port), **more)

    def connect(self, database: str) -> psycopg.Connection[tuple[str, ...]]:
        """Connect to one of the server's databases."""
        return psycopg.connect(f"host=127.0.0.1 port={self._port} user=postgres dbname={database}", autocommit=True)

    def contents(self) -> list[str]:
        """Return which databases there are, and the people and sessions of the project's."""
        with closing(self.connect("shop")) as connection:
            return [
                str(row)
                for table, columns in (("pg_database", "datname"), ("auth_user", "*"), ("django_session", "*"))
                for row in connection.execute(f"select {columns} from {table} order by 1")
            ]


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """Run a server."""
    with postgres_server.running() as port:
        yield port


@pytest.fixture
def project(postgres: int, tmp_path: Path) -> Iterator[OnPostgres]:
    """Make the project, and fail a test after which a copy, a session or another row is there."""
    made = OnPostgres(tmp_path, postgres)
    yield made
    made.require_untouched()


def test_it_is_copied_there_and_what_schedules_write_stays_among_themselves(project: OnPostgres) -> None:
    report = project.report("/last/", "/overwritten/broken/", "--server", "wsgi", "--seconds", "100", "--bound", "1")
    assert [page["state"] for page in report["pages"]] == ["holds", "leaks"], report


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_leaves_no_copy_there(project: OnPostgres, number: signal.Signals) -> None:
    process = project.start("/last/", "--server", "wsgi", "--seconds", "100")
    try:
        eventually(lambda: psutil.Process(process.pid).children(), 90)
        time.sleep(0.5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        end(process)
    assert process.returncode == 128 + number, errors


def test_one_that_somebody_uses_cannot_be_copied_and_it_says_so(project: OnPostgres) -> None:
    with closing(project.connect("shop")):
        code, _, errors = project.prove("/last/", "--server", "wsgi")
    assert code == 2
    assert "The database 'default' cannot be copied" in errors
    assert "Traceback" not in errors


def test_a_role_that_may_make_no_databases_is_told_so(project: OnPostgres) -> None:
    with closing(project.connect("shop")) as connection:
        connection.execute("drop role if exists clerk")
        connection.execute("create role clerk login")
        connection.execute("grant all on all tables in schema public to clerk")
    code, _, errors = project.prove("/last/", "--server", "wsgi", PROVE_ROLE="clerk")
    assert code == 2
    assert "cannot be copied" in errors
    assert "the right to create databases" in errors
    assert "Traceback" not in errors
