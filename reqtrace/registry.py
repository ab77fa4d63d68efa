"""From settings and names to instances: the store in force, the exporter asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.exceptions import SettingsError, StoreError
from reqtrace.exporters.base import Exporter
from reqtrace.faults import Faults
from reqtrace.holders import known
from reqtrace.holders.base import Holder
from reqtrace.holders.paths import resolve
from reqtrace.stores.base import Store

STORE_CLASSES = {
    "memory": "reqtrace.stores.memory.MemoryStore",
    "sqlite": "reqtrace.stores.sqlite.SqliteStore",
    "redis": "reqtrace.stores.redis_streams.RedisStreamStore",
    "rediss": "reqtrace.stores.redis_streams.RedisStreamStore",
    "unix": "reqtrace.stores.redis_streams.RedisStreamStore",
}
EXPORTER_CLASSES = {
    "json": "reqtrace.exporters.json.JsonExporter",
    "ndjson": "reqtrace.exporters.ndjson.NdjsonExporter",
    "chrome": "reqtrace.exporters.chrome.ChromeExporter",
    "perfetto": "reqtrace.exporters.perfetto.PerfettoExporter",
    "otlp": "reqtrace.exporters.otlp.OtlpExporter",
    "otlp-proto": "reqtrace.exporters.otlp.OtlpProtoExporter",
}

_stores: dict[str, Store] = {}
_replacements: list[Store] = []


def open_store(url: str) -> Store:
    """Return a store for an address, such as ``sqlite:///path``.

    Raises:
        StoreError: when no class stands behind the scheme; the text names the schemes there are.

    """
    classes = STORE_CLASSES | conf.get().store_backends
    scheme = url.partition(":")[0]
    if scheme not in classes:
        raise StoreError(
            f"{conf.DICT}['STORE'] cannot be used: no store has the scheme {scheme!r}; "  # not the rest: a password
            f"there are {', '.join(sorted(classes))}. STORE_BACKENDS adds more."
        )
    try:
        store_class = import_string(classes[scheme])
    except ImportError as error:
        raise StoreError(
            f"The store for {scheme!r} is {classes[scheme]!r}, which cannot be imported: {error}."
        ) from error
    if not (isinstance(store_class, type) and issubclass(store_class, Store)):
        raise StoreError(f"{classes[scheme]!r} is no subclass of reqtrace.stores.base.Store.")
    return store_class(url)


def store() -> Store:
    """Return this process's store, as the settings name it; one instance for all callers.

    Raises:
        StoreError: when the settings name no usable store.

    """
    replacement = replaced_by()
    if replacement is not None:
        return replacement
    url = conf.get().store
    # Opens nothing, so that two threads may both make one; `setdefault` lets all have the first.
    return _stores.get(url) or _stores.setdefault(url, open_store(url))


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
    for store in list(_stores.values()):
        store.close()


def exporter(name: str) -> Exporter:
    """Return the exporter for a format, one of `EXPORTER_CLASSES`."""
    made = import_string(EXPORTER_CLASSES[name])()
    assert isinstance(made, Exporter)
    return made


def holders_of(settings: conf.Settings, faults: Faults) -> list[Holder]:
    """Return the holders that the settings declare and those of known libraries; a bad path is a fault and left out."""
    holders: list[Holder] = []
    for path in settings.holders:
        try:
            holders.append(resolve(path))
        except SettingsError as error:  # said by a system check, too
            faults.note(f"the setting HOLDERS, {path!r}", error)
    return holders + (known.installed() if settings.known_holders else [])
