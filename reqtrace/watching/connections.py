"""Database connections: the checkpoint `query`, and what one request leaves set on a connection for the next.

No query of our own is ever made: only the statements that pass are looked at.
"""

import re
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections

from reqtrace.execution.faults import Faults
from reqtrace.execution.stacks import stack_of
from reqtrace.watching.live import Carried, OpenRequest

# https://www.postgresql.org/docs/current/sql-set.html: SET LOCAL ends with its transaction. Of the settings only
# search_path and those with a dot in their names, an application's own, say whose data are seen.
_NAME = r'(search_path|"?[a-z_][\w$]*"?\."?[a-z_][\w$]*"?)'
_SET = re.compile(rf"\s*set\s+(?:session\s+)?{_NAME}\s*(?:=|to\s)", re.IGNORECASE)
_SET_CONFIG = re.compile(
    rf"\s*select\s+set_config\(\s*(?:'{_NAME}'|(%s))\s*,.*,\s*(false|%s)\s*\)", re.IGNORECASE | re.DOTALL
)
_RESET = re.compile(rf"\s*(?:reset\s+(?:{_NAME}|(all))|(discard)\s+all)", re.IGNORECASE)
_FIRST_LETTERS = frozenset("sSrRdD \n\t")

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class ConnectionWatch:
    """Watches the statements on the connections of this process."""

    def __init__(
        self,
        current: Callable[[], OpenRequest | None],
        at_query: Callable[[OpenRequest], object] | None,
        faults: Faults,
    ) -> None:
        """Watch nothing yet.

        Args:
            current: gives the request that runs here.
            at_query: called before each statement, for the checkpoint `query`; None where that is not wanted.
            faults: where faults are counted.

        """
        self._current = current
        self._at_query = at_query
        self._faults = faults
        self._writers: WeakKeyDictionary[Any, dict[str, OpenRequest]] = WeakKeyDictionary()
        """For each connection, which request last set which of the names that are still set."""

    def connected(self, *, connection: Any, **_: object) -> None:
        """Watch a connection that was just made, with nothing set on it (a receiver of ``connection_created``)."""
        self._writers.pop(connection, None)
        self._watch(connection)

    def watch_present(self) -> None:
        """Watch the connections that this thread has already: made while the application was loaded, or by a test."""
        for connection in connections.all(initialized_only=True):
            self._watch(connection)

    def _watch(self, connection: Any) -> None:
        try:
            wanted = self._at_query is not None or connection.vendor == "postgresql"
            if wanted and self.execute not in connection.execute_wrappers:
                connection.execute_wrappers.append(self.execute)
        except Exception as error:
            self._faults.note("watching a database connection", error)

    def execute(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Look at a statement, and let it pass (one of Django's ``execute_wrappers``)."""
        try:
            opened = self._current()
            if opened is not None and opened.ended_ns == 0:
                if self._at_query is not None:
                    self._at_query(opened)
                connection = context["connection"]
                if connection.vendor == "postgresql":
                    self._look(opened, connection, sql, params)
        except Exception as error:
            self._faults.note("looking at a statement", error)
        return execute(sql, params, many, context)

    def _look(self, opened: OpenRequest, connection: Any, sql: str, params: Any) -> None:
        writers = self._writers.get(connection)
        if sql[:1] in _FIRST_LETTERS and self._writes(opened, connection, sql, params):
            return
        for name, writer in list(writers.items()) if writers else ():
            if writer is not opened:
                self._note(opened, name, writer)
        tenant, own = getattr(connection, "tenant", None), opened.request.__dict__.get("tenant")  # django-tenants
        schema = getattr(tenant, "schema_name", None)
        if own is not None and schema is not None and schema != getattr(own, "schema_name", schema):
            self._note(opened, f"schema {schema!r}", None)

    def _writes(self, opened: OpenRequest, connection: Any, sql: str, params: Any) -> bool:
        """Follow a statement that sets or resets something; return whether it is one."""
        if reset := _RESET.match(sql):
            if reset[1]:
                self._writers.get(connection, {}).pop(reset[1].lower(), None)
            else:
                self._writers.pop(connection, None)
            return True
        name = _name_set_by(sql, params)
        if name is None:
            return False
        self._writers.setdefault(connection, {})[name] = opened
        # What ran before in this request, such as loading its session, ran before it was known whose data to show.
        opened.facts = tuple(fact for fact in opened.facts if not (isinstance(fact, Carried) and fact.name == name))
        return True

    def _note(self, opened: OpenRequest, name: str, writer: OpenRequest | None) -> None:
        if not any(isinstance(fact, Carried) and fact.name == name for fact in opened.facts):
            at_ns = perf_counter_ns() - opened.began_ns
            opened.note(Carried(at_ns, name, writer, stack_of(sys._getframe(1))))


def _name_set_by(sql: str, params: Any) -> str | None:
    if match := _SET.match(sql):
        return match[1].lower()
    if match := _SET_CONFIG.match(sql):
        values = list(params or ())
        if match[3] == "%s" and (not values or values[-1]):
            return None  # is_local: it ends with the transaction
        name = match[1] or (values[0] if values else None)
        return name.lower() if isinstance(name, str) and (name == "search_path" or "." in name) else None
    return None
