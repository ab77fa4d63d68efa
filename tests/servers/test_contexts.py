"""Contexts that a server hands down dirty, at the wire: https://github.com/python/cpython/issues/140947."""

from pathlib import Path

import httpx
import pytest

from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.servers.running import serve

pytestmark = pytest.mark.server

LARGE = b"x" * 300_000
"""More than the 64 KiB at which uvicorn stops reading, to go on in the context of whoever takes the body."""
PEOPLE = ("alice", "bob", "alice", "")


def visit(server: str, directory: Path, body: bytes) -> tuple[list[str], list[Finding]]:
    """Let several people send a request over one connection, the first with a body; return what they were told."""
    place = {"DJANGO_SETTINGS_MODULE": "tests.servers.dirty_settings"}
    with serve(server, directory, "tests.servers.dirty:application", **place) as running:
        with httpx.Client(base_url=running.url, timeout=20) as connection:
            told = [
                connection.post("/", content=body if number == 0 else b"", headers={"X-Person": name}).text
                for number, name in enumerate(PEOPLE)
            ]
        running.stop()
        assert [process.last_fault for process in running.processes()] == [None]
        assert len(running.requests()) == len(PEOPLE)
        findings = sorted(Reader(running.store).findings(), key=lambda finding: finding.request)
        return told, findings


def test_after_a_large_body_the_next_requests_are_born_into_its_context(tmp_path: Path) -> None:
    told, findings = visit("uvicorn", tmp_path, LARGE)
    assert told[-1] == "0  alice"  # nobody is signed in, and the variable says alice
    # Once discovery has come to the module, the variable is also said to be left over; and once the view has been read,
    # which tells it as the answer, that it crossed.
    assert {finding.kind for finding in findings} <= {"context-crossed", "leftover", "crossed"}
    crossed = {finding.observed.user.label for finding in findings if finding.kind == "crossed"}
    assert crossed <= {"alice"}
    findings = [finding for finding in findings if finding.kind == "context-crossed"]
    assert [(finding.expected.user.label, finding.observed.user.label) for finding in findings] == [
        ("bob", "alice"),
        (None, "alice"),
    ]
    # By its own name alone until discovery has come to the module.
    assert {finding.holder for finding in findings} <= {"current_user", "tests.servers.dirty.current_user"}
    assert "--reset-contextvars" in findings[0].fix


@pytest.mark.parametrize(("server", "body"), [("uvicorn", b"small"), ("uvicorn-uvloop", LARGE)])
def test_a_small_body_and_another_loop_hand_down_clean_contexts(server: str, body: bytes, tmp_path: Path) -> None:
    told, findings = visit(server, tmp_path, body)
    assert told[-1] == "0  None"
    assert findings == []


def number(server: str, directory: Path, body: bytes, page: str = "/") -> tuple[list[str], list[Finding]]:
    """Send three requests over one connection, the first with a body; return their numbers, and what was found."""
    place = {"DJANGO_SETTINGS_MODULE": "tests.servers.dirty_text_settings"}
    with serve(server, directory, "tests.servers.dirty_text:application", **place) as running:
        with httpx.Client(base_url=running.url, timeout=20) as connection:
            told = [connection.post("/", content=body).text, connection.get(page).text, connection.get("/").text]
        running.stop()
        assert [process.last_fault for process in running.processes()] == [None]
        return told, sorted(Reader(running.store).findings(), key=lambda finding: finding.request)


def test_text_that_an_earlier_request_has_left_in_the_context_is_named_and_not_kept(tmp_path: Path) -> None:
    told, findings = number("uvicorn", tmp_path, LARGE)
    assert told[0].rpartition(" ")[2] == told[1].rpartition(" ")[2] == told[2].rpartition(" ")[2]
    assert [(finding.kind, finding.level) for finding in findings] == [("context-crossed", "leak")] * 2
    assert {finding.holder for finding in findings} <= {"request_id", "tests.servers.dirty_text.request_id"}
    assert "request 1" not in "".join(map(repr, findings))
    assert findings[0].writer is not None
    assert findings[0].observed.request == findings[0].writer.request != findings[0].request


@pytest.mark.parametrize(("server", "body"), [("uvicorn", b"small"), ("uvicorn-uvloop", LARGE), ("daphne", LARGE)])
def test_text_in_clean_contexts_is_none(server: str, body: bytes, tmp_path: Path) -> None:
    told, findings = number(server, tmp_path, body)
    assert len({text.partition(" ")[2] for text in told}) == 3
    assert findings == []


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_a_context_that_a_task_of_the_application_copies_is_none(server: str, tmp_path: Path) -> None:
    told, findings = number(server, tmp_path, b"small", "/starts/")
    assert told[1].startswith("0 request"), "the number of the request that started it"
    assert findings == []
