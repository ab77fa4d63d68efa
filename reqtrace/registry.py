"""From settings to instances: which store is in force."""

from functools import lru_cache
from urllib.parse import urlsplit

from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.exceptions import StoreError
from reqtrace.stores.base import Store

STORE_CLASSES = {
    "memory": "reqtrace.stores.memory.MemoryStore",
    "sqlite": "reqtrace.stores.sqlite.SqliteStore",
}


def open_store(url: str) -> Store:
    """Return the store for an address, such as ``sqlite:///path``.

    Raises:
        StoreError: when no class stands behind the scheme; the text names the schemes there are.

    """
    classes = STORE_CLASSES | conf.get().store_backends
    scheme = urlsplit(url).scheme
    if scheme not in classes:
        raise StoreError(
            f"{conf.DICT}['STORE'] is {url!r}, and no store has the scheme {scheme!r}; "
            f"there are {', '.join(sorted(classes))}. STORE_BACKENDS adds more."
        )
    try:
        store_class = import_string(classes[scheme])
    except ImportError as error:
        raise StoreError(
            f"The store for {scheme!r} is {classes[scheme]!r}, which cannot be imported: {error}."
        ) from error
    store = store_class(url)
    if not isinstance(store, Store):
        raise StoreError(f"{classes[scheme]!r} is no subclass of reqtrace.stores.base.Store.")
    return store


@lru_cache(maxsize=8)
def _shared(url: str) -> Store:
    return open_store(url)


def store() -> Store:
    """Return this process's store, as the settings name it; one instance for all callers.

    Raises:
        StoreError: when the settings name no usable store.

    """
    return _shared(conf.get().store)
