"""From settings to the store in force."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.exceptions import StoreError
from reqtrace.printable import concealed, scheme_of
from reqtrace.stores.base import Store

STORE_CLASSES = {
    "memory": "reqtrace.stores.memory.MemoryStore",
    "sqlite": "reqtrace.stores.sqlite.SqliteStore",
    "redis": "reqtrace.stores.redis_streams.RedisStreamStore",
    "rediss": "reqtrace.stores.redis_streams.RedisStreamStore",
    "unix": "reqtrace.stores.redis_streams.RedisStreamStore",
    "valkey": "reqtrace.stores.redis_streams.RedisStreamStore",
    "valkeys": "reqtrace.stores.redis_streams.RedisStreamStore",
    "redis+sentinel": "reqtrace.stores.redis_streams.RedisStreamStore",
    "rediss+sentinel": "reqtrace.stores.redis_streams.RedisStreamStore",
    "redis+cluster": "reqtrace.stores.redis_streams.RedisStreamStore",
    "rediss+cluster": "reqtrace.stores.redis_streams.RedisStreamStore",
}


class _Chosen(NamedTuple):
    store: Store
    problem: StoreError | None


_chosen: dict[tuple[str, str | None], _Chosen] = {}
_replacements: list[Store] = []


def open_store(url: str) -> Store:
    """Return a store for an address, such as ``sqlite:///path``.

    Raises:
        StoreError: when no class stands behind the scheme, or the class does not take the address.

    """
    classes = STORE_CLASSES | conf.get().store_backends
    scheme = url.partition(":")[0]
    if scheme not in classes:
        named = scheme_of(url)
        found = f"no store has the scheme {named!r}" if named else "it begins with no scheme such as sqlite:///"
        raise StoreError(
            f"{conf.DICT}['STORE'] cannot be used: {found}; "
            f"there are {', '.join(sorted(classes))}. STORE_BACKENDS adds more."
        )
    try:
        store_class = import_string(classes[scheme])
    except Exception as error:  # a project's own module may fail in any way
        raise StoreError(
            f"The store for {scheme!r} is {classes[scheme]!r}, which cannot be imported: {error}."
        ) from error
    if not (isinstance(store_class, type) and issubclass(store_class, Store)):
        raise StoreError(f"{classes[scheme]!r} is no subclass of reqtrace.stores.base.Store.")
    try:
        return store_class(url)
    except StoreError:
        raise
    except Exception as error:
        said = concealed(f"{type(error).__name__}: {error}", url)
        raise StoreError(f"{classes[scheme]} does not take the address: {said}.") from None


def store() -> Store:
    """Return this process's store, as the settings name it; one instance for all callers.

    Where the settings name none that can be used it is the default, and `store_problem` says why.
    """
    return replaced_by() or _choice().store


def store_problem() -> str | None:
    """Say why the default holds in place of the setting ``STORE``; None when that can be used."""
    problem = _choice().problem
    return f"{problem} The default {conf.default_store()!r} is in force until it is mended." if problem else None


def problems() -> list[str]:
    """Say what is wrong with the settings and the store, and how each is mended; their defaults are in force."""
    return [
        *(f"{problem.message} {problem.hint}" for problem in conf.loaded().problems),
        *filter(None, [store_problem()]),
    ]


def _choice() -> _Chosen:
    settings = conf.get()
    key = settings.store, settings.store_backends.get(settings.store.partition(":")[0])
    # Opens nothing, so that two threads may both make one; `setdefault` lets all have the first.
    return _chosen.get(key) or _chosen.setdefault(key, _choose(settings.store))


def _choose(url: str) -> _Chosen:
    try:
        return _Chosen(open_store(url), None)
    except StoreError as error:
        return _Chosen(open_store(conf.default_store()), error)


@contextmanager
def replaced(store: Store) -> Iterator[None]:
    """Let `store` stand in for the one that the settings name, for all of this process: for tests."""
    _replacements.append(store)
    try:
        yield
    finally:
        _replacements.remove(store)


def replaced_by() -> Store | None:
    """Return the store that stands in for the one that the settings name."""
    return _replacements[-1] if _replacements else None


def close_stores() -> None:
    """Let every store handed out go of its connections and files; the next use opens them again."""
    for chosen in list(_chosen.values()):
        with suppress(Exception):  # of one that cannot even be closed, enough was said when it was used
            chosen.store.close()
