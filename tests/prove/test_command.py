"""``reqtrace prove``: what it refutes, what it proves, what it leaves behind, and what it says to bad input."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from tests.conftest import eventually
from tests.programs import ROOT, end
from tests.prove.running import Project

MODULE = "broken.py"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the project once: a proof leaves nothing behind."""
    return Project(tmp_path_factory.mktemp("prove"))


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test after which the database is another one, or a copy, a mail or a cached value lies about."""
    yield
    if "project" in request.fixturenames:
        request.getfixturevalue("project").require_untouched()


@pytest.mark.parametrize(
    ("page", "server", "state", "steps", "written", "read"),
    [
        ("/leftover/broken/", "wsgi", "leaks", 2, "_kept.name = _name(request)", "getattr(_kept"),
        ("/overwritten/broken/", "wsgi", "leaks", 3, "Current.name = name", "{Current.name}"),
        pytest.param(
            *("/twice/broken/", "wsgi", "leaks", 4, "basket.append(mine)", "basket[-1]"), marks=pytest.mark.long
        ),
        ("/fragment/broken/", "wsgi", "leaks", 2, None, None),
        pytest.param(
            *("/loader/broken/", "wsgi", "leaks", 2, "self.loaded[key] = ", "return self.loaded[key]"),
            marks=pytest.mark.long,
        ),
        ("/crowd/broken/", "wsgi", "depends", 2, "_here.add(_name(request))", "{len(_here)}"),
        ("/awaited/broken/", "asgi", "leaks", 3, "_kept.name = user.get_username()", "{_kept.name}"),
    ],
)
def test_a_broken_page_is_refuted_with_the_shortest_schedule_and_the_lines_that_meet(
    project: Project, page: str, server: str, state: str, steps: int, written: str | None, read: str | None
) -> None:
    report = project.report(page, "--server", server, "--seconds", "100")
    (told,) = report["pages"]
    assert (report["verdict"], told["state"]) == (state, state), report
    shown = told["shown"]
    assert len(shown["steps"]) == steps
    assert any(line.startswith("-") for line in shown["diff"])
    assert (shown["owner"] is None) == (state == "depends")
    source = (ROOT / "tests/prove/project" / MODULE).read_text().splitlines()
    for frame, text in ((shown["writer"], written), (shown["reader"], read)):
        assert (frame is None) == (text is None)
        if frame is not None:
            assert frame["file"].endswith(MODULE)
            assert text in source[frame["line"] - 1]


def test_the_mended_pages_hold_and_it_says_how_far_it_went(project: Project) -> None:
    names = ("leftover", "fragment", "loader", "crowd")
    report = project.report(
        *(f"/{name}/mended/" for name in names), *("--server", "wsgi", "--seconds", "150", "--users", "2")
    )
    assert report["verdict"] == "holds", report
    assert [page["page"] for page in report["pages"]] == [f"/{name}/mended/" for name in names]
    for page in report["pages"]:
        orders, threads, lines = page["parts"]
        assert (orders["way"], threads["way"], threads["switches"], lines["switches"]) == ("order", "threads", 2, 1)
        assert all(part["complete"] for part in page["parts"])
    assert "the network" in report["uncovered"]


def test_a_lock_is_waited_for_and_a_context_variable_belongs_to_its_task(project: Project) -> None:
    report = project.report(
        "/overwritten/mended/", "--server", "wsgi", *("--seconds", "100", "--bound", "1", "--users", "2")
    )
    assert report["verdict"] == "holds", report
    report = project.report("/awaited/mended/", "--server", "asgi", "--seconds", "100")
    assert report["verdict"] == "holds", report
    assert [(part["way"], part["switches"]) for part in report["pages"][0]["parts"]] == [
        ("order", None),
        ("tasks", 2),
        ("tasks", 1),
    ]


@pytest.mark.parametrize(
    ("pages", "seconds"),
    [
        (("/changing/", "/outgoing/"), 40),
        (("/last/",), 40),
        pytest.param(("/changing/", "/everybody/", "/last/", "/outgoing/", "/api/"), 150, marks=pytest.mark.long),
    ],
    ids=["few", "database", "all"],
)
def test_pages_that_change_by_themselves_or_share_on_purpose_hold_and_nothing_goes_out(
    project: Project, pages: tuple[str, ...], seconds: int
) -> None:
    report = project.report(*pages, *("--server", "wsgi", "--seconds", str(seconds), "--bound", "1", "--users", "2"))
    assert [page["state"] for page in report["pages"]] == ["holds"] * len(pages), report
    refused = ["It wanted to connect to 192.0.2.1:25, and was not let."]
    assert report["notes"] == (refused if "/outgoing/" in pages else [])


@pytest.mark.long
def test_without_paths_it_finds_the_pages_itself_and_leaves_out_what_fails(project: Project) -> None:
    file = project.folder / "report.xml"
    code, output, errors = project.prove(
        *("--server", "wsgi", "--seconds", "100", "--users", "2", "--junit", str(file))
    )
    assert code == 1, output + errors
    suite = ElementTree.fromstring(file.read_text())
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases["/fails/"] == ["skipped"]
    assert cases["/fragment/broken/"] == ["failure"]
    assert "/people/<int:pk>/" not in cases
    assert int(suite.get("failures", 0)) >= 4


@pytest.mark.long
@pytest.mark.timeout(800)
@pytest.mark.parametrize(
    ("way", "server", "page"),
    [
        ("order", "wsgi", "/leftover/broken/"),
        ("threads", "wsgi", "/overwritten/broken/"),
        ("tasks", "asgi", "/awaited/broken/"),
    ],
)
def test_the_written_test_fails_each_time_and_passes_each_time_once_it_is_mended(
    project: Project, tmp_path: Path, way: str, server: str, page: str
) -> None:
    file = tmp_path / "test_isolated.py"
    code, output, errors = project.prove(page, "--server", server, "--seconds", "100", "--write-test", str(file))
    assert code == 1, output + errors
    assert f"way={way!r}" in file.read_text()
    times = 10
    for mended, outcome in (("0", f"{times} failed"), ("1", f"{times} passed")):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header"),
                *("--keep-duplicates", "-c", os.devnull, f"--rootdir={tmp_path}", *[str(file)] * times),
            ],
            cwd=ROOT,
            env=project.environment(PROVE_MENDED=mended),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert outcome in done.stdout, done.stdout[-3000:] + done.stderr
    assert "alice gets" in done.stdout or mended == "1"


@pytest.mark.parametrize(
    ("arguments", "more", "words"),
    [
        (["/people/<int:pk>/"], {}, "needs arguments"),
        (["/nowhere/"], {}, "is no page of tests.prove.project.urls"),
        (["orders"], {}, "neither a path"),
        (["/fails/"], {}, "There is no page to prove"),
        (["/fails/people/"], {}, "answers with an error to everybody who is signed in"),
        (["/api/", "--users", "1"], {}, "--users is 1"),
        (["/api/", "--bound", "-1"], {}, "--bound is -1"),
        (["/api/", "--json", "/nowhere/report.json"], {}, "--json"),
        (["/api/"], {"PROVE_SPOILED": "users"}, "Nobody can ask."),
        (["/api/"], {"PROVE_SPOILED": "database"}, "cannot be copied"),
        (["/api/"], {"PROVE_SPOILED": "sessions"}, "SessionMiddleware is missing"),
        (["/api/", "--server", "asgi"], {"PROVE_SPOILED": "asgi"}, "ASGI_APPLICATION"),
    ],
)
def test_bad_input_is_told_in_clear_words_with_exit_code_2(
    project: Project, arguments: list[str], more: dict[str, str], words: str
) -> None:
    code, output, errors = project.prove(*arguments, **more)
    assert code == 2, output + errors
    assert words in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_leaves_no_process_no_session_and_no_copy(project: Project, number: signal.Signals) -> None:
    process = project.start("/fragment/mended/", "/outgoing/", "--server", "wsgi", "--seconds", "100")
    try:
        eventually(lambda: psutil.Process(process.pid).children(), 90)
        time.sleep(0.3)
        children = psutil.Process(process.pid).children()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    finally:
        end(process)
    assert process.returncode == 128 + number, errors
    eventually(lambda: not any(child.is_running() for child in children), 30)
