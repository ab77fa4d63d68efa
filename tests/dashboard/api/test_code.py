"""The lines around what a finding names: read from disk when somebody looks, and only what surely ran there."""

import socket
import time
from pathlib import Path

import msgspec
import pytest
from django.contrib.auth.models import User

from reqtrace.records import Frame, Writer
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore
from tests.dashboard import samples

pytestmark = pytest.mark.django_db

HERE = str(Path(__file__).resolve())
DOOR = "/reqtrace/api/findings/f1/code"


@pytest.fixture
def store():
    store = MemoryStore()
    with registry.replaced(store):
        yield store


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


def lines_of(client, store, file=HERE, **process):
    """Return the excerpts of a finding whose writer and reader stand in `file`."""
    known = {"host": socket.gethostname(), "started_ns": time.time_ns() + 10**15, **process}
    writer = Writer("r2", 1, [Frame(file, 3, "enter")], True)
    finding = samples.finding(1, "r1", writer=writer, stack=[Frame(file, 1, "read"), Frame(file, 9, "outer")])
    samples.append(store, [msgspec.structs.replace(samples.process(), **known), samples.request(1), finding])
    answer = client.get(DOOR)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()["excerpts"]


def test_writer_and_reader_are_shown_with_the_lines_around_them(staff, store):
    written, read = lines_of(staff, store)
    text = Path(HERE).read_text().splitlines()
    assert (written["role"], written["line"], written["first"], written["lines"]) == ("writer", 3, 1, text[:6])
    assert (read["role"], read["line"], read["first"], read["lines"]) == ("reader", 1, 1, text[:4])


def test_the_fix_is_told_as_code(staff, store):
    lines_of(staff, store)
    finding = samples.finding(
        1, "r1", holder="shop.current", holder_kind="ContextVar", kind="leftover", writer=Writer("r2", 1)
    )
    samples.append(store, [finding])
    assert "copy_context().run(get_response, request)" in staff.get(DOOR).json()["mending"]


@pytest.mark.parametrize(
    ("process", "file", "missing"),
    [
        ({"host": "another-host"}, HERE, "elsewhere"),
        ({"started_ns": 1}, HERE, "changed"),
        ({"facts": {"code.since_ns": 1}}, HERE, "changed"),
        ({}, "/etc/passwd", "outside"),
        ({}, "/nowhere/shop.py", "gone"),
    ],
)
def test_what_may_not_be_shown_or_is_not_what_ran_is_left_out_and_says_why(staff, store, process, file, missing):
    for excerpt in lines_of(staff, store, file, **process):
        assert (excerpt["missing"], excerpt["lines"]) == (missing, [])


def test_only_those_who_may_see_the_page_see_code_and_only_that_of_findings(client, staff, store):
    assert staff.get(DOOR).status_code == 404
    assert "no finding 'f1'" in staff.get(DOOR).json()["error"]
    lines_of(staff, store)
    assert staff.post(DOOR).status_code == 405
    staff.logout()
    assert client.get(DOOR).status_code == 404
