"""``reqtrace stress``: leaks it must find, pages it must leave alone, and what it leaves behind: nothing."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reqtrace.exceptions import QueryError
from reqtrace.stores import registry
from reqtrace.stress import server, targets
from reqtrace.stress.baseline import Signs, calm_of
from reqtrace.stress.judges import suspicions
from reqtrace.stress.people import ANONYMOUS, Person
from reqtrace.stress.shrink import Schedule, shrink
from reqtrace.stress.targets import Target
from reqtrace.stress.traces import Traces
from reqtrace.stress.waves import Answer, Shot
from tests.conftest import eventually
from tests.programs import end

ROOT = Path(__file__).resolve().parents[2]
GUNICORN = f"{Path(sys.executable).parent}/gunicorn -b 127.0.0.1:{{port}} "
GTHREAD = GUNICORN + "-k gthread --threads 4 tests.stress.project.wsgi"
UVICORN = f"{sys.executable} -m uvicorn --port {{port}} --no-access-log tests.stress.project.asgi:application"
PEOPLE = ("alice", "bobby", "carol", "david")
PAGE = Target("GET", "/")
STORIES = "`manage.py reqtrace findings` tells their stories.\n"


class Project:
    """The project of ``project``, with a database of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the database and four people."""
        self.folder = folder
        program = (
            "import django; django.setup()\n"
            "from django.core.management import call_command\n"
            "from django.contrib.auth.models import User\n"
            "call_command('migrate', verbosity=0)\n"
            f"for name in {PEOPLE}: User.objects.create_user(name, name + '@shop.test')"
        )
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=self.environment(""), check=True, timeout=60)

    def environment(self, planted: str) -> dict[str, str]:
        """Return the environment in which these leaks are planted."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.stress.project.settings",
            "PYTHONPATH": str(ROOT),
            "STRESS_FOLDER": str(self.folder),
            "PLANTED": planted,
        }

    def start(self, planted: str, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "django", "reqtrace", "stress", *arguments],
            cwd=ROOT,
            env=self.environment(planted),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stress(self, planted: str, *arguments: str) -> tuple[int, str, str]:
        """Run the command to its end; return exit code, output and errors."""
        process = self.start(planted, *arguments)
        try:
            output, errors = process.communicate(timeout=90)
        finally:
            end(process)
        return process.returncode, output, errors

    def reqtrace(self, *arguments: str) -> tuple[int, str]:
        """Run another of reqtrace's commands; return exit code and output."""
        done = subprocess.run(
            [sys.executable, "-m", "django", "reqtrace", *arguments],
            cwd=ROOT,
            env=self.environment(""),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout

    def sweep(self) -> None:
        """Remove whatever a run left behind."""
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as connection:
            connection.execute("delete from django_session")
            connection.execute("delete from auth_user where username like 'reqtrace-%'")
            connection.commit()

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as connection:
            (number,) = connection.execute(f"select count(*) from {table}").fetchone()
        return int(number)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the project once: a run leaves nothing behind."""
    return Project(tmp_path_factory.mktemp("stress"))


@pytest.fixture(autouse=True)
def nothing_stays_in_the_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test after which a session or a user is there that was not before."""
    yield
    if "project" in request.fixturenames:
        shop = request.getfixturevalue("project")
        left = shop.count("django_session"), shop.count("auth_user")
        shop.sweep()  # so that the next test does not fail for this one
        assert left == (0, len(PEOPLE))


@pytest.mark.server
@pytest.mark.parametrize(
    ("planted", "page", "server"),
    [
        ("shared", "/account/", None),
        ("shared untraced", "/shop/number/", None),
        ("leftover", "/account/", GTHREAD),
        ("cached", "/shop/cached/", None),
        ("shared", "/account/", UVICORN),
    ],
    ids=["name", "number-untraced", "leftover", "cached", "uvicorn"],
)
def test_a_planted_leak_is_found_with_a_short_sequence_and_the_mended_page_is_clean(
    project: Project, tmp_path: Path, planted: str, page: str, server: str | None
) -> None:
    file = tmp_path / "report.json"
    arguments = [page, "--seconds", "15", "--json", str(file), *(["--server", server] if server else [])]
    code, output, errors = project.stress(planted, *arguments)
    assert code == 1, output + errors
    report = json.loads(file.read_text())
    assert {leak["target"]["path"] for leak in report["leaks"]} == {page}
    assert "LEAK" in output
    assert sum(len(step["at_once"]) for step in report["again"]["steps"]) <= 3, report["again"]
    assert report["again"]["shown"] > 0
    mended = "untraced" if "untraced" in planted else ""
    code, output, errors = project.stress(mended, *arguments[:1], "--requests", "400", *arguments[3:])
    assert code == 0, output + errors
    assert json.loads(file.read_text())["leaks"] == []
    assert bool(mended) == ("No request of this run stands in the traces" in output)


@pytest.mark.server
def test_a_leak_in_the_traces_is_found_where_no_answer_shows_it(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    code, output, errors = project.stress("leftover", "/people/", "--server", GTHREAD, "--json", str(file))
    assert code == 1, output + errors
    (leak,) = json.loads(file.read_text())["leaks"]
    assert leak["judge"] == "trace"
    assert "_locals.user" in leak["evidence"]
    assert leak["request"]


@pytest.mark.server
def test_what_it_sent_is_left_out_by_every_command_that_is_not_asked_for_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    code, output, errors = project.stress("leftover", "/people/", "--server", GTHREAD)
    assert code == 1, output + errors
    assert project.reqtrace("findings") == (0, "Nothing was mixed up, as far as requests were seen.\n")
    assert project.reqtrace("threads") == (
        0,
        "Findings: Nothing was mixed up, as far as requests were seen. " + STORIES,
    )
    assert json.loads(project.reqtrace("export")[1])["requests"] == []
    code, output = project.reqtrace("findings", "--synthetic", "yes")
    assert (code, "_locals.user" in output) == (1, True)
    assert "gunicorn" in project.reqtrace("threads", "--synthetic", "yes")[1]
    assert all(one["synthetic"] for one in json.loads(project.reqtrace("export", "--synthetic", "only")[1])["requests"])


@pytest.mark.server
def test_without_paths_it_finds_the_pages_itself_and_leaves_out_what_does_not_answer(
    project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "report.xml"
    code, output, errors = project.stress(
        "", "--requests", "300", "--throwaway", "--users", "3", "--seconds", "60", "--junit", str(file)
    )
    assert code == 0, output + errors
    assert "left out 1 page; --verbose names them" in output
    assert re.search(r"requests to 26 of 27 pages by 4 people, one of them anonymous, in .* s: no leak there\.", output)
    suite = ElementTree.fromstring(file.read_text())
    assert [case.get("name") for case in suite] == [
        "GET /account/",
        "GET /shop/number/",
        "GET /shop/cached/",
        "GET /people/",
        "GET /online/",
        "GET /buy/",
        *(f"GET /library/{number}/" for number in range(21)),
    ]
    assert [child.get("message") for case in suite for child in case] == ["answers 405 to everybody"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("27", "0", "1")


@pytest.mark.server
def test_junit_names_the_leak_and_how_to_show_it_again(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    code, _, errors = project.stress("cached", "/shop/cached/", "/people/", "--junit", str(file))
    assert code == 1, errors
    suite = ElementTree.fromstring(file.read_text())
    (failure,) = suite.iter("failure")
    assert "was sent an answer with the name of" in failure.get("message", "")
    assert "It shows again, 10 of 10 times" in (failure.text or "")


@pytest.mark.server
def test_unsafe_methods_pass_the_csrf_protection_when_they_are_asked_for(project: Project) -> None:
    code, output, errors = project.stress("", "POST /buy/", "--allow-unsafe", "--requests", "64")
    assert code == 0, output + errors
    assert "stressed POST /buy/" in output


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_users_and_sessions_are_removed_when_the_run_is_broken_off(project: Project, number: signal.Signals) -> None:
    process = project.start("", "/people/", "--throwaway", "--requests", "100000", "--seconds", "60")
    try:
        eventually(lambda: project.count("django_session") == 6, 30)
        assert project.count("auth_user") == len(PEOPLE) + 6
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    finally:
        end(process)
    assert process.returncode == 128 + number, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_just_being_started_when_the_run_is_broken_off_ends_with_it(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    made: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        made.append(popen(*args, **kwargs))
        signal.raise_signal(number)
        return made[0]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reqtrace.stress.server.subprocess.Popen", interrupted)
    before = signal.signal(number, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), server.started("sleep 60 {port}"):
            pass
    finally:
        signal.signal(number, before)
    assert made[0].poll() is not None


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.server
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere/"], "GET /nowhere/ answers 404 to everybody"),
        (["/logout/"], "GET /logout/ signs people out"),
        (["POST /buy/"], "--allow-unsafe"),
        (["/people/", "--users", "1"], "--users is 1"),
        (["http://example.com/"], "--allow-remote"),
        (["ftp://127.0.0.1/"], "neither a path"),
        (["/people/", "http://127.0.0.1:1/people/"], "one and the same server"),
        ([f"http://127.0.0.1:{_closed_port()}/people/"], "No server answers"),
        (["/people/", "--server", "gunicorn"], "{port}"),
        (["/people/", "--server", "false {port}"], "ended with exit code 1"),
        (["/people/", "--server", "nowhere-such-a-program {port}"], "cannot be started"),
        (["/people/", "--json", "/nowhere/report.json"], "no file can be written there"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_done_is_said_with_exit_code_2(project: Project, arguments: list[str], said: str) -> None:
    code, output, errors = project.stress("", *arguments)
    assert code == 2, output + errors
    assert said in errors
    assert "Traceback" not in errors


@pytest.mark.server
def test_a_project_without_users_is_told_to_have_some_made(tmp_path: Path) -> None:
    empty = Project(tmp_path)
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as connection:
        connection.execute("delete from auth_user")
        connection.commit()
    code, _, errors = empty.stress("", "/people/")
    assert code == 2
    assert "0 active users" in errors
    assert "--throwaway" in errors


def test_the_address_of_the_store_is_told_without_its_password() -> None:
    with closing(registry.open_store("redis://shop:secret@127.0.0.1:1/0")) as store:
        address = Traces(store, "run").address
    assert "127.0.0.1:1" in address
    assert "secret" not in address


def person(name: str) -> Person:
    """Return somebody."""
    return Person(name, f"sessionid=key-of-{name}", frozenset({name, f"{name}@shop.test", f"key-of-{name}"}))


ALICE, BOBBY, CAROL = person("alice"), person("bobby"), person("carol")


def answer(body: str, who: Person = ALICE, headers: str = "") -> Answer:
    """Return an answer to somebody."""
    return Answer(Shot(who, PAGE), "", 200, headers, body)


@pytest.mark.parametrize(
    "body",
    ["Hello bobby!", '{"mail": "bobby@shop.test"}', "<b>bobby</b>", "&quot;bobby&quot;"],
)
def test_another_persons_name_is_seen_in_a_body(body: str) -> None:
    assert set(Signs([ALICE, BOBBY]).of_others(answer(body)).values()) == {BOBBY}


def test_another_persons_session_is_seen_in_a_header() -> None:
    leaking = answer("", headers="Set-Cookie: sessionid=key-of-bobby; HttpOnly")
    assert Signs([ALICE, BOBBY]).of_others(leaking) == {"key-of-bobby": BOBBY}


@pytest.mark.parametrize("body", ["Hello alice", "bobbysocks", "dubobby", "bobby@elsewhere.test", "someone@bobby"])
def test_ones_own_name_and_a_part_of_a_word_are_no_sign_of_another(body: str) -> None:
    assert Signs([ALICE, BOBBY]).of_others(answer(body)) == {}


def test_a_sign_that_two_people_share_tells_of_nobody() -> None:
    twins = [Person(name, "", frozenset({name, "team@shop.test"})) for name in ("alice", "bobby")]
    assert Signs(twins).of_others(answer("team@shop.test", ANONYMOUS)) == {}


def test_tokens_and_numbers_do_not_make_another_page_and_a_name_does() -> None:
    signs = Signs([ALICE])
    pages = [
        answer(
            f'<input name="csrfmiddlewaretoken" value="{token}"><script nonce="{token}"></script> seen {number} times'
        )
        for number, token in enumerate(("aB" * 32, "Xy" * 32, "zZ" * 32))
    ]
    calm = calm_of(pages[:2], pages[0], signs)
    assert calm.masked
    assert calm.matches(pages[2])
    assert not calm.matches(answer(pages[2].body + " by bobby"))
    assert calm_of([*pages, answer("another")], pages[0], signs).body is None


def test_another_persons_page_is_suspicious_and_a_page_of_nobody_has_no_owner() -> None:
    signs = Signs([ALICE, BOBBY])
    calm = {
        (who, PAGE): calm_of([answer(body, who)] * 2, answer(body, who), signs)
        for who, body in ((ALICE, "basket: an apple"), (BOBBY, "basket: a pear"))
    }
    pages = [answer("basket: an apple"), answer("basket: a pear"), answer("basket: loading")]
    found = list(suspicions(pages, calm, signs))
    assert [(one.judge, one.answer, one.owner) for one in found] == [
        ("body", pages[1], BOBBY),
        ("body", pages[2], None),
    ]


def test_a_name_that_a_page_always_shows_is_not_suspicious_and_a_new_one_is() -> None:
    signs = Signs([ALICE, BOBBY, CAROL])
    page = answer("shared with bobby")
    calm = {(ALICE, PAGE): calm_of([page, page], page, signs)}
    assert list(suspicions([page], calm, signs)) == []
    (found,) = suspicions([answer("shared with bobby and carol")], calm, signs)
    assert (found.judge, found.owner) == ("canary", CAROL)


def test_shrinking_finds_the_two_requests_that_matter_among_many() -> None:
    noise = [Shot(who, Target("GET", f"/{number}/")) for number in range(4) for who in (ALICE, CAROL)]
    culprit, victim = Shot(BOBBY, Target("GET", "/set/")), Shot(ALICE, PAGE)
    waves = [noise, [*noise[:3], culprit], noise, [*noise[2:], victim]]

    def shows(schedule: Schedule) -> bool:
        line = [shot for wave in schedule for shot in wave]
        return culprit in line and victim in line[line.index(culprit) :]

    shrunk = shrink(waves, [], shows, time.monotonic() + 30)
    assert shrunk.schedule == ((culprit,), (victim,))
    assert shrunk.shown == shrunk.tries > 1


def test_shrinking_says_so_when_nothing_shows_it_again() -> None:
    waves = [[Shot(ALICE, PAGE)], [Shot(BOBBY, PAGE)]]
    shrunk = shrink(waves, [], lambda schedule: False, time.monotonic() + 30)
    assert (shrunk.schedule, shrunk.shown) == (((Shot(BOBBY, PAGE),),), 0)


def test_targets_are_paths_or_urls_of_one_server_each_once() -> None:
    assert targets.parse(["/a/?b=1", "head /a/", "/a/?b=1"], allow_unsafe=False) == (
        [Target("GET", "/a/?b=1"), Target("HEAD", "/a/")],
        None,
    )
    found = targets.parse(["http://127.0.0.1:8000", "http://127.0.0.1:8000/b/"], allow_unsafe=False)
    assert found == ([Target("GET", "/"), Target("GET", "/b/")], "http://127.0.0.1:8000")
    with pytest.raises(QueryError, match="begins with FETCH"):
        targets.parse(["FETCH /a/"], allow_unsafe=True)


@pytest.mark.server
def test_what_was_made_for_whoever_came_first_is_a_leak_only_another_first_one_can_show(
    project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    arguments = ("/first/", "/online/", "--requests", "60", "--users", "3", "--json", str(file))
    code, output, errors = project.stress("first", *arguments)
    assert code == 1, output + errors
    report = json.loads(file.read_text())
    (leak,) = report["leaks"]
    assert (leak["target"]["path"], leak["victim"], leak["other"]) == ("/first/", "alice", "carol")
    assert [step["at_once"] for step in report["again"]["steps"]] == [
        ["GET /first/ as carol, to a server that has served nobody"],
        ["GET /first/ as alice"],
    ]
    code, output, errors = project.stress("second", *arguments)
    assert code == 0, output + errors
