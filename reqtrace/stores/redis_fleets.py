"""Clients of several Redis servers that stand in for one another: a master named by Sentinels, a node of a Cluster."""

from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisClusterException, TryAgainError
from redis.sentinel import Sentinel

from reqtrace.exceptions import StoreError
from reqtrace.stores.redis_address import RedisAddress

MOVING = (AskError, ClusterDownError, MovedError, RedisClusterException, TryAgainError)
"""Errors of a Cluster that another look at who holds what mends."""


def client_of(address: RedisAddress, options: dict[str, Any], key: str) -> "redis.Redis":
    """Return a client of whoever holds a key just now.

    Args:
        address: of the Sentinels, or of some nodes of a Cluster.
        options: of a connection, without host and port.
        key: any of ours. In a Cluster all lie in one slot, since their prefix stands in braces: what a script writes
            must lie at one node, and so does what is read at one moment.

    Raises:
        redis.RedisError: when none of those named answers.

    """
    options = {name: value for name, value in options.items() if name not in ("host", "port", "connection_class")}
    if address.fleet == "sentinel":
        own = ("socket_connect_timeout", "socket_timeout", "protocol")
        known = {name: options[name] for name in own}
        sentinel = Sentinel(address.nodes, sentinel_kwargs=known)  # type: ignore[no-untyped-call]
        found: redis.Redis = sentinel.master_for(address.service, ssl=address.is_tls, **options)  # type: ignore[no-untyped-call]
        return found
    if address.database:
        raise StoreError("A Redis Cluster has no databases: leave /db out of REQTRACE['STORE'].")
    options.pop("db")
    nodes = [ClusterNode(host, port) for host, port in address.nodes]  # type: ignore[no-untyped-call]
    cluster = RedisCluster(startup_nodes=nodes, ssl=address.is_tls, **options)
    node = cluster.get_node_from_key(key)  # type: ignore[no-untyped-call]
    return cluster.get_redis_connection(node)
