"""Where a Redis store is: the address in the settings, taken apart, and as it may be shown."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from reqtrace.exceptions import StoreError

_PREFIX = "reqtrace"
_OPTIONS = {"prefix", "db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_REFUSED = "REQTRACE['STORE'] is no address of a Redis server; it takes redis://host:port/db?prefix=..."


class RedisAddress:
    """``redis://[user:password@]host:port/db?prefix=...``, ``rediss://`` the same, or ``unix:///path?db=...``."""

    def __init__(self, url: str) -> None:
        """Take an address apart.

        Raises:
            StoreError: when it is none; the text leaves out what could be a password.

        """
        try:
            parts = urlsplit(url)
            port, query = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            raise StoreError(f"{_REFUSED}.") from None  # the reason may quote a password with a bare # or / in it
        if query.keys() - _OPTIONS:
            raise StoreError(f"{_REFUSED} The options are {', '.join(sorted(_OPTIONS))}.")
        is_file = parts.scheme == "unix"
        is_place = url.startswith(f"{parts.scheme}://") and (parts.path or not is_file) and not parts.fragment
        database = query.get("db") or ("" if is_file else parts.path.strip("/")) or "0"
        if not (database.isascii() and database.isdigit() and is_place):
            raise StoreError(f"{_REFUSED} In a password, write # / ? @ as %23 %2F %3F %40.")
        self.database = int(database)
        self.prefix = query.pop("prefix", "") or _PREFIX
        """What the names of all keys begin with."""
        self.bare = f"{url.partition('?')[0]}?{urlencode(query)}"
        """What the client library is given."""
        host = parts.hostname or ("" if is_file else "localhost")
        place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        path = f"{parts.path}?db={database}&" if is_file else f"/{database}?"
        self.shown = f"{parts.scheme}://{place}{path}prefix={self.prefix}"
        """For people: without user and password."""
