"""Delivers messages to an OTLP/HTTP endpoint, by the rules of its specification.

https://opentelemetry.io/docs/specs/otlp/#otlphttp says which answers are worth another try and which are not, and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/ which variables of the environment an exporter obeys.
"""

import gzip
import math
import ssl
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from reqtrace.exceptions import DeliveryFailed, DeliveryRefused, MessageRefused, SettingsError

_PATH = "/v1/traces"
_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_")
"""How the names of the variables begin; the first that is set holds."""
_COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
    "none": bytes,
}
_EXCERPT = 300
_TRY_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class Manner(NamedTuple):
    """How to deliver."""

    headers: Mapping[str, str] = {}
    compression: str = "gzip"
    timeout_seconds: float = 10.0
    certificate: str | None = None
    """A file with the certificates of those who vouch for the endpoint; None for those that the system trusts."""
    client_certificate: str | None = None
    """A file with the certificate that we show, and perhaps its key."""
    client_key: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read it from OpenTelemetry's variables.

        Raises:
            SettingsError: when the value of one cannot be used.

        """
        given = {
            name: environment[prefix + name]
            for prefix in reversed(_VARIABLES)
            for name in ("HEADERS", "COMPRESSION", "TIMEOUT", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
            if environment.get(prefix + name)
        }
        manner = cls(
            headers_of(given.get("HEADERS", "")),
            given.get("COMPRESSION", cls().compression).strip().lower(),
            _seconds(given.get("TIMEOUT", "10")),
            given.get("CERTIFICATE"),
            given.get("CLIENT_CERTIFICATE"),
            given.get("CLIENT_KEY"),
        )
        if manner.compression not in _COMPRESSIONS:
            raise SettingsError(
                f"OTEL_EXPORTER_OTLP_COMPRESSION is {given['COMPRESSION']!r}; it takes {', '.join(_COMPRESSIONS)}."
            )
        return manner

    def context(self) -> ssl.SSLContext:
        """Return whom to trust, and as whom to appear.

        Raises:
            SettingsError: when a file cannot be used for that.

        """
        try:
            context = ssl.create_default_context(cafile=self.certificate)
            if self.client_certificate is not None:
                context.load_cert_chain(self.client_certificate, self.client_key)
        except OSError as error:  # `SSLError` is one
            files = ", ".join(filter(None, (self.certificate, self.client_certificate, self.client_key)))
            raise SettingsError(
                f"No certificate can be read in {files}: {error}. Mend OTEL_EXPORTER_OTLP_CERTIFICATE and its like."
            ) from error
        return context


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: what is sent on would go as a GET without a body, and our headers are for this endpoint."""

    def redirect_request(self, *_: object) -> None:
        """Let the answer be one that failed."""


class Endpoint:
    """A place that takes traces: a Collector, Jaeger, Tempo."""

    def __init__(self, url: str, manner: Manner) -> None:
        """Deliver to `url`; without a path it is the one that the specification names.

        Raises:
            SettingsError: when that is no address of HTTP, or the manner cannot be kept.

        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{url!r} is no address of an OTLP/HTTP endpoint; it takes http://localhost:4318.")
        self.url = urlunsplit(parts._replace(path=parts.path.rstrip("/") or _PATH))
        self._manner = manner
        self._headers = {"Content-Type": "application/x-protobuf", **manner.headers}
        if manner.compression != "none":
            self._headers["Content-Encoding"] = manner.compression
        https = urllib.request.HTTPSHandler(context=manner.context())
        self._opener = urllib.request.build_opener(_Stay, https)

    def deliver(self, body: bytes) -> str:
        """Send an encoded ``ExportTraceServiceRequest``; return what the endpoint has to say, mostly nothing.

        Raises:
            DeliveryFailed: this time; the same message may go through later.
            MessageRefused: the endpoint will not take this message, whenever it comes.
            DeliveryRefused: it will not take any.

        """
        packed = _COMPRESSIONS[self._manner.compression](body)
        request = urllib.request.Request(self.url, packed, self._headers)  # noqa: S310  checked above
        try:
            with self._opener.open(request, timeout=self._manner.timeout_seconds) as answer:
                return _readable(answer.read(_EXCERPT))
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except (OSError, HTTPException) as error:  # `URLError` is one of the first, and so is a timeout
            reason = getattr(error, "reason", None) or error
            raise DeliveryFailed(f"{self.url} cannot be reached: {reason}.") from error
        raise AssertionError("unreachable")

    def _refused(self, error: urllib.error.HTTPError) -> None:
        said = f"{self.url} answered {error.code} {error.reason}. {_readable(error.read(_EXCERPT))}".rstrip()
        if error.code in _TRY_AGAIN:
            raise DeliveryFailed(said, _retry_after(error.headers.get("Retry-After"))) from error
        if error.code in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
            raise MessageRefused(said) from error
        raise DeliveryRefused(f"{said} Mend the address, or the headers in OTEL_EXPORTER_OTLP_HEADERS.") from error


def headers_of(text: str) -> dict[str, str]:
    """Return the headers that ``OTEL_EXPORTER_OTLP_HEADERS`` holds: ``name=value,name=value``, percent-encoded.

    Raises:
        SettingsError: when one cannot be sent.

    """
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    headers = {unquote(name).strip(): unquote(value).strip() for name, _, value in pairs}
    for name, value in headers.items():
        if not (name.isascii() and value.isascii() and (name + value).isprintable()):
            raise SettingsError(f"OTEL_EXPORTER_OTLP_HEADERS has the header {name!r}, which cannot be sent as it is.")
    return headers


def _seconds(text: str) -> float:
    """Return the length that a variable names, in seconds as OpenTelemetry for Python has it."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_TIMEOUT is {text!r}; it takes seconds, such as 10.")
    return seconds


def _retry_after(text: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _readable(body: bytes) -> str:
    """Return the words in an answer, which is text or a message that holds some."""
    return "".join(char for char in body.decode(errors="ignore") if char.isprintable()).strip()
