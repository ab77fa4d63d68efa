"""Text that leaves: one function makes it fit to be read, another takes out of it what an address keeps secret."""

import re
from urllib.parse import unquote, urlsplit

_SHORTEST_SECRET = 3
_CONCEALED = "***"


def printable(text: object) -> str:
    """Return text that is one line and steers nothing.

    A path, a method or a user name may hold any character that somebody chose: a line end would forge a line of a log,
    an escape would move a terminal's cursor, a mark of direction would turn what stands around it. These are written
    as Python writes them in a literal.
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def shown(address: str) -> str:
    """Return of a store's address what may be shown: scheme, host and port."""
    scheme = scheme_of(address)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    return f"{scheme}://{host}{f':{port}' if port else ''}" if scheme else "an address without a scheme"


def scheme_of(address: str) -> str:
    """Return the scheme of a store's address; empty where what stands in front could as well be a user or a secret."""
    match = re.match(r"([a-z][a-z0-9+.-]*):(?=//|$)", address, re.ASCII)
    return match[1] if match else ""


def concealed(text: str, address: str) -> str:
    """Return text without anything that an address holds beyond scheme, host, port and path.

    Whoever made the text may have quoted the address whole, or a part of it, also of one that is mistyped.
    """
    if len(address) < _SHORTEST_SECRET or address.startswith(("sqlite:///", "memory:")):
        return text
    text = text.replace(address, shown(address))
    _, _, rest = address.partition("://") if "://" in address else ("", "", address)
    place, _, options = rest.partition("?")
    secrets = place.rpartition("@")[0].split(":") if "@" in rest else []
    if "@" in options:  # a bare ? in a password
        secrets += re.split("[:?]", rest.rpartition("@")[0])
    secrets += [value for _, _, value in (option.partition("=") for option in options.split("&"))]
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _CONCEALED)
    return text
