"""Delivers messages to an OTLP/HTTP endpoint, by the rules of its specification.

https://opentelemetry.io/docs/specs/otlp/#otlphttp says which answers are worth another try and which are not.
"""

import gzip
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import unquote, urlsplit, urlunsplit

from reqtrace.exceptions import DeliveryFailed, DeliveryRefused, MessageRefused, SettingsError

_PATH = "/v1/traces"
_TIMEOUT_SECONDS = 10
_EXCERPT = 300
_TRY_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class Endpoint:
    """A place that takes traces: a Collector, Jaeger, Tempo."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """Deliver to `url`; without a path it is the one that the specification names.

        Raises:
            SettingsError: when that is no address of HTTP.

        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{url!r} is no address of an OTLP/HTTP endpoint; it takes http://localhost:4318.")
        self.url = urlunsplit(parts._replace(path=parts.path.rstrip("/") or _PATH))
        self._headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **headers}

    def deliver(self, body: bytes) -> str:
        """Send an encoded ``ExportTraceServiceRequest``; return what the endpoint has to say, mostly nothing.

        Raises:
            DeliveryFailed: this time; the same message may go through later.
            MessageRefused: the endpoint will not take this message, whenever it comes.
            DeliveryRefused: it will not take any.

        """
        request = urllib.request.Request(self.url, gzip.compress(body, 1), self._headers)  # noqa: S310  checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                return _readable(answer.read(_EXCERPT))
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except OSError as error:  # `URLError` is one, and so is a timeout
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
    """Return the headers that ``OTEL_EXPORTER_OTLP_HEADERS`` holds: ``name=value,name=value``, percent-encoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name).strip(): unquote(value).strip() for name, _, value in pairs}


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
