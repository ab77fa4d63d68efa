"""Short texts that others carry and only this application can read: whoever looks into the broker sees none of it.

A stream of keyed BLAKE2b blocks covers the text, under a number that is used once, and a keyed hash over both tells
what was sealed with another key, or touched. The keys are made from ``SECRET_KEY``.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from os import urandom

from django.conf import settings
from django.utils.encoding import force_bytes

_ONCE = 16
_CHECK = 16
_BLOCK = 64


def sealed(text: str) -> str:
    """Return a text that says nothing, and never the same twice."""
    once = urandom(_ONCE)
    covered = _covered(text.encode(errors="surrogatepass"), once)
    return urlsafe_b64encode(once + covered + _check(once + covered)).decode()


def opened(seal: str) -> str | None:
    """Return what was sealed; None for what was not, or elsewhere.

    >>> opened(sealed("7")), opened("7")
    ('7', None)
    """
    try:
        whole = urlsafe_b64decode(seal.encode())
    except ValueError:
        return None
    kept, check = whole[:-_CHECK], whole[-_CHECK:]
    if len(kept) < _ONCE or not hmac.compare_digest(check, _check(kept)):
        return None
    return _covered(kept[_ONCE:], kept[:_ONCE]).decode(errors="surrogatepass")


def _covered(text: bytes, once: bytes) -> bytes:
    key, stream, number = _key(b"covers"), b"", 0
    while len(stream) < len(text):
        stream += hashlib.blake2b(once + number.to_bytes(4), key=key, digest_size=_BLOCK).digest()
        number += 1
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _check(kept: bytes) -> bytes:
    return hashlib.blake2b(kept, key=_key(b"checks"), digest_size=_CHECK).digest()


def _key(purpose: bytes) -> bytes:
    return hashlib.sha256(b"reqtrace job header, " + purpose + b":" + force_bytes(settings.SECRET_KEY)).digest()
