"""Several Redis servers that stand in for one another: Sentinels and a Cluster of three, killed while others write."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.reading.queries import Page, Query
from reqtrace.reading.reader import Reader
from reqtrace.stores.base import Store
from reqtrace.stores.redis_address import RedisAddress
from reqtrace.stores.redis_streams import RedisStreamStore
from tests.conftest import eventually
from tests.factories import items, request
from tests.redis_server import PROGRAM, answers, free_port
from tests.servers import running

pytestmark = [pytest.mark.server, pytest.mark.skipif(not PROGRAM, reason="redis-server is not installed")]
CLI = shutil.which("redis-cli")


@contextmanager
def server(directory: Path, port: int, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server in a directory of its own."""
    directory.mkdir(exist_ok=True)
    command = [PROGRAM or "", *options, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(port))
        yield running
    finally:
        running.kill()
        running.wait(10)


def written_at_last(store: Store, numbers: range) -> None:
    """Write as the shipper does: what the store did not take is offered again."""
    batch = items(*(request(number) for number in numbers))
    deadline = time.monotonic() + 60
    while True:
        try:
            store.append(batch)
            return
        except StoreUnavailable:
            assert time.monotonic() < deadline, "nobody took over"
            time.sleep(0.2)


def ids(store: Store) -> set[str]:
    """Return the ids of all requests."""
    return {request.id for request in Reader(store).requests()}


def test_a_failover_of_sentinels_is_followed_without_loss(tmp_path: Path) -> None:
    first, second, sentinel = free_port(), free_port(), free_port()
    plain = ("--save", "")
    with ExitStack() as servers:
        master = servers.enter_context(server(tmp_path / "a", first, *plain))
        servers.enter_context(server(tmp_path / "b", second, *plain, "--replicaof", f"127.0.0.1 {first}"))
        with redis.Redis(port=second) as replica:
            eventually(lambda: replica.info("replication")["master_link_status"] == "up", 30)
        configuration = tmp_path / "sentinel.conf"
        configuration.write_text(
            f"sentinel monitor shop 127.0.0.1 {first} 1\nsentinel down-after-milliseconds shop 1000\n"
            "sentinel failover-timeout shop 5000\n"
        )
        servers.enter_context(server(tmp_path / "s", sentinel, str(configuration), "--sentinel"))
        with redis.Redis(port=sentinel) as asked:
            eventually(lambda: asked.execute_command("SENTINEL", "REPLICAS", "shop"), 30)
        with closing(RedisStreamStore(f"redis+sentinel://127.0.0.1:{sentinel}/shop/0?prefix=t")) as store:
            written_at_last(store, range(50))
            with redis.Redis(port=first) as before:
                before.wait(1, 5_000)
            master.kill()
            master.wait(10)
            written_at_last(store, range(50, 100))
            assert len(ids(store)) == 100
            assert store.check() == []


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[int]]:
    """Run a Cluster of three masters; yield their ports."""
    if CLI is None:
        pytest.skip("redis-cli is not installed")
    ports: list[int] = []
    while len(ports) < 3:  # each has a second port, 10,000 higher
        port = free_port()
        if port < 55_000 and port not in ports:
            ports.append(port)
    with ExitStack() as servers:
        for port in ports:
            options = ("--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
            servers.enter_context(server(tmp_path / str(port), port, *options))
        nodes = [f"127.0.0.1:{port}" for port in ports]
        command = [CLI, "--cluster", "create", *nodes, "--cluster-yes", "--cluster-replicas", "0"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
        with redis.Redis(port=ports[0]) as node:
            eventually(lambda: node.cluster("INFO")["cluster_state"] == "ok", 30)
        yield ports


def test_in_a_cluster_all_keys_lie_in_one_slot_and_everything_works(cluster: list[int]) -> None:
    with closing(RedisStreamStore(f"redis+cluster://127.0.0.1:{cluster[0]},127.0.0.1:{cluster[1]}?prefix=t")) as store:
        written_at_last(store, range(600))
        assert len(ids(store)) == 600
        assert Reader(store).page(Query(user="nobody"), Page()).requests == []
        assert len(Reader(store).page(Query(user="alice"), Page(limit=50)).requests) == 50
        assert store.trim(100) == 500
        assert store.check() == []
        keys = []
        for port in cluster:
            with redis.Redis(port=port) as node:
                keys.append(node.keys("*"))
        holding = [found for found in keys if found]
        assert len(holding) == 1
        assert all(key.startswith(b"{t}:") for key in holding[0])
        assert store.purge() == 100


def sentinels(tmp_path: Path, servers: ExitStack) -> int:
    """Run a master with a Sentinel that watches it; return the Sentinel's port."""
    master, sentinel = free_port(), free_port()
    servers.enter_context(server(tmp_path / "a", master, "--save", ""))
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(f"sentinel monitor shop 127.0.0.1 {master} 1\n")
    servers.enter_context(server(tmp_path / "s", sentinel, str(configuration), "--sentinel"))
    return sentinel


@pytest.mark.parametrize("fleet", ["cluster", "sentinel"])
def test_under_gevent_a_fleet_takes_every_request(request: pytest.FixtureRequest, tmp_path: Path, fleet: str) -> None:
    with ExitStack() as servers:
        if fleet == "cluster":
            address = f"redis+cluster://127.0.0.1:{request.getfixturevalue('cluster')[1]}?prefix=g"
        else:
            address = f"redis+sentinel://127.0.0.1:{sentinels(tmp_path, servers)}/shop?prefix=g"
        with running.serve("gunicorn-gevent", tmp_path, REQTRACE_STORE=address) as shop:
            answers = [httpx.get(f"{shop.url}/plain/?n={number}").status_code for number in range(40)]
            shop.stop()
        assert answers == [200] * 40
        with closing(RedisStreamStore(address)) as store:
            reader = Reader(store)
            assert sum(one.path == "/plain/" for one in reader.requests()) == 40
            assert [(one.faults, one.last_fault) for one in reader.processes()] == [(0, None)]
            assert all(one.facts["gevent_patched"] for one in reader.processes())


def test_a_slot_that_moves_to_another_node_is_followed(cluster: list[int]) -> None:
    with closing(RedisStreamStore(f"redis+cluster://127.0.0.1:{cluster[0]}?prefix=t")) as store:
        written_at_last(store, range(10))
        with redis.Redis(port=cluster[0]) as node:
            slot = node.execute_command("CLUSTER KEYSLOT", "{t}:last")
        holder, target = None, None
        for port in cluster:
            with redis.Redis(port=port) as node:
                holder, target = (port, target) if node.keys("*") else (holder, port)
        assert holder is not None
        assert target is not None
        names = {}
        for port in (holder, target):
            with redis.Redis(port=port) as node:
                names[port] = node.execute_command("CLUSTER MYID").decode()
        with redis.Redis(port=holder) as source, redis.Redis(port=target) as sink:
            sink.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[holder])
            source.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[target])
            for key in source.keys("*"):
                source.execute_command("MIGRATE", "127.0.0.1", target, key, 0, 5_000)
            for node in (sink, source):
                node.execute_command("CLUSTER SETSLOT", slot, "NODE", names[target])
        written_at_last(store, range(10, 20))
        assert len(ids(store)) == 20


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis+sentinel://u:pw@a:1,b/shop/2?prefix=x", "redis+sentinel://a:1,b:26379/shop/2?prefix=x"),
        ("rediss+cluster://:pw@a,[::1]:7", "rediss+cluster://a:6379,[::1]:7/?prefix={reqtrace}"),
        ("valkey://:pw@a/1", "redis://a/1?prefix=reqtrace"),
    ],
)
def test_an_address_of_a_fleet_is_shown_without_its_password(address: str, shown: str) -> None:
    assert RedisAddress(address).shown == shown


@pytest.mark.parametrize("address", ["redis+sentinel://a:1", "redis+sentinel://a:x/shop", "redis+ring://pw@a"])
def test_an_address_that_says_too_little_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(StoreError) as refused:
        RedisAddress(address)
    assert "pw" not in str(refused.value)


def test_sentinels_that_do_not_answer_are_unavailable_for_now() -> None:
    with closing(RedisStreamStore(f"redis+sentinel://127.0.0.1:{free_port()}/shop")) as store:
        with pytest.raises(StoreUnavailable):
            store.bounds()
        assert [message.id for message in store.check()] == ["reqtrace.W002"]
