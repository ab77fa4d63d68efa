"""Clients of several Redis servers that stand in for one another: a master named by Sentinels, a node of a Cluster."""

from collections.abc import Callable
from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisClusterException, TryAgainError
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from reqtrace.exceptions import StoreError
from reqtrace.stores.redis_address import RedisAddress

MOVING = (AskError, ClusterDownError, MovedError, RedisClusterException, TryAgainError)
"""Errors of a Cluster that another look at who holds what mends."""


def client_of(
    address: RedisAddress, options: dict[str, Any], key: str, bounded: Callable[[type[Any]], type[Any]]
) -> "redis.Redis":
    """Return a client of whoever holds a key just now.

    Args:
        address: of the Sentinels, or of some nodes of a Cluster.
        options: of a connection, without host and port.
        key: any of ours. In a Cluster all lie in one slot, since their prefix stands in braces: what a script writes
            must lie at one node, and so does what is read at one moment.
        bounded: makes of a class of connections one that keeps to our time, and under gevent to our thread.

    Raises:
        redis.RedisError: when none of those named answers.

    """
    options = {name: value for name, value in options.items() if name not in ("host", "port")}
    if address.fleet == "sentinel":
        own = {name: options[name] for name in ("retry", "protocol")}
        sentinel = Sentinel([])  # type: ignore[no-untyped-call]
        sentinel.sentinels = [
            redis.Redis(connection_pool=redis.ConnectionPool(bounded(redis.Connection), host=host, port=port, **own))
            for host, port in address.nodes
        ]
        managed = bounded(SentinelManagedSSLConnection if address.is_tls else SentinelManagedConnection)
        found: redis.Redis = sentinel.master_for(address.service, connection_class=managed, **options)  # type: ignore[no-untyped-call]
        return found
    if address.database:
        raise StoreError("A Redis Cluster has no databases: leave /db out of REQTRACE['STORE'].")
    options.pop("db")
    nodes = [ClusterNode(host, port) for host, port in address.nodes]  # type: ignore[no-untyped-call]
    chosen = bounded(redis.SSLConnection if address.is_tls else redis.Connection)
    # By an address, since only then it makes its connections of a class of ours, to ask who holds what as well.
    host, port = address.nodes[0]
    place = f"redis://[{host}]:{port}" if ":" in host else f"redis://{host}:{port}"
    cluster = RedisCluster(url=place, startup_nodes=nodes, connection_class=chosen, **options)
    node = cluster.get_node_from_key(key)  # type: ignore[no-untyped-call]
    return cluster.get_redis_connection(node)
