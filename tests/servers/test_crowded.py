"""Twenty libraries that keep the current request or user, used as documented, under load: no alarm is false.

The application sees itself whom each library names in the view that uses it, and answers with that. `python -m
tests.servers.test_crowded SERVER ROUNDS` is the same at any length, and prints all that was found.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Request
from tests import postgres_server
from tests.servers.running import ROOT, serve

pytestmark = pytest.mark.server

SERVERS = ("gunicorn-gthread", "uvicorn", "daphne")
GREENLETS = "gunicorn-gevent"
"""With PostgreSQL: whoever waits for SQLite's lock there stops all greenlets, the one that holds it among them. And
without the asynchronous page: asgiref takes two greenlets for one thread with an event loop, and refuses the second."""
SETTINGS = "tests.servers.crowded.settings"
PAGES = (
    *(
        "menu/",
        "save/",
        "quote/",
        "public/",
        "plain/",
        "flags/",
        "rights/",
        "async/",
        "stream/",
        "wagtail-log/",
        "api/",
    ),
    *("shop/", "accounts/logout/", "nowhere/at/all/"),
)
OF_STAFF = ("admin/", "silk/")
KEPT = frozenset(
    {
        "auditlog.context.auditlog_value",
        "sitetree.sitetreeapp._THREAD_LOCAL.sitetree",
        "tests.servers.crowded.change_logging._service.request",
        "tests.servers.crowded.change_logging._pricing_for",
    }
)
"""What is set for somebody and never cleared: whoever reads it before it is set again is told about somebody else."""


class Crowd(NamedTuple):
    """What came of it."""

    wrong: list[str]
    findings: list[Finding]
    requests: list[Request]


def prepare(directory: Path, **where: str) -> Mapping[str, tuple[str, str]]:
    """Make tables and people; return their sessions and tokens."""
    environment = {"DJANGO_SETTINGS_MODULE": SETTINGS, "TEST_DATABASE": str(directory / "db.sqlite3"), **where}
    command = [sys.executable, "-m", "tests.servers.crowded.prepare"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    people: Mapping[str, tuple[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return people


def visit(url: str, left_out: str, rounds: int, name: str, session: str | None, token: str | None) -> list[str]:
    """Look at all pages in an order of one's own; return what the application said that was not right."""
    order = random.Random(name)
    wrong = []
    with httpx.Client(base_url=url, timeout=60) as client:
        if session is not None:
            client.cookies.set("sessionid", session)
        if token is not None:
            client.headers["Authorization"] = f"Token {token}"
        for _ in range(rounds):
            pages = [page for page in (*PAGES, *(OF_STAFF if name == "alice" else ())) if page != left_out]
            for page in order.sample(pages, len(pages)):
                answer = client.get(f"/{page}")
                if answer.status_code >= 500:
                    wrong.append(f"{page} of {name}: {answer.status_code}")
                elif "json" in answer.headers.get("Content-Type", "") or page == "stream/":
                    said = answer.json()
                    if said["me"] not in (name, None, "") or (
                        not all(said["same"].values()) and any(value is False for value in said["same"].values())
                    ):
                        wrong.append(f"{page} of {name}: {said}")
    return wrong


def crowd(name: str, directory: Path, people: Mapping[str, tuple[str, str]], rounds: int, **where: str) -> Crowd:
    """Let five people and two strangers use everything at once."""
    with serve(name, directory, patience=120, DJANGO_SETTINGS_MODULE=SETTINGS, **where) as server:
        visitors = [(who, session, token if who == "erin" else None) for who, (session, token) in people.items()]
        visitors += [("", None, None), ("", None, None)]
        with ThreadPoolExecutor(len(visitors)) as pool:
            left_out = "async/" if name == GREENLETS else ""
            said = pool.map(lambda visitor: visit(server.url, left_out, rounds, *visitor), visitors)
            wrong = [line for lines in said for line in lines]
        server.stop()
        assert {process.last_fault for process in server.processes()} <= {None}
        return Crowd(wrong, list(Reader(server.store).findings()), server.requests())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, tuple[str, str]]]:
    directory = tmp_path_factory.mktemp("crowded")
    return directory, prepare(directory)


@pytest.mark.parametrize("name", SERVERS)
def test_libraries_used_as_documented_mix_nobody_up_and_are_not_accused(
    name: str, tmp_path: Path, prepared: tuple[Path, Mapping[str, tuple[str, str]]]
) -> None:
    directory, people = prepared
    for file in directory.glob("db.sqlite3*"):
        shutil.copy(file, tmp_path)
    nobody_is_accused(crowd(name, tmp_path, people, 1))


def test_nor_do_they_where_greenlets_take_turns(tmp_path: Path) -> None:
    with postgres_server.running() as port:
        where = {"CROWDED_POSTGRES": str(port)}
        nobody_is_accused(crowd(GREENLETS, tmp_path, prepare(tmp_path, **where), 1, **where))


def nobody_is_accused(seen: Crowd) -> None:
    """Check what was found against what the application saw itself."""
    assert seen.wrong == [], "the application's own log is the truth"
    assert len(seen.requests) >= (len(PAGES) - 1) * 7
    assert [finding.message for finding in seen.findings if finding.level == "leak"] == []
    for finding in seen.findings:
        if finding.kind == "lost":
            assert finding.checkpoint == "response" or finding.holder in KEPT, finding
            assert finding.checkpoint != "response" or paths(seen)[finding.request] == "/stream/", finding
        else:
            assert finding.kind in ("leftover", "retained"), finding
            assert finding.holder in KEPT, finding


def paths(seen: Crowd) -> Mapping[str, str]:
    """Return which page each request asked for."""
    return {request.id: request.path for request in seen.requests}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        seen = crowd(sys.argv[1], Path(folder), prepare(Path(folder)), int(sys.argv[2]))
    print(f"{len(seen.requests)} requests; wrong by the application's own log: {seen.wrong}")
    for (level, kind, holder, checkpoint), number in Counter(
        (finding.level, finding.kind, finding.holder, finding.checkpoint) for finding in seen.findings
    ).most_common():
        example = next(finding for finding in seen.findings if (finding.kind, finding.holder) == (kind, holder))
        print(f"{number:5} {level} {kind} {holder} at {checkpoint}: {example.message}")
