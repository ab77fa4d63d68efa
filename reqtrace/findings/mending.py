"""The fix of a finding as code: for that holder and that server, or none where no code can be said honestly."""

import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Literal, NamedTuple

from reqtrace.code.libraries import KNOWN
from reqtrace.findings import snippets
from reqtrace.findings.detectors.base import BUILT_IN
from reqtrace.findings.snippets import Gate
from reqtrace.printable import printable
from reqtrace.records import Finding, Frame, Process, Request

_BY_THREAD = ("threading.local", "gevent.local")
_INSTALLED = re.compile(r"/(?:site|dist)-packages/")
_SETTING = re.compile(r"[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?")
_STATES = {
    "django.utils.translation.": ("translation", "language"),
    "django.utils.timezone.": ("timezone", "time_zone"),
}


class _Place(NamedTuple):
    """An attribute of an object, as code names it."""

    imports: str
    owner: str
    """The expression that leads to the object."""
    name: str


def mending(
    finding: Finding, process: Process | None, request: Request | None = None, seen: Request | None = None
) -> str | None:
    """Return code that ends a finding, or None where its sentence has to do.

    Of a library's holder it is what the library's user can do; nothing of a library is edited.

    Args:
        finding: the finding.
        process: the one in which it was made.
        request: the finding's, where it is still kept.
        seen: the request that it saw, likewise.

    """
    if finding.kind == "response-crossed":
        return _of_page(request, seen)
    if process is None or process.interface not in ("wsgi", "asgi") or (request and request.protocol == "job"):
        return None
    gate: Gate = "asgi" if process.interface == "asgi" else "wsgi"
    if finding.kind == "context-crossed":
        return snippets.wrapped() if gate == "asgi" else None
    if request and request.protocol == "websocket":
        return _definition(finding)
    if finding.kind == "connection-crossed":
        return _of_connection(finding.holder or "")
    if finding.kind not in ("crossed", "leftover") or not finding.holder or _is_elsewhere(finding, request):
        return None
    return _of_state(finding.holder, gate) or _of_holder(finding, gate, process, _met(finding, request, seen))


def _of_holder(finding: Finding, gate: Gate, process: Process, met: bool | None) -> str | None:
    """Return the code for a place in which somebody is kept; `met` tells whether both requests were in flight."""
    is_shared = gate == "asgi" or (process.worker_class == "gevent" and finding.kind == "crossed")
    match finding.holder_kind:
        case "threading.local" | "gevent.local" if is_shared:
            definition, cleared = _definition(finding), _cleared(finding, gate)
            return f"{definition}\n\n{cleared}" if definition and cleared else None
        case "threading.local" | "gevent.local" | "asgiref.Local":
            return _cleared(finding, gate)
        case "dict by thread" if not is_shared:
            return _cleared_by_thread(finding)
        case "ContextVar" if gate == "wsgi" and (finding.kind == "leftover" or met is False):
            return snippets.context_of_its_own(f"what {_writer(finding)} sets goes with it", "in_a_context_of_its_own")
        case "dict by thread" | "attribute":
            return _kept(finding, gate)
        case "ContextVar" if finding.kind == "leftover" or met:
            return _kept(finding, gate)
    return None


def _of_state(holder: str, gate: Gate) -> str | None:
    for prefix, (module, name) in _STATES.items():
        if holder.startswith(prefix):
            why = f"the {name.replace('_', ' ')} that a request sets goes as it ends"
            statement = f"{module}.deactivate()"
            return snippets.clearing(why, f"from django.utils import {module}", statement, f"deactivates_{name}", gate)
    return None


def _of_connection(setting: str) -> str | None:
    if not _SETTING.fullmatch(setting):
        return None
    statement = (
        "if connection.connection is not None:\n"
        "    with connection.cursor() as cursor:\n"
        f'        cursor.execute("RESET {setting}")'
    )
    why = f"what a request sets as {setting} goes as it ends"
    name = re.sub(r"\W", "_", setting)
    # Not async under ASGI either: Django runs it on the thread on which the request's connection is.
    return snippets.clearing(why, "from django.db import connection", statement, f"resets_{name}", "wsgi")


def _of_page(request: Request | None, seen: Request | None) -> str | None:
    """Return the code for a page out of the cache: what one process has made for another's request cannot be but that.

    Within one process it may as well be a response object that is used again, for which this would be no help.
    """
    view = seen.view if request and seen and request.process != seen.process else ""
    module, _, function = view.rpartition(".")
    if not module or not _are_names(view.split(".")):
        return None
    return snippets.vary(view, function, is_class=function[0].isupper())


def _definition(finding: Finding) -> str | None:
    """Return the line that makes a thread-local of the application's own, as one of the context."""
    names = (finding.holder or "").split(".")
    is_ours = finding.holder_kind in _BY_THREAD and _is_own(finding)
    if not is_ours or len(names) < 3 or not _are_names(names):
        return None
    return snippets.local(".".join(names[:-1]), names[-2])


def _cleared(finding: Finding, gate: Gate) -> str | None:
    place = _place(finding)
    if place is None:
        return None
    statement = f"with suppress(AttributeError):\n    del {place.owner}.{place.name}"
    imports = f"from contextlib import suppress\n\n{place.imports}"
    function = f"clears_{place.name.strip('_')}"
    return snippets.clearing(
        f"what {_writer(finding)} sets goes as its request ends", imports, statement, function, gate
    )


def _cleared_by_thread(finding: Finding) -> str | None:
    place = _place(finding)
    if place is None:
        return None
    target = f"{place.owner}.{place.name}" if place.owner else place.name
    statement = (
        "for key in (threading.current_thread(), threading.get_ident(), threading.get_native_id()):\n"
        f"    {target}.pop(key, None)"
    )
    why = f"what {_writer(finding)} sets goes as its request ends"
    function = f"clears_{place.name.strip('_')}"
    return snippets.clearing(why, f"import threading\n\n{place.imports}", statement, function, "wsgi")


def _kept(finding: Finding, gate: Gate) -> str | None:
    """Return a context variable in place of what all requests share, where that is of the application itself."""
    if not _is_own(finding):
        return None
    is_user = _keeps(finding) == "user"
    reading = "user = current_request.get().user" if is_user else "request = current_request.get()"
    return snippets.keeping(
        f"in place of {_in_a_comment(finding.holder or '')}, which {_writer(finding)} sets", reading, gate
    )


def _keeps(finding: Finding) -> Literal["user", "request"]:
    """Tell what stands in a holder; of one whose name does not tell, a request leads to either."""
    return "user" if "user" in (finding.holder or "").rpartition(".")[2].lower() else "request"


def _place(finding: Finding) -> _Place | None:
    """Return how code comes to a holder; None where its path is none that code can go."""
    names = (finding.holder or "").split(".")
    at_least = 2 if finding.holder_kind == "dict by thread" else 3
    if len(names) < at_least or not _are_names(names):
        return None
    module = _module_of(names, _files(finding))
    *owner, name = names[module:]
    if module and owner:
        return _Place(f"from {'.'.join(names[:module])} import {owner[0]}", ".".join(owner), name)
    if module:
        return _Place(f"from {'.'.join(names[:module])} import {name}", "", name)
    whole, found = ".".join(names[:-1]), names[-2]
    return _Place(f'from pkgutil import resolve_name\n\n{found} = resolve_name("{whole}")', found, name)


def _module_of(names: list[str], files: Iterable[str]) -> int:
    """Return how many of the names are those of a module, as one of the files shows; 0 where none does."""
    modules = {re.sub(r"(?:/__init__)?\.py$", "", file) for file in files}
    for length in range(len(names) - 1, 0, -1):
        if any(module.endswith("/" + "/".join(names[:length])) for module in modules):
            return length
    return 0


def _files(finding: Finding) -> list[str]:
    return [frame.file.replace("\\", "/") for frame in (*_places(finding), *finding.stack)]


def _places(finding: Finding) -> list[Frame]:
    return finding.writer.places if finding.writer else []


def _writer(finding: Finding) -> str:
    """Name what sets a holder, with its file; whatever does, where that is not known."""
    frame = next(iter(_places(finding)), None)
    if frame is None:
        return "whatever code"
    file, top = frame.file.replace("\\", "/"), (finding.holder or "").partition(".")[0]
    _, found, tail = file.rpartition(f"/{top}/")
    short = f"{top}/{tail}" if found else file.rpartition("/")[2]
    return _in_a_comment(f"{frame.function.replace('.<locals>', '')} ({short}:{frame.line})")


def _in_a_comment(text: str) -> str:
    """Make text stay on its line, whatever is in it: a key of a dict may stand in a holder's path."""
    return " ".join(printable(text).split())


def _is_own(finding: Finding) -> bool:
    """Tell whether a holder is known to be of the application itself: its code stands where no library's does."""
    top = (finding.holder or "").partition(".")[0]
    files = [frame.file.replace("\\", "/") for frame in _places(finding)]
    if not files or any(known.middleware.partition(".")[0] == top for known in KNOWN):
        return False
    is_within = re.compile(rf"/{re.escape(top)}(?:/|\.py$)")
    return not any(map(_INSTALLED.search, files)) and any(map(is_within.search, files))


def _is_elsewhere(finding: Finding, request: Request | None) -> bool:
    """Tell whether it may have been seen on a thread of a pool's, where no middleware clears anything."""
    if finding.checkpoint in BUILT_IN:
        return False
    return request is None or any(
        hop.checkpoint == finding.checkpoint and hop.thread_serial != request.thread_serial for hop in request.hops
    )


def _met(finding: Finding, request: Request | None, seen: Request | None) -> bool | None:
    """Tell whether the request that was seen was in flight as the finding's began; None where that is not known."""
    if finding.observed.request == finding.request:
        return False
    if request is None or seen is None:
        return None
    return seen.outcome == "open" or seen.start_ns + seen.duration_ns > request.start_ns


def _are_names(names: Iterable[str]) -> bool:
    return all(name.isidentifier() and not iskeyword(name) for name in names)
