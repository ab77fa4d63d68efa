"""What the SQLite store keeps beyond the contract: many processes, forks, foreign files, files that vanish."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.core.checks import CheckMessage

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.stores import sqlite_file, sqlite_link
from reqtrace.stores.base import Item
from reqtrace.stores.sqlite import SqliteStore
from tests.conftest import eventually
from tests.stores.test_stores import check_each_once_and_in_order, follow, keys, plain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store's file is going to be."""
    return tmp_path / "var" / "traces.sqlite3"


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteStore]:
    """Return a SQLite store."""
    store = SqliteStore(f"sqlite:///{path}")
    yield store
    store.close()


WRITER = """
import sys
from reqtrace.stores.base import Item
from reqtrace.stores.sqlite import SqliteStore
url, name = sys.argv[1:]
store = SqliteStore(url)
for number in range(0, 300, 3):
    store.append([Item("request", f"{name}-{number + i}", b"{}") for i in range(3)])
store.close()
"""


def test_many_processes_write_one_file_and_a_follower_misses_nothing_and_sees_nothing_twice(
    sqlite: SqliteStore,
) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, sqlite.url, f"w{n}"], cwd=ROOT) for n in range(4)]
    try:
        found = follow(sqlite, 1_200)
    finally:
        codes = [writer.wait(60) for writer in writers]
    assert codes == [0] * 4
    assert len(found) == 1_200
    check_each_once_and_in_order(found)


def test_nobody_else_can_read_what_was_traced(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(1)])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [f"{path.name}{suffix}" for suffix in ("", "-shm", "-wal")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_reading_makes_no_file(sqlite: SqliteStore, path: Path) -> None:
    assert sqlite.read(0, 10) == []
    assert sqlite.purge() == 0
    assert sqlite.trim(1) == 0
    assert not path.parent.exists()


def test_a_relative_address_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("sqlite:///traces.sqlite3")) as store:
        monkeypatch.chdir("/")
        store.append([plain(1)])
    assert (tmp_path / "traces.sqlite3").exists()


def test_a_path_may_hold_what_an_address_could_not(tmp_path: Path) -> None:
    with closing(SqliteStore(f"sqlite:///{tmp_path}/50% of a?b#c d/traces.sqlite3")) as store:
        store.append([plain(1)])
        assert keys(store) == ["r1"]
    assert (tmp_path / "50% of a?b#c d" / "traces.sqlite3").exists()


@pytest.mark.parametrize("url", ["sqlite:", "sqlite:///", "sqlite://host/file", "sqlite:////tmp/"])
def test_an_address_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="names no file"):
        SqliteStore(url)


def make_foreign_database(path: Path) -> None:
    """Put somebody else's database there."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE shop_order (id INTEGER)")
        connection.commit()


def make_text(path: Path) -> None:
    """Put a file there that is no database."""
    path.write_text("Dear diary, " * 1_000)


def make_newer(path: Path) -> None:
    """Put a store of a later version there."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {sqlite_file.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {sqlite_file.USER_VERSION + 1}")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_foreign_database, "none of reqtrace's"),
        (make_text, "not a SQLite database"),
        (make_newer, "another version of reqtrace"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(
    sqlite: SqliteStore, path: Path, make: Callable[[Path], None], reason: str
) -> None:
    path.parent.mkdir()
    make(path)
    before = path.read_bytes()
    for use in (lambda: sqlite.append([plain(1)]), lambda: sqlite.read(0, 1), sqlite.bounds, sqlite.purge):
        with pytest.raises(StoreError, match=reason) as caught:
            use()
        assert str(path) in str(caught.value)
        assert not isinstance(caught.value, StoreUnavailable)
    (problem,) = sqlite.check()
    assert isinstance(problem, CheckMessage)
    assert problem.id == "reqtrace.E003"
    assert reason in problem.msg
    assert problem.hint
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with closing(SqliteStore(f"sqlite:///{tmp_path}/file/traces.sqlite3")) as store:
        with pytest.raises(StoreError, match="Not a directory"):
            store.append([plain(1)])
        (problem,) = store.check()
        assert "not a directory" in problem.msg.lower()


def test_a_good_place_has_nothing_to_report(sqlite: SqliteStore, path: Path) -> None:
    assert sqlite.check() == []
    assert not path.parent.exists()
    sqlite.append([plain(1)])
    assert sqlite.check() == []


def test_an_empty_file_is_taken_over(sqlite: SqliteStore, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert sqlite.read(0, 1) == []
    sqlite.append([plain(1)])
    assert keys(sqlite) == ["r1"]


def test_a_file_deleted_beneath_a_writer_is_made_again(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(1)])
    end = sqlite.bounds()[1]
    path.unlink()  # not its log, which a new file must not take for its own
    assert keys(sqlite) == []
    sqlite.append([plain(2)])
    assert keys(sqlite) == ["r2"]
    assert sqlite.bounds()[1] > end
    with closing(SqliteStore(sqlite.url)) as another:
        assert keys(another) == ["r2"]


def test_a_file_replaced_beneath_a_writer_is_the_one_written_to(
    sqlite: SqliteStore, path: Path, tmp_path: Path
) -> None:
    with closing(SqliteStore(f"sqlite:///{tmp_path}/other.sqlite3")) as other:
        other.append([plain(7)])
    sqlite.append([plain(1)])
    (tmp_path / "other.sqlite3").replace(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    sqlite.append([plain(8)])
    assert keys(sqlite) == ["r7", "r8"]


def test_a_writer_kept_waiting_too_long_says_that_the_store_is_busy_and_writes_nothing(
    sqlite: SqliteStore, path: Path
) -> None:
    sqlite.append([plain(1)])
    sqlite.patience_seconds = 0.05
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="busy"):
            sqlite.append([plain(2)])
        assert keys(sqlite) == ["r1"]
        other.execute("ROLLBACK")
    sqlite.append([plain(3)])
    assert keys(sqlite) == ["r1", "r3"]


def test_a_batch_that_fails_in_the_middle_leaves_nothing(sqlite: SqliteStore) -> None:
    sqlite.append([plain(1)])
    end = sqlite.bounds()[1]
    with pytest.raises(StoreError):
        sqlite.append([plain(2), Item("request", None, b"{}")])  # type: ignore[arg-type]
    assert keys(sqlite) == ["r1"]
    assert sqlite.bounds()[1] == end


def test_a_file_that_has_lost_its_count_is_an_error_and_takes_nothing(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(1)])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM line")
    with pytest.raises(StoreError, match="is damaged"):
        sqlite.append([plain(2)])
    assert keys(sqlite) == ["r1"]


def test_a_full_disk_is_an_error_that_passes(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(1)])
    with sqlite._writer as connection:
        connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable, match="full"):
        sqlite.append([plain(2, b"x" * 100_000)])
    sqlite.append([plain(3)])
    assert keys(sqlite) == ["r1", "r3"]


def test_a_damaged_file_is_an_error_that_says_so(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(number, b"x" * 3_000) for number in range(100)])
    sqlite.close()
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(StoreError, match="damaged") as caught:
        sqlite.read(0, 1_000)
    assert not isinstance(caught.value, StoreUnavailable)


def test_a_purged_file_gives_its_space_back(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(number, b"x" * 1_000) for number in range(1_000)])
    sqlite.purge()
    sqlite.close()
    assert path.stat().st_size < 100_000


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Have another process keep a file busy; one of this process's would be seen through a fork."""
    command = [sys.executable, "-c", LOCKER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as locker:
        assert locker.stdout is not None
        locker.stdout.readline()
        yield
        locker.kill()  # closing its input would not do: forked children have that open, too


def in_child(work: Callable[[], object]) -> int:
    """Do something in a forked child and return its exit code: 0 when it raised nothing."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_parent_and_forked_child_go_on_with_connections_of_their_own(sqlite: SqliteStore, path: Path) -> None:
    sqlite.append([plain(1)])
    assert keys(sqlite) == ["r1"]
    assert in_child(lambda: sqlite.append([plain(2)])) == 0
    sqlite.append([plain(3)])
    assert keys(sqlite) == ["r1", "r2", "r3"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_in_the_middle_of_another_threads_batch_harms_neither_side(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_link, "FORK_SECONDS", 5)  # a machine that is busy may take so long over a batch
    stop = threading.Event()
    written: list[Item] = []

    def write() -> None:
        while not stop.is_set():
            written.append(plain(len(written)))
            sqlite.append(written[-1:])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(written) > 5)
        codes = [in_child(lambda: sqlite.append([Item("finding", f"f{number}", b"{}")])) for number in range(5)]  # noqa: B023
    finally:
        stop.set()
        writer.join()
    assert codes == [0] * 5
    assert len(sqlite.read(0, 100, ("finding",))) == 5
    assert len(sqlite.read(0, 100_000, ("request",))) == len(written)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_does_not_wait_for_a_file_that_others_keep_busy_and_both_sides_write_on(
    sqlite: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_link, "FORK_SECONDS", 0.5)
    sqlite.append([plain(1)])
    with locked(path):
        writer = threading.Thread(target=lambda: sqlite.append([plain(2)]))
        writer.start()
        waits = []
        for number in range(10, 15):
            began = time.perf_counter()
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    sqlite.append([plain(number)])  # which waits for the other to end
                    code = 0
                finally:
                    os._exit(code)
            waits.append((time.perf_counter() - began, pid))
            time.sleep(0.05)
    writer.join()
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for _, pid in waits] == [0] * 5
    assert max(seconds for seconds, _ in waits) < 1, "it waited for the file"
    assert sorted(keys(sqlite)) == ["r1", "r10", "r11", "r12", "r13", "r14", "r2"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_breaks_off_a_statement_that_takes_long_which_is_then_done_once_more(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_link, "FORK_SECONDS", 0.5)
    sqlite.append([plain(1)])
    answers: list[int] = []
    count = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
    reader = threading.Thread(
        target=lambda: answers.append(sqlite._reader.do(lambda link: link.execute(count).fetchone()[0], 60))
    )
    reader.start()
    eventually(lambda: sqlite._reader.is_open)
    time.sleep(0.02)
    began = time.perf_counter()
    assert in_child(lambda: sqlite.read(0, 1)) == 0
    assert time.perf_counter() - began < 0.5
    assert not answers
    reader.join()
    assert answers == [3_000_000]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_was_forked_in_the_middle_of_a_write_does_without_the_store(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.append([plain(1)])
    monkeypatch.setattr(sqlite_link.Link, "interrupt", lambda link: None)  # as if it waited for the disk
    is_writing, may_end = threading.Event(), threading.Event()

    def write(connection: sqlite3.Connection) -> None:
        is_writing.set()
        may_end.wait()

    writer = threading.Thread(target=lambda: sqlite._writer.do(write, 1))
    writer.start()
    is_writing.wait()
    began = time.perf_counter()
    code = in_child(lambda: sqlite.append([plain(2)]))
    seconds = time.perf_counter() - began
    may_end.set()
    writer.join()
    assert code == 1, "it used what its parent had in use"
    assert seconds < 0.5
    sqlite.append([plain(3)])
    assert keys(sqlite) == ["r1", "r3"]


def test_a_fork_that_nobody_announced_is_noticed_by_the_pid(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.append([plain(1)])
    inherited: list[sqlite3.Connection] = []
    monkeypatch.setattr(sqlite_link, "_inherited", inherited)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "getpid", lambda: -1)
        sqlite.append([plain(2)])
        assert keys(sqlite) == ["r1", "r2"]
        sqlite.close()
    assert len(inherited) == 1
    inherited[0].execute("SELECT 1")  # still open: to close it would be the harm
    inherited[0].close()


def test_a_rare_kind_is_found_among_many_requests_without_reading_them(sqlite: SqliteStore) -> None:
    sqlite.append([plain(1)])
    with sqlite._reader as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT payload FROM entry WHERE kind = 1 AND position > 0 ORDER BY position LIMIT 9"
        ).fetchall()
    assert [row[3] for row in plan] == ["SEARCH entry USING INDEX entry_kind (kind=? AND position>?)"]
