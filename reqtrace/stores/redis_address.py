"""Where a Redis store is: the address in the settings, taken apart, and as it may be shown."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from reqtrace.exceptions import StoreError

_PREFIX = "reqtrace"
_OPTIONS = {"prefix", "db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_REFUSED = "REQTRACE['STORE'] is no address of a Redis server; it takes redis://host:port/db?prefix=..."


_SAME = {"valkey": "redis", "valkeys": "rediss"}
_PORTS = {"sentinel": 26379, "cluster": 6379}


class RedisAddress:
    """``redis://[user:password@]host:port/db?prefix=...``, ``rediss://`` the same, or ``unix:///path?db=...``.

    With several servers ``redis+sentinel://host:port,host:port/name/db`` and ``redis+cluster://host:port,host:port``,
    also as ``rediss+...``. What works with Valkey may be called so: ``valkey``, ``valkeys``.
    """

    def __init__(self, url: str) -> None:
        """Take an address apart.

        Raises:
            StoreError: when it is none; the text leaves out what could be a password.

        """
        url = self._take_fleet(url)
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
        self.is_tls = parts.scheme == "rediss"
        self.prefix = query.pop("prefix", "") or _PREFIX
        if self.fleet == "cluster" and "{" not in self.prefix:
            self.prefix = f"{{{self.prefix}}}"  # what stands in braces says at which node a key lies
        """What the names of all keys begin with."""
        self.bare = f"{url.partition('?')[0]}?{urlencode(query)}"
        """What the client library is given."""
        host = parts.hostname or ("" if is_file else "localhost")
        place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        path = f"{parts.path}?db={database}&" if is_file else f"/{database}?"
        self.shown = f"{parts.scheme}://{place}{path}prefix={self.prefix}"
        """For people: without user and password."""
        if self.fleet:
            places = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.nodes)
            path = f"/{self.service}/{database}" if self.service else "/"
            self.shown = f"{parts.scheme}+{self.fleet}://{places}{path}?prefix={self.prefix}"

    def _take_fleet(self, url: str) -> str:
        """Take note of several servers, and return the address as if there were the first alone."""
        self.fleet = ""
        """``sentinel`` or ``cluster`` where there are several servers."""
        self.nodes: list[tuple[str, int]] = []
        """Those that are named: host and port."""
        self.service = ""
        """What Sentinels call the master."""
        scheme, _, rest = url.partition("://")
        kind, _, fleet = scheme.partition("+")
        kind = _SAME.get(kind, kind)
        if not fleet:
            return f"{kind}://{rest}" if scheme in _SAME else url
        before, mark, asked = rest.partition("?")
        place, _, path = before.partition("/")
        options = mark + asked
        who, at, hosts = place.rpartition("@")
        try:
            for host in hosts.split(","):
                parts = urlsplit(f"//{host}")
                self.nodes.append((parts.hostname or "localhost", parts.port or _PORTS[fleet]))
        except (ValueError, KeyError):
            others = "redis+sentinel://host:port,host:port/name or redis+cluster://host:port"
            raise StoreError(f"{_REFUSED}, or {others}.") from None
        self.fleet = fleet
        database = path
        if fleet == "sentinel":
            self.service, _, database = database.partition("/")
            if not self.service:
                raise StoreError("REQTRACE['STORE'] does not say what the Sentinels call the master: .../mymaster/0.")
        return f"{kind}://{who}{at}{hosts.split(',')[0]}/{database}{options}"
