"""``manage.py reqtrace``: what each subcommand says, writes and exits with."""

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command

from reqtrace.cli import base, dashboard, tail, threads
from reqtrace.cli.export import FILTERS
from reqtrace.cli.terminal import Bar, Terminal, colour_of, wants_colour
from reqtrace.exceptions import ReqtraceError, StoreUnavailable
from reqtrace.reading import queries
from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.records import Trace
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from reqtrace.stores.sqlite import SqliteStore
from tests.conftest import eventually
from tests.factories import BOB, corrupt, finding, items, process, request, thread
from tests.programs import end

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(settings: object, tmp_path: Path) -> Iterator[Store]:
    """Return the store in force: a SQLite file with a process, two threads, three requests, a leak and a notice."""
    settings.REQTRACE = {"STORE": f"sqlite:///{tmp_path}/traces.sqlite3"}  # type: ignore[attr-defined]
    store = registry.store()
    store.append(items(process(), thread(1), thread(2, sharing="interleaved", max_in_flight=3)))
    store.append(items(request(1), request(2, user=BOB), request(3, path="/a\x1b[2Jb/", thread_serial=2)))
    store.append(items(finding(request(2).id, 1), finding(request(3).id, 2, kind="lost", level="notice")))
    yield store
    registry.close_stores()


class Output(SimpleNamespace):
    """What a command wrote."""

    stdout: str
    stderr: str


def run(*arguments: str) -> Output:
    """Run a subcommand in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    call_command("reqtrace", *arguments, stdout=stdout, stderr=stderr)
    return Output(stdout=stdout.getvalue(), stderr=stderr.getvalue())


def start(*arguments: str, store: str = "memory:", **options: object) -> subprocess.Popen[str]:
    """Start a subcommand as a person does, in a process of its own."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "REQTRACE_STORE": store,
        "PYTHONWARNINGS": "error::ResourceWarning",
    }
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    command = [sys.executable, "-m", "django", "reqtrace", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload]


def test_every_subcommand_explains_itself_and_its_options() -> None:
    help_ = start("--help").communicate(timeout=60)[0]
    assert set(base.subcommands()) >= {"dashboard", "export", "purge", "schema", "tail", "threads"}
    for name, subcommand in base.subcommands().items():
        assert name in help_
        assert subcommand.help.endswith(".")
        assert all(line.split()[0] == name for line in subcommand.examples.splitlines())


PORTS = ("dashboard", "--port", "65536"), ("open", "trace.json", "--port", "http")


def test_an_unknown_subcommand_and_an_unknown_option_exit_with_2() -> None:
    for arguments in (("exprot",), ("export", "--colour", "red"), ("export", "--format", "xml"), (), *PORTS):
        process = start(*arguments)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "usage:" in stderr


def test_export_writes_the_whole_trace_to_standard_output(store: Store) -> None:
    output = run("export")
    trace = msgspec.json.decode(output.stdout, type=Trace)
    assert trace.requests == list(Reader(store).requests())
    assert len(trace.findings) == 2
    assert output.stderr == ""


def test_export_takes_every_filter_there_is(store: Store) -> None:
    assert set(FILTERS) == set(queries.PARAMETERS) - {"limit", "cursor"}
    for options, ids in (
        (["--user", "bob"], ["p1-00000002"]),
        (["--since", "2026-01-31T12:00:03Z"], ["p1-00000003"]),
        (["--until", "2026-01-31T12:00:02Z"], ["p1-00000001"]),
        (["--path", "/orders"], ["p1-00000001", "p1-00000002"]),
        (["--thread", "2"], ["p1-00000003"]),
        (["--level", "leak"], ["p1-00000002"]),
        (["--findings-only"], ["p1-00000002", "p1-00000003"]),
        (["--findings-only", "--user", "bob", "--method", "get"], ["p1-00000002"]),
        (["--process", "102"], []),
        (["--status", "5xx", "--kind", "crossed"], []),
    ):
        trace = msgspec.json.decode(run("export", *options).stdout, type=Trace)
        assert [one.id for one in trace.requests] == ids, options
        assert {one.request for one in trace.findings} <= set(ids)


def test_export_to_a_file_is_for_its_owner_alone_and_says_where_it_is(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "trace.ndjson"
    output = run("export", "--format", "ndjson", "-o", str(target))
    assert output.stdout == ""
    assert f"Wrote {target} ({target.stat().st_size:,} bytes)" in output.stderr
    assert len(target.read_text().splitlines()) == 1 + 1 + 2 + 3 + 2
    assert target.stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir() if "sqlite3" not in path.name} == {"trace.ndjson"}


def test_an_export_that_fails_leaves_the_older_file_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Reader, query: Query | None = None) -> Iterator[object]:
        raise StoreUnavailable("The disk went away.")

    monkeypatch.setattr(Reader, "findings", fail)
    target = tmp_path / "trace.json"
    target.write_text("older")
    with pytest.raises(CommandError, match="The disk went away") as caught:
        run("export", "-o", str(target))
    assert caught.value.returncode == 1
    assert target.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir() if "sqlite3" not in path.name] == ["trace.json"]


@pytest.mark.parametrize("place", ["nowhere/trace.json", "file/trace.json", "folder"])
def test_an_export_to_a_place_that_cannot_be_written_says_so(store: Store, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandError, match=f"{place} cannot be written: ") as caught:
        run("export", "-o", str(tmp_path / place))
    assert caught.value.returncode == 1
    assert list((tmp_path / "folder").iterdir()) == []


def test_an_export_through_a_link_or_into_a_device_replaces_neither(store: Store, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "trace.json")
    run("export", "-o", str(tmp_path / "link.json"))
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "trace.json").exists()
    device = Path(os.devnull).stat().st_rdev
    run("export", "-o", os.devnull)
    assert Path(os.devnull).stat().st_rdev == device


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--since", "yesterday"),
        ("export", "--status", "x"),
        ("tail", "--last", "-1"),
        ("purge",),
    ],
)
def test_a_bad_argument_exits_with_2(store: Store, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2


def test_what_is_corrupt_is_mentioned_at_the_end(store: Store) -> None:
    store.append([corrupt("one")])
    assert "Skipped 1 corrupt record in the store." in run("export").stderr
    store.append([corrupt("two")])
    output = run("export", "--user", "bob")
    assert "Skipped 2 corrupt records in the store." in output.stderr
    assert msgspec.json.decode(output.stdout, type=Trace).requests


@pytest.mark.parametrize("subcommand", ["export", "threads", "tail", "purge"])
def test_a_broken_store_is_explained_without_a_traceback(tmp_path: Path, subcommand: str) -> None:
    (tmp_path / "notes.txt").write_text("not a store, " * 1_000)
    arguments = [subcommand, "--yes"] if subcommand == "purge" else [subcommand]
    process = start(*arguments, store=f"sqlite:///{tmp_path}/notes.txt")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stdout == ""
    assert stderr.count("\n") == 1
    assert f"{tmp_path}/notes.txt is not a SQLite database, and was left alone." in stderr


def test_settings_that_cannot_be_used_are_mentioned(settings: object) -> None:
    settings.REQTRACE = {"STORE": "memory:settings", "RETIAN": 3}  # type: ignore[attr-defined]
    assert "Did you mean 'RETAIN'?" in run("threads").stderr


@pytest.mark.parametrize(
    ("url", "hint"), [("memory:nothing", "cannot be read from another"), ("sqlite:////nowhere/t", "It fills as soon")]
)
def test_an_empty_store_is_no_error_and_says_why(settings: object, url: str, hint: str) -> None:
    settings.REQTRACE = {"STORE": url}  # type: ignore[attr-defined]
    output = run("export")
    assert msgspec.json.decode(output.stdout, type=Trace).requests == []
    assert hint in output.stderr


def test_schema_prints_the_schema() -> None:
    assert run("schema").stdout == (ROOT / "tests" / "golden" / "schema.json").read_text()


def test_purge_drops_everything_and_says_how_much(store: Store) -> None:
    assert run("purge", "--yes").stdout == "Dropped 8 entries.\n"
    assert store.read(0, 10) == []
    assert run("purge", "--no-input").stdout == "Dropped 0 entries.\n"


@pytest.mark.parametrize(("answer", "left"), [("n", 8), ("", 8), ("y", 0), ("YES", 0)])
def test_purge_asks_first(store: Store, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    run("purge")
    assert len(store.read(0, 100)) == left


def test_purge_leaves_the_default_alone_where_another_store_was_meant(settings: object, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    settings.REQTRACE = {}  # type: ignore[attr-defined]
    registry.store().append([corrupt("one")])
    settings.REQTRACE = {"STORE": "reddis://traces"}  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="Nothing was dropped"):
        run("purge", "--yes")
    assert registry.store().read(0, 10) != []


def test_threads_shows_each_thread_and_says_what_it_means(store: Store) -> None:
    lines = run("threads").stdout.splitlines()
    assert lines[0] == "gunicorn (gthread, wsgi), pid 101 on web-1"
    assert lines[1].startswith("  Requests overlap on 1 of 2 threads, up to 3 at once: ")
    assert [line.split() for line in lines[3:5]] == [
        ["#1", "MainThread", "101", "sequential", "12", "3", "1"],
        ["#2", "ThreadPoolExecutor-0_2", "102", "interleaved", "12", "3", "3"],
    ]


def test_threads_as_json(store: Store) -> None:
    (found,) = json.loads(run("threads", "--json").stdout)
    assert found["process"]["id"] == "p1"
    assert [one["sharing"] for one in found["threads"]] == ["sequential", "interleaved"]
    assert found["answer"].startswith("Requests overlap")


@pytest.mark.parametrize(
    ("sharings", "beginning"),
    [
        ([], "It has handled no request yet"),
        (["exclusive", "exclusive"], "So far each request had a thread to itself"),
        (["sequential"], "Requests follow one another on its only thread"),
        (["exclusive", "sequential"], "Requests follow one another on 1 of 2 threads"),
        (["exclusive", "sequential", "interleaved"], "Requests overlap on 1 of 3 threads"),
    ],
)
def test_the_answer_is_one_sentence_about_the_worst(sharings: list[str], beginning: str) -> None:
    answer = threads.answer([thread(serial, sharing=sharing) for serial, sharing in enumerate(sharings, 1)])
    assert answer.startswith(beginning)
    assert answer.count(".") == 1 + answer.count("threading.local")


@pytest.mark.parametrize(
    ("server", "worker_class", "made", "beginning"),
    [
        ("celery", "prefork", [{}], "Celery prefork: each process does one job after another: what one leaves"),
        ("celery", "threads", [{}, {}], "Celery threads: each thread does one job after another"),
        ("celery", "gevent", [{"max_in_flight": 9}], "Celery gevent: jobs overlap on its only thread, up to 9 at once"),
        ("rq", "fork", [{"sharing": "exclusive"}], "RQ fork: each job has a process of its own, so nothing"),
        (
            "manage.py",
            "command",
            [{"sharing": "exclusive"}],
            "manage.py command: so far each job had a thread to itself",
        ),
        ("dramatiq", "threads", [], "Dramatiq threads: it has done no job yet"),
    ],
)
def test_of_a_worker_it_says_what_one_job_leaves_to_the_next(
    server: str, worker_class: str, made: list[dict[str, Any]], beginning: str
) -> None:
    worker = process(server=server, worker_class=worker_class, interface="worker")
    assert threads.answer([thread(number, **one) for number, one in enumerate(made, 1)], worker).startswith(beginning)


@contextmanager
def tailing(
    store: Store, tmp_path: Path, *arguments: str, ends_by: signal.Signals = signal.SIGINT
) -> Iterator[Callable[[str], list[str]]]:
    """Follow a store in another process; yields a function that waits for a text and returns all lines so far."""
    written = tmp_path / "lines"
    with written.open("w") as stdout:
        process = start("tail", *arguments, store=store.url, stdout=stdout)

    def wait_for(text: str) -> list[str]:
        eventually(lambda: text in written.read_text() or process.poll() is not None, seconds=30)
        assert process.poll() is None
        return written.read_text().splitlines()

    try:
        yield wait_for
        process.send_signal(ends_by)
        _, stderr = process.communicate(timeout=30)
        assert (process.returncode, stderr) == (0, "")
    finally:
        end(process)


def test_a_command_ends_on_sigterm_as_it_does_on_ctrl_c(store: Store, tmp_path: Path) -> None:
    with tailing(store, tmp_path, "--last", "2", ends_by=signal.SIGTERM) as wait_for:
        assert wait_for("lost:")


def test_tail_shows_what_comes_after_the_last_ones_and_ends_at_ctrl_c(store: Store, tmp_path: Path) -> None:
    with tailing(store, tmp_path, "--last", "2") as wait_for:
        first = wait_for("lost:")
        assert len(first) == 2
        assert "  leak crossed: While alice's request ran, the holder named bob's." in first[0]
        store.append(items(request(4, user=BOB, thread_serial=2), thread(1, sharing="exclusive")))
        line = wait_for("/orders/")[2]
    assert line.split()[1:] == ["200", "10.0", "ms", "bob", "101", "MainThread", "#2", "interleaved", "GET", "/orders/"]
    assert "\x1b" not in line


def test_tail_as_json_shows_findings_alone_when_asked(store: Store, tmp_path: Path) -> None:
    with tailing(store, tmp_path, "--json", "--findings", "--last", "1") as wait_for:
        wait_for("p1-00000003")
        store.append(items(request(5), finding(request(5).id, 5)))
        lines = wait_for("p1-00000005")
    assert [json.loads(line)["type"] for line in lines] == ["finding", "finding"]
    assert lines[1].encode() + b"\n" == tail.line(finding(request(5).id, 5))


def test_a_pipe_that_has_seen_enough_ends_a_command_quietly(store: Store) -> None:
    store.append(items(*(request(number) for number in range(10, 2_000))))
    process = start("export", store=store.url)
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(30) == 0
    process.stderr.close()


def test_tail_tries_again_when_the_store_does_not_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([StoreUnavailable("Busy."), StoreUnavailable("Busy."), KeyboardInterrupt()])

    def read(self: SqliteStore, after: int, limit: int, kinds: object = None) -> list[object]:
        if kinds is None:
            raise next(answers)
        return []

    monkeypatch.setattr(SqliteStore, "read", read)
    assert run("tail").stderr == "Busy. Trying again.\n"


def test_on_a_terminal_tail_is_coloured_unless_told_otherwise(store: Store) -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        controller, terminal = pty.openpty()
        variables = {"TERM": "xterm"} | environment
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            process = start("tail", "--last", "9", store=store.url, stdout=terminal)
        os.close(terminal)
        try:
            text = ""
            deadline = time.monotonic() + 30
            while "lost:" not in text and time.monotonic() < deadline:
                if select.select([controller], [], [], 1)[0]:
                    text += os.read(controller, 65_536).decode()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        finally:
            end(process)
            os.close(controller)
        assert process.returncode == 0
        assert (f"\x1b[{colour_of('bob')}mbob" in text) is coloured
        assert "\x1b[2J" not in text, "a path steered the terminal"
        assert "/a\\x1b[2Jb/" in text


def test_colours_are_for_people_who_want_them() -> None:
    screen = SimpleNamespace(isatty=lambda: True)
    assert wants_colour(screen, {}, {})  # type: ignore[arg-type]
    assert not wants_colour(screen, {"no_color": True}, {})  # type: ignore[arg-type]
    assert not wants_colour(io.StringIO(), {}, {})
    assert wants_colour(io.StringIO(), {"force_color": True}, {})
    assert not wants_colour(io.StringIO(), {"force_color": True}, {"NO_COLOR": "1"})


def test_a_line_of_the_terminal_is_one_line_and_coloured_by_us_alone() -> None:
    stdout = io.StringIO()
    terminal = Terminal(stdout, stdout, coloured=True)
    terminal.line(terminal.paint("GE\x1b[2JT", 31) + " /a\nforged\x1b[8m")
    assert stdout.getvalue() == "\x1b[31mGE\\x1b[2JT\x1b[0m /a\\nforged\\x1b[8m\n"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_the_bar_shows_itself_on_a_terminal_once_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    screen, file = Screen(), io.StringIO()
    with Bar(screen) as on_screen, Bar(file) as in_file:
        on_screen.show(0.1, "early")
        now = 101.5
        on_screen.show(0.5, "1.2 MB")
        on_screen.show(0.6, "too soon after")
        in_file.show(0.5, "1.2 MB")
    assert screen.getvalue() == f"\r[{'#' * 15}{' ' * 15}]  50% 1.2 MB\x1b[K\r\x1b[K"
    assert file.getvalue() == ""


def test_dashboard_serves_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[dict[str, object]] = []
    monkeypatch.setattr(dashboard, "import_module", lambda name: SimpleNamespace(serve=lambda **at: served.append(at)))
    monkeypatch.setattr(dashboard, "dashboard_package", lambda: "somewhere")
    run("dashboard", "--host", "::1", "--port", "21001")
    assert served == [{"host": "::1", "port": 21001, "opens": False}]


def test_the_dashboard_of_a_checkout_is_known_by_its_label() -> None:
    assert dashboard.dashboard_package().rpartition(".")[2] == "dashboard"


def test_a_dashboard_of_the_projects_own_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "_LABEL", "reqtrace_dashboard_of_tomorrow")
    with pytest.raises(ReqtraceError, match=r'pip install "django-reqtrace\[dashboard\]"'):
        dashboard.dashboard_package()


def test_without_the_extra_dashboard_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name="daphne.server")

    monkeypatch.setattr(dashboard, "dashboard_package", lambda: "somewhere")
    monkeypatch.setattr(dashboard, "import_module", missing)
    with pytest.raises(
        CommandError, match=r'needs daphne.server.*pip install "django-reqtrace\[dashboard\]"'
    ) as caught:
        run("dashboard")
    assert caught.value.returncode == 1


def test_a_fault_of_the_dashboard_itself_is_not_taken_for_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError("No module named 'shop'", name="shop")

    monkeypatch.setattr(dashboard, "dashboard_package", lambda: "somewhere")
    monkeypatch.setattr(dashboard, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        run("dashboard")


def test_a_terminal_takes_bytes_and_text_in_their_order(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with closing(io.TextIOWrapper(io.FileIO(1, "w", closefd=False), line_buffering=False)) as stdout:
        terminal = Terminal(stdout, io.StringIO(), coloured=False)
        terminal.line("one")
        terminal.raw(b"two\n")
        terminal.line("three")
    assert capfdbinary.readouterr().out == b"one\ntwo\nthree\n"
