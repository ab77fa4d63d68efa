"""Ten requests by two people, right after a start: what they mix up is found from the first crossing on."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest

from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Request
from reqtrace.stores.sqlite import SqliteStore
from tests.programs import ROOT, end, run_program

pytestmark = pytest.mark.server
SETTINGS = "tests.watching.cold.settings"
PEOPLE = ("alice", "bob")


@pytest.fixture
def cookies(tmp_path: Path) -> dict[str, str]:
    """Return a session cookie for each of two people."""
    told = run_program(
        """
        import django
        django.setup()
        from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, get_user_model
        from django.contrib.sessions.backends.signed_cookies import SessionStore
        from django.core.management import call_command
        call_command("migrate", verbosity=0)
        keys = []
        for name in ("alice", "bob"):
            user = get_user_model().objects.create_user(name)
            session = SessionStore()
            session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session.save()
            keys.append(session.session_key)
        print(*keys)
        """,
        DJANGO_SETTINGS_MODULE=SETTINGS,
        COLD_FOLDER=str(tmp_path),
    )
    return dict(zip(PEOPLE, told.split(), strict=True))


@contextmanager
def gunicorn(folder: Path) -> Iterator[str]:
    """Start gunicorn, which listens before its worker has loaded anything; nobody asks whether it has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", "4"]
    own = {"DJANGO_SETTINGS_MODULE": SETTINGS, "COLD_FOLDER": str(folder), "PYTHONPATH": str(ROOT)}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "tests.watching.cold.wsgi"], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process)


def visit(folder: Path, path: str, cookies: dict[str, str]) -> tuple[list[str], list[Request], list[Finding]]:
    """Send ten requests by two people in turn; return what they were told, and what was recorded."""
    told = []
    with gunicorn(folder) as url, httpx.Client(base_url=url, timeout=20) as client:
        for name in islice(cycle(PEOPLE), 10):
            told.append(ask(client, path, cookies[name]))
    store = SqliteStore(f"sqlite:///{folder / '.reqtrace' / 'traces.sqlite3'}")
    try:
        reader = Reader(store)
        assert {process.last_fault for process in reader.processes()} == {None}
        requests = sorted(reader.requests(), key=lambda request: request.id)
        return told, requests, list(reader.findings())
    finally:
        store.close()


def ask(client: httpx.Client, path: str, cookie: str) -> str:
    """Send a request, again while nobody listens yet."""
    for _ in range(200):
        try:
            return client.get(path, headers={"Cookie": f"sessionid={cookie}"}).text
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the server never came up")


HOLDERS = {
    "/class/": ("tests.watching.cold.middleware.State.request", "State.request = request"),
    "/module/": ("tests.watching.cold.urls._user", "_user = request.user"),
    "/object/": ("tests.watching.cold.urls.registry.visitor", "self.visitor = request.user"),
}


@pytest.mark.parametrize("path", HOLDERS)
def test_the_first_request_that_meets_somebody_else_says_so_and_where_that_was_written(
    path: str, tmp_path: Path, cookies: dict[str, str]
) -> None:
    told, requests, findings = visit(tmp_path, path, cookies)
    assert len(requests) == 10
    holder, line = HOLDERS[path]
    second = [finding for finding in findings if finding.request == requests[1].id]
    assert {finding.holder for finding in second} == {holder}
    assert {finding.kind for finding in second} <= {"leftover", "crossed"}
    writer = second[0].writer
    assert writer is not None
    assert writer.only is True
    (place,) = writer.places
    assert Path(place.file).read_text().splitlines()[place.line - 1].strip() == line
    if path != "/class/":
        assert told == ["alice"] * 10
        met = {finding.request for finding in findings}
        assert met >= {request.id for request in requests[1::2]}  # all of bob's
