"""The context that a request is born into: whose it was before, and what stands in it that is not the request's."""

import asyncio
from contextvars import Context, ContextVar, copy_context
from threading import get_ident
from typing import Any
from weakref import ref

from asgiref import sync

from reqtrace.capture.carrying import CARRIED, current_request, prefixes, storage_class
from reqtrace.capture.recorder import BIRTHPLACE, Recorder
from reqtrace.identity import UNRESOLVED
from reqtrace.watching.holders.context import ASGIREF_VARIABLE, asgiref_names
from reqtrace.watching.live import Birth, Birthplace
from reqtrace.watching.meaning import meaning_of

MARK = "_reqtrace_birthplace"
"""The name beside Django's script prefix under which a context says which request it was made for: what stands there
travels along for nothing."""
NAMES_MAX = 8
_NOBODYS = {"decimal_context", "sniffio_library_cvar", "current_async_library_cvar", ASGIREF_VARIABLE}
"""Variables, by name, that Python and the servers' libraries keep, and that mix nobody up."""
_OF_ASGIREF = {
    value
    for owner in (sync, *(part for part in vars(sync).values() if isinstance(part, type)))
    for value in vars(owner).values()
    if isinstance(value, ContextVar)
}


def look(recorder: Recorder, scope: Any) -> Birthplace:
    """Look at the context in which a server calls the application, and mark it as this request's.

    A context that bears the mark of another request has been used by that: the server copied it while that request
    ran. A task that the application starts copies its context on purpose; so what counts is that both were called in
    tasks that the server made alike, for the same connection, with a scope of their own. Which variables are new since
    is known by those that stood in a context that nobody had used; no value is kept.
    """
    context = copy_context()
    task, code = _task()
    earlier = _mark_in(context)
    if (
        task is None
        or earlier is None
        or BIRTHPLACE in scope
        or earlier.task() is task
        or (earlier.code, earlier.client) != (code, scope.get("client"))
    ):
        earlier = None
    variables = frozenset(context) if earlier is None else earlier.variables
    place = Birthplace(code, scope.get("client"), _nobody if task is None else ref(task), variables)
    place.births = [*_people(recorder, context), *(_used(recorder, context, earlier) if earlier is not None else ())]
    return place


def mark(place: Birthplace) -> Any:
    """Let the context say that it is a request's from now on; return what `prefixes.reset` takes, None without."""
    return None if storage_class is None else prefixes.set(storage_class(get_ident(), {MARK: place}))


def _mark_in(context: Context) -> Birthplace | None:
    storage = context.get(prefixes)
    found = None if storage is None else asgiref_names(storage).get(MARK)
    return found if isinstance(found, Birthplace) else None


def _nobody() -> None:
    return None


def _task() -> tuple[Any, Any]:
    """Return the task that runs here, and the code that it began with."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # another loop than asyncio's
        task = None
    coroutine = getattr(task, "get_coro", _nobody)()
    return task, getattr(coroutine, "cr_code", None) or type(coroutine)


def _people(recorder: Recorder, context: Context) -> list[Birth]:
    """Return the variables that name a request or user of before."""
    found: list[Birth] = []
    for variable, value in context.items():
        if variable is current_request:
            continue
        name, kind, values = _describe(recorder, variable, value)
        for held_name, held in values.items():
            if held_name in (CARRIED, MARK):
                continue
            meaning = meaning_of(held)
            seen = recorder.watch.known.find(meaning.request) if meaning.request is not None else None
            if seen is not None or (meaning.request is None and meaning.identity.id is not None):
                found.append(Birth(name + held_name, kind, seen, meaning.identity))
    return found


def _used(recorder: Recorder, context: Context, earlier: Birthplace) -> list[Birth]:
    """Return what an earlier request has set in the context, whatever that is, in one."""
    named = {birth.holder for birth in _people(recorder, context)}
    names = sorted(
        name
        for variable in context
        if variable not in earlier.variables
        and variable not in _OF_ASGIREF
        and not variable.name.startswith("reqtrace.")
        and variable.name not in _NOBODYS
        and (name := _path(recorder, variable)) not in named
    )
    more = [f"{len(names) - NAMES_MAX} more"] if len(names) > NAMES_MAX else []
    holder = ", ".join(names[:NAMES_MAX] + more)
    return [Birth(holder, "ContextVar", earlier.opened, UNRESOLVED, is_used=True)] if names else []


def _path(recorder: Recorder, variable: ContextVar[Any]) -> str:
    declared = (holder.path for holder in recorder.watch.holders if holder.is_of(variable))
    return next(declared, None) or recorder.discovery.path_of(variable)


def _describe(recorder: Recorder, variable: ContextVar[Any], value: Any) -> tuple[str, str, dict[str, object]]:
    path = _path(recorder, variable)
    if variable.name == ASGIREF_VARIABLE:
        return f"{path}.", "asgiref.Local", asgiref_names(value)
    return path, "ContextVar", {"": value}
