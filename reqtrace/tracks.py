"""What a timeline of another tool shows of a trace: its tracks, and the words on them."""

from collections.abc import Mapping
from typing import NamedTuple

from reqtrace.assembly import Assembly
from reqtrace.exporters.base import Source
from reqtrace.lanes import Lane, Lanes
from reqtrace.records import Finding, Hop, Process, Request, User

Facts = dict[str, str | int]


class ProcessTracks(NamedTuple):
    """A process that handled a request."""

    pid: int
    """Its own where no other process here has it, else one made up."""
    name: str


class Track(NamedTuple):
    """One slot of one thread."""

    pid: int
    tid: int
    """Made up, in the order in which tracks are to stand: `get_ident` does not fit the 32 bits that readers have."""
    thread: str
    """The thread's name, which no other thread of its process has."""
    slot: int


class Board:
    """The processes of a trace and their tracks; goes through all requests once to count the slots."""

    def __init__(self, source: Source, assembly: Assembly) -> None:
        """Lay the tracks out."""
        lanes = Lanes()
        names: dict[tuple[str, int], str] = {}
        pids: dict[str, int] = {}
        for assembled in assembly.requests():
            request = assembled.request
            lanes.place(assembled)
            names[request.process, request.thread_serial] = _thread_name(
                request.thread_name, request.thread_serial, request.native_thread_id
            )
            pids[request.process] = request.pid
        for thread in source.threads():
            names[thread.process, thread.serial] = _thread_name(thread.name, thread.serial, thread.native_id)
        numbers = _distinct(pids)
        known = {process.id: process for process in source.processes()}
        self.processes = [
            ProcessTracks(number, _process_name(id_, pids[id_], known.get(id_))) for id_, number in numbers.items()
        ]
        self.tracks: dict[Lane, Track] = {}
        ranks = {id_: rank for rank, id_ in enumerate(numbers)}
        for id_, serial in sorted(lanes.threads, key=lambda key: (ranks[key[0]], key[1])):
            name = names.get((id_, serial)) or f"Thread #{serial}"
            for slot in range(1, len(lanes.threads[id_, serial]) + 1):
                self.tracks[id_, serial, slot] = Track(numbers[id_], len(self.tracks) + 1, name, slot)


def title_of(request: Request) -> str:
    """Return what stands on a request's bar."""
    return f"{request.method} {request.path}"


def person(user: User) -> str:
    """Return what people call a user."""
    return user.label or user.id or user.state


def facts_of(request: Request) -> Facts:
    """Return what is told of a request; ``detail`` is for readers that show one thing only."""
    status = str(request.status or request.outcome)
    told: dict[str, str | int | None] = {
        "detail": f"{person(request.user)}, {status}, {request.view or request.path}, {request.id}",
        "request": request.id,
        "user": person(request.user),
        "user_id": request.user.id,
        "user_state": request.user.state,
        "session": request.session,
        "status": request.status,
        "outcome": request.outcome,
        "view": request.view,
        "route": request.route,
        "protocol": request.protocol,
        "thread": request.thread_name,
        "thread_serial": request.thread_serial,
        "thread_id": str(request.thread_id),
        "native_thread_id": request.native_thread_id,
        "task": request.task_name,
        "task_serial": request.task_serial,
        "greenlet_serial": request.greenlet_serial,
        "earlier_on_thread": request.same_thread.before,
        "others_at_once": request.same_thread.at_once,
        "trace_id": request.trace_id,
    }
    return {key: value for key, value in told.items() if value is not None and value != ""}


def facts_of_hop(hop: Hop, request: Request) -> Facts:
    """Return what is told of a hop."""
    place = f"thread #{hop.thread_serial}"
    if hop.task_serial is not None:
        place += f", task #{hop.task_serial}"
    if hop.greenlet_serial is not None:
        place += f", greenlet #{hop.greenlet_serial}"
    return {"detail": f"{title_of(request)} on {place}, {request.id}", "request": request.id}


def facts_of_finding(finding: Finding) -> Facts:
    """Return what is told of a finding."""
    told = {
        "detail": f"{finding.message} {finding.fix}",
        "finding": finding.id,
        "request": finding.request,
        "message": finding.message,
        "fix": finding.fix,
        "checkpoint": finding.checkpoint,
        "holder": finding.holder,
        "expected": person(finding.expected.user),
        "observed": person(finding.observed.user),
        "observed_request": finding.observed.request,
        "place": ", ".join(f"{frame.file}:{frame.line} {frame.function}" for frame in finding.stack),
    }
    return {key: value for key, value in told.items() if value}


def _thread_name(name: str, serial: int, native_id: int) -> str:
    return f"{name} #{serial} ({native_id})"


def _process_name(id_: str, pid: int, process: Process | None) -> str:
    if process is None:
        return f"pid {pid} ({id_})"
    return f"{process.server} {process.worker_class}, pid {pid} on {process.host}"


def _distinct(pids: Mapping[str, int]) -> dict[str, int]:
    """Return a positive number of 32 bits for each process, its pid where that is one and still free."""
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    free = 1
    for id_, pid in sorted(pids.items(), key=lambda item: (item[1], item[0])):
        if not 0 < pid < 2**31 or pid in taken:
            while free in taken or free in pids.values():
                free += 1
            pid = free
        taken.add(pid)
        numbers[id_] = pid
    return numbers
