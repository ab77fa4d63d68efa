"""What the Redis store keeps beyond the contract: many processes, forks, gevent, foreign keys, servers that go away."""

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import redis

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.stores import registry
from reqtrace.stores.base import Item
from reqtrace.stores.redis_address import RedisAddress
from reqtrace.stores.redis_streams import RedisStreamStore
from tests.conftest import eventually
from tests.programs import ROOT, run_program
from tests.redis_server import PROGRAM, answers, free_port, redis_server
from tests.stores.test_stores import check_each_once_and_in_order, follow, keys, plain

needs_server = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Run a Redis server; return its port."""
    number = free_port()
    with redis_server(number, tmp_path):
        yield number


@pytest.fixture
def store(port: int) -> Iterator[RedisStreamStore]:
    """Return a store in it."""
    with closing(RedisStreamStore(f"redis://127.0.0.1:{port}/0")) as store:
        yield store


@pytest.fixture
def client(port: int) -> Iterator[redis.Redis]:
    """Return a client of somebody else's."""
    with redis.Redis(port=port) as client:
        yield client


WRITER = """
import sys
from reqtrace.stores.base import Item
from reqtrace.stores.redis_streams import RedisStreamStore
url, name = sys.argv[1:]
store = RedisStreamStore(url)
for number in range(0, 300, 3):
    store.append([Item("request", f"{name}-{number + i}", b"{}") for i in range(3)])
store.close()
"""


@needs_server
def test_many_processes_write_one_line_and_a_follower_misses_nothing_and_sees_nothing_twice(
    store: RedisStreamStore,
) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, store.url, f"w{n}"], cwd=ROOT) for n in range(4)]
    try:
        found = follow(store, 1_200)
    finally:
        codes = [writer.wait(60) for writer in writers]
    assert codes == [0] * 4
    assert len(found) == 1_200
    check_each_once_and_in_order(found)


@needs_server
def test_a_server_that_goes_and_comes_back_is_written_to_again(tmp_path: Path) -> None:
    port = free_port()
    with closing(RedisStreamStore(f"redis://127.0.0.1:{port}/0")) as store:
        for _ in range(2):
            for use in (lambda: store.append([plain(1)]), store.bounds, lambda: store.trim(1), store.purge):
                with pytest.raises(StoreUnavailable, match=f"redis://127.0.0.1:{port}/0.* is not available"):
                    use()
            with redis_server(port, tmp_path):
                store.append([plain(1)])
                assert keys(store) == ["r1"]


@needs_server
def test_a_connection_that_went_stale_is_noticed_before_its_use(store: RedisStreamStore, client: redis.Redis) -> None:
    store.append([plain(1)])
    assert keys(store) == ["r1"]
    client.client_kill_filter(_type="normal", skipme=True)
    store.append([plain(2)])
    assert keys(store) == ["r1", "r2"]


def test_a_server_that_does_not_answer_is_a_warning_and_no_error() -> None:
    with closing(RedisStreamStore(f"redis://127.0.0.1:{free_port()}/0")) as store:
        (problem,) = store.check()
    assert problem.id == "reqtrace.W002"
    assert not problem.is_serious()
    assert problem.hint


@needs_server
def test_a_wrong_password_is_an_error_and_is_shown_nowhere(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(port, tmp_path, "--requirepass", "correct-horse"):
        with closing(RedisStreamStore(f"redis://:battery-staple@127.0.0.1:{port}/0")) as store:
            with pytest.raises(StoreError, match="lets nobody in") as caught:
                store.append([plain(1)])
            (problem,) = store.check()
        assert not isinstance(caught.value, StoreUnavailable)
        assert problem.id == "reqtrace.E003"
        assert "battery" not in "".join([store.url, str(problem), *traceback.format_exception(caught.value)])
        with closing(RedisStreamStore(f"redis://:correct-horse@127.0.0.1:{port}/0")) as store:
            store.append([plain(1)])
            assert keys(store) == ["r1"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret/7@host/0",
        "redis://:secret#7@host/0",
        "redis://:secret@host:x/0",
        "redis://host/secret",
        "redis://host/0?password=secret",
        "unix://?password=secret",
        "unix:",
    ],
)
def test_an_address_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(StoreError, match="no address of a Redis server") as caught:
        RedisAddress(url)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://", "redis://localhost/0?prefix=reqtrace"),
        ("redis://ann:secret@host:7/3?prefix=shop", "redis://host:7/3?prefix=shop"),
        ("rediss://:secret@[::1]:7?ssl_cert_reqs=none", "rediss://[::1]:7/0?prefix=reqtrace"),
        ("unix://:secret@/run/redis.sock?db=2", "unix:///run/redis.sock?db=2&prefix=reqtrace"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert RedisAddress(url).shown == shown


@needs_server
@pytest.mark.parametrize("name", ["last", "request", "finding:keys"])
def test_foreign_data_under_a_name_of_ours_is_refused_and_left_alone(
    store: RedisStreamStore, client: redis.Redis, name: str
) -> None:
    client.rpush(f"reqtrace:{name}", "somebody else's")
    with pytest.raises(StoreError, match=f"none of reqtrace's.*reqtrace:{name} is a list") as caught:
        store.append([plain(1)])
    assert not isinstance(caught.value, StoreUnavailable)
    assert client.keys() == [f"reqtrace:{name}".encode()]
    assert client.lrange(f"reqtrace:{name}", 0, -1) == [b"somebody else's"]


@needs_server
def test_foreign_data_is_reported_by_the_check(store: RedisStreamStore, client: redis.Redis) -> None:
    assert store.check() == []
    client.set("reqtrace:last", "yesterday")
    (problem,) = store.check()
    assert problem.id == "reqtrace.E003"
    with pytest.raises(StoreError, match="is no number"):
        store.append([plain(1)])
    assert client.keys() == [b"reqtrace:last"]


@needs_server
def test_a_batch_that_comes_late_changes_nothing(store: RedisStreamStore) -> None:
    store.append([plain(1, b"old")])
    store.append([plain(1, b"new")])
    store._turn = 0  # as the first was sent, over a connection that broke
    store.append([plain(1, b"old"), plain(2)])
    assert [(entry.key, entry.payload) for entry in store.read(0, 10)] == [("r1", b"new")]
    store._turn = 2
    store.append([plain(2)])
    assert keys(store) == ["r1", "r2"]


@needs_server
def test_a_server_that_throws_keys_away_is_noticed(store: RedisStreamStore, client: redis.Redis) -> None:
    assert store.complaint() is None
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 1_000_000)
    assert store.complaint() is None
    (warning,) = store.check()
    assert (warning.id, "allkeys-lru" in warning.msg) == ("reqtrace.W006", True)
    for number in range(300):
        client.set(f"cache:{number}", b"x" * 10_000)
    assert "throws keys away to make room" in str(store.complaint())
    assert store.complaint() is None, "it was told already"
    client.config_set("maxmemory-policy", "noeviction")
    assert store.check() == []


@needs_server
def test_the_check_tries_to_write(store: RedisStreamStore, client: redis.Redis) -> None:
    assert store.check() == []
    assert client.keys() == []
    client.replicaof("127.0.0.1", 1)
    (warning,) = store.check()
    assert warning.id == "reqtrace.W002"
    assert "read only replica" in warning.msg


@needs_server
def test_certificates_clusters_and_sentinels_have_words_of_their_own(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    number, secure = free_port(), free_port()
    options = ["--tls-port", secure, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"]
    with redis_server(number, tmp_path, *map(str, options)):
        with closing(RedisStreamStore(f"rediss://localhost:{secure}/0")) as store:
            with pytest.raises(StoreError, match=r"is not trusted.*ssl_ca_certs=") as caught:
                store.append([plain(1)])
            assert not isinstance(caught.value, StoreUnavailable)
        with closing(RedisStreamStore(f"rediss://localhost:{secure}/0?ssl_ca_certs={certificate}")) as store:
            store.append([plain(1)])
            assert keys(store) == ["r1"]
    (tmp_path / "sentinel.conf").touch()
    with closing(RedisStreamStore(f"redis://127.0.0.1:{number}/0")) as store:
        with (
            redis_server(number, tmp_path, "--cluster-enabled", "yes"),
            pytest.raises(StoreError, match="Redis Cluster"),
        ):
            store.append([plain(1)])
        store.close()
        with redis_sentinel(number, tmp_path / "sentinel.conf"), pytest.raises(StoreError, match="Sentinel"):
            store.append([plain(1)])


@contextmanager
def redis_sentinel(number: int, configuration: Path) -> Iterator[None]:
    """Run a server that only knows where others are."""
    command = [PROGRAM or "redis-server", str(configuration), "--sentinel", "--port", str(number)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(number))
        yield
    finally:
        server.kill()
        server.wait(10)


@needs_server
def test_a_full_server_takes_nothing_of_a_batch(store: RedisStreamStore, client: redis.Redis) -> None:
    store.append([plain(1)])
    client.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable, match="maxmemory"):
        store.append([plain(2), plain(3)])
    client.config_set("maxmemory", "0")
    assert keys(store) == ["r1"]
    assert store.bounds() == (1, 1)


@needs_server
def test_a_counter_that_was_evicted_goes_on_behind_the_newest_entry(
    store: RedisStreamStore, client: redis.Redis
) -> None:
    store.append([plain(1), plain(2), Item("thread", "t1", b"{}")])
    client.delete("reqtrace:last")
    store.append([plain(1)])
    assert [(entry.position, entry.key) for entry in store.read(0, 10)] == [(2, "r2"), (3, "t1"), (4, "r1")]


@needs_server
def test_stores_of_different_prefixes_and_databases_share_nothing(port: int, client: redis.Redis) -> None:
    addresses = ["0", "0?prefix=shop", "1?prefix=shop"]
    for place in addresses:
        with closing(RedisStreamStore(f"redis://127.0.0.1:{port}/{place}")) as store:
            store.append([plain(1)])
            assert keys(store) == ["r1"]
            if place != addresses[0]:
                assert store.purge() == 1
    assert client.xlen("reqtrace:request") == 1


@needs_server
def test_what_was_trimmed_and_replaced_leaves_nothing_behind(store: RedisStreamStore, client: redis.Redis) -> None:
    for _ in range(3):
        store.append([Item("thread", "t1", b"{}"), *(plain(number) for number in range(10))])
    assert store.trim(4) == 7
    assert client.hlen("reqtrace:request:keys") == client.xlen("reqtrace:request") == 4
    assert client.hlen("reqtrace:thread:keys") == client.xlen("reqtrace:thread") == 0
    store.purge()
    (writer,) = set(client.keys()) - {b"reqtrace:last"}
    assert writer.startswith(b"reqtrace:writer:")
    assert 0 < client.ttl(writer) <= 86_400


@needs_server
def test_a_socket_in_the_file_system_does_as_well(port: int, tmp_path: Path) -> None:
    with closing(RedisStreamStore(f"unix://{tmp_path}/redis.sock?db=0")) as store:
        store.append([plain(1)])
        assert keys(store) == ["r1"]


def in_child(use: Callable[[], object]) -> int:
    """Run `use` in a forked child; return its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            use()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@needs_server
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_in_the_middle_of_another_threads_batch_harms_neither_side(store: RedisStreamStore) -> None:
    stop = threading.Event()
    written: list[Item] = []

    def write() -> None:
        while not stop.is_set():
            written.append(plain(len(written)))
            store.append(written[-1:])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(written) > 5)
        codes = [in_child(lambda: store.append([Item("finding", f"f{number}", b"{}")])) for number in range(5)]  # noqa: B023
    finally:
        stop.set()
        writer.join()
    assert codes == [0] * 5
    assert len(store.read(0, 100, ("finding",))) == 5
    assert [entry.key for entry in store.read(0, 100_000, ("request",))] == [item.key for item in written]


GEVENT = """
    from gevent import monkey; monkey.patch_all()
    import os
    from gevent._hub_local import get_hub_if_exists
    from reqtrace.execution.places import native
    from reqtrace.stores.base import Item
    from reqtrace.stores.redis_streams import RedisStreamStore

    store = RedisStreamStore(os.environ["STORE"])
    ended = native("_thread", "allocate_lock")()
    ended.acquire()
    said = []

    def ship():
        try:
            for number in range(200):
                store.append([Item("request", f"r{number}", b"{}")])
            said.append(get_hub_if_exists())
        finally:
            ended.release()

    native("_thread", "start_new_thread")(ship, ())
    while ended.locked():
        store.read(0, 1)
    print(*said)
"""


@needs_server
@pytest.mark.parametrize("place", ["redis://localhost:{port}/0", "unix://{directory}/redis.sock"])
def test_a_native_thread_beside_gevent_writes_without_an_event_loop(port: int, tmp_path: Path, place: str) -> None:
    url = place.format(port=port, directory=tmp_path)
    assert run_program(GEVENT, STORE=url) == "None"
    with closing(RedisStreamStore(url)) as store:
        assert len(store.read(0, 1_000)) == 200


@needs_server
def test_the_first_connection_imports_nothing(port: int) -> None:
    """Under gevent it is made on a native thread, which must not import what another one imports just then."""
    told = run_program(
        """
        import os, sys
        from reqtrace.stores.redis_streams import RedisStreamStore

        store = RedisStreamStore(os.environ["STORE"])
        known = set(sys.modules)
        store.read(0, 1)
        print(sorted(set(sys.modules) - known))
        """,
        STORE=f"redis://localhost:{port}/0",
    )
    assert told == "[]"


def test_tls_beside_gevent_is_refused() -> None:
    said = run_program("""
        from gevent import monkey; monkey.patch_all()
        from reqtrace.exceptions import StoreError
        from reqtrace.stores.redis_streams import RedisStreamStore

        try:
            RedisStreamStore("rediss://localhost/0")
        except StoreError as error:
            print(error)
    """)
    assert "rediss:// does not go together with gevent" in said


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("streams", "link", "fleets", "connections"):
        monkeypatch.delitem(sys.modules, f"reqtrace.stores.redis_{name}")
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(StoreError, match=r'pip install "django-reqtrace\[redis\]"'):
        registry.open_store("redis://localhost/0")


@needs_server
@pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "redis+sentinel://127.0.0.1:{port}/shop"])
def test_a_server_that_is_frozen_is_waited_for_no_longer_than_there_is_patience(tmp_path: Path, address: str) -> None:
    port = free_port()
    with redis_server(port, tmp_path, "--pidfile", str(tmp_path / "pid")):
        eventually((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        with closing(RedisStreamStore(address.format(port=port))) as store:
            with suppress(StoreError):
                store.append([plain(1)])  # so that there is a connection
            store.patience_seconds = 0.02
            took = []
            os.kill(pid, signal.SIGSTOP)
            try:
                for _ in range(7):
                    began = time.perf_counter()
                    with pytest.raises(StoreUnavailable):
                        store.append([plain(2)])
                    took.append(time.perf_counter() - began)
            finally:
                os.kill(pid, signal.SIGCONT)
        assert min(took) < 0.05, took
        assert statistics.median(took) < 1, took  # however busy the machine is
