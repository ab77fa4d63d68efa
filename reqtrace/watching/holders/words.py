"""Words in the names of places: for whoever is there now, and for somebody who is remembered on purpose."""

import re
from collections.abc import Iterator

CURRENT = re.compile(r"current|active_?user|actor|whoami", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
OF_WHOM = frozenset(
    (
        *("request", "req", "user", "actor", "account", "principal", "viewer", "visitor", "customer", "member"),
        *("person", "who", "whoami", "me", "identity", "subject", "current"),
    )
)
"""Words for whoever is there now."""
OF_RECORDS = frozenset(
    (
        *("last", "latest", "prev", "previous", "recent", "former", "first", "history", "historic", "logged"),
        *("entry", "entries", "event", "events", "record", "records", "message", "messages", "comment", "post"),
        *("author", "owner", "creator", "editor", "assignee", "sender", "recipient", "winner", "host", "created"),
        *("updated", "modified", "edited", "changed", "locked", "approved", "by", "lock", "job", "task", "queue"),
        *("online", "present", "presence", "seen"),
    )
)
"""Words for somebody whom the application remembers on purpose."""


def words(name: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(name))
