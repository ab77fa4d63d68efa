"""Links that sign in once: made where somebody runs `manage.py`, who can see all traces anyway."""

import secrets
import time
from collections import OrderedDict
from threading import Lock

from django.core.signing import BadSignature, TimestampSigner

VALID_SECONDS = 10 * 60
_SALT = "reqtrace.link"

_used: OrderedDict[str, float] = OrderedDict()
_lock = Lock()


def new_token() -> str:
    """Return what a link ends in; it is good for one visit within ten minutes, at any server with this `SECRET_KEY`."""
    return TimestampSigner(salt=_SALT).sign(secrets.token_urlsafe(16))


def use(token: str) -> bool:
    """Take a token, and tell whether it was good: signed here, young, and not used before."""
    try:
        nonce = TimestampSigner(salt=_SALT).unsign(token, max_age=VALID_SECONDS)
    except BadSignature:
        return False
    now = time.monotonic()
    with _lock:
        while _used and next(iter(_used.values())) < now - VALID_SECONDS:
            _used.popitem(last=False)
        if nonce in _used:
            return False
        _used[nonce] = now
    return True
