"""What a timeline of another tool shows of a trace: its tracks, and the words on them."""

from collections.abc import Iterator, Mapping
from itertools import chain, count, pairwise
from typing import NamedTuple

import msgspec

from reqtrace.exporters.assembly import Assembled, Assembly, LaneKey
from reqtrace.exporters.base import Source
from reqtrace.records import Finding, Hop, Process, Request, User


class RequestFacts(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """What is told of a request; from `user` on, what stands together is the same for many (`SHARED`)."""

    detail: str
    """In one line, for readers that show one thing only."""
    request: str
    earlier_on_thread: int
    others_at_once: int
    task: str | None = None
    task_serial: int | None = None
    greenlet_serial: int | None = None
    trace_id: str | None = None
    user: str
    user_state: str
    user_id: str | None = None
    session: str | None = None
    status: int | None = None
    outcome: str
    protocol: str
    view: str = ""
    route: str = ""
    thread: str
    thread_serial: int
    thread_id: str
    """As text: readers hold numbers of 53 bits."""
    native_thread_id: int


_FIELDS = RequestFacts.__struct_fields__
_FIRST = ("user", "status", "view", "thread")
SHARED = tuple(slice(*bounds) for bounds in pairwise([*map(_FIELDS.index, _FIRST), len(_FIELDS)]))
"""Where in the fields stands what goes together: the person, the answer, the place in the code, the thread."""


class HopFacts(msgspec.Struct, gc=False):
    """What is told of a hop."""

    detail: str
    request: str


class FindingFacts(msgspec.Struct, omit_defaults=True, gc=False):
    """What is told of a finding."""

    detail: str
    finding: str
    request: str
    message: str
    fix: str
    checkpoint: str
    expected: str
    observed: str
    holder: str | None = None
    observed_request: str | None = None
    place: str = ""


Facts = RequestFacts | HopFacts | FindingFacts


class ProcessTracks(NamedTuple):
    """A process that handled a request."""

    pid: int
    """Its own where no other process here has it, else one made up."""
    name: str
    """Readers show the number beside it; where that is made up, the name holds the pid."""


class Track(NamedTuple):
    """One slot of one thread, for requests or for jobs."""

    pid: int
    tid: int
    """Made up, in the order in which tracks are to stand: `get_ident` does not fit the 32 bits that readers have."""
    thread: str
    """The thread's name, which no other thread of its process has; its jobs' bears their word, too."""
    slot: int


class Board:
    """The processes of a trace and their tracks."""

    def __init__(self, source: Source, assembly: Assembly) -> None:
        """Lay the tracks out."""
        names = {key: _thread_name(name, key[1], native_id) for key, (name, native_id) in assembly.names.items()}
        for thread in source.threads():
            names[thread.process, thread.serial] = _thread_name(thread.name, thread.serial, thread.native_id)
        numbers = _distinct(assembly.pids)
        pids_taken = set(numbers.values())
        pid_aside = next(pid for pid in count(1) if pid not in pids_taken)
        pids_taken.add(pid_aside)
        known = {process.id: process for process in source.processes()}
        self.processes = [
            ProcessTracks(
                number,
                _process_name(id_, known.get(id_)) + f", pid {assembly.pids[id_]}" * (number != assembly.pids[id_]),
            )
            for id_, number in numbers.items()
        ]
        self._tracks: dict[LaneKey, list[Track]] = {}
        ranks = {id_: rank for rank, id_ in enumerate(numbers)}
        # A thread whose number is the pid of a process would be taken for the main thread of that one.
        tids = (tid for tid in count(1) if tid not in pids_taken)
        for id_, serial, is_job in sorted(assembly.slots, key=lambda key: (ranks[key[0]], *key[1:])):
            name = (names.get((id_, serial)) or f"Thread #{serial}") + " · jobs" * is_job
            slots = range(1, assembly.slots[id_, serial, is_job] + 1)
            self._tracks[id_, serial, is_job] = [Track(numbers[id_], next(tids), name, slot) for slot in slots]
        self.aside: Track | None = None
        """Where findings lie whose request is not there."""
        if assembly.homeless:
            self.processes.append(ProcessTracks(pid_aside, "Findings whose request is no longer there"))
            self.aside = Track(pid_aside, next(tids), "at a time that nobody knows", 1)

    def tracks(self) -> Iterator[Track]:
        """Yield every track, in the order in which they are to stand."""
        yield from chain.from_iterable(self._tracks.values())
        if self.aside is not None:
            yield self.aside

    def tracks_of(self, one: Assembled) -> dict[int, Track]:
        """Return the track of a request on each thread that it was on, by the thread's serial."""
        process, is_job = one.request.process, one.request.protocol == "job"
        return {serial: self._tracks[process, serial, is_job][slot - 1] for serial, slot in one.slots.items()}


def title_of(request: Request) -> str:
    """Return what stands on a request's bar."""
    return f"{request.method} {request.path}"


def person(user: User) -> str:
    """Return what people call a user."""
    return user.label or user.id or user.state


def facts_of(request: Request) -> RequestFacts:
    """Return what is told of a request."""
    user, status = request.user, str(request.status or request.outcome)
    who = person(user)
    return RequestFacts(
        detail=f"{who}, {status}, {request.view or request.path}, {request.id}",
        request=request.id,
        user=who,
        user_id=user.id,
        user_state=user.state,
        session=request.session,
        status=request.status,
        outcome=request.outcome,
        view=request.view,
        route=request.route,
        protocol=request.protocol,
        thread=request.thread_name,
        thread_serial=request.thread_serial,
        thread_id=str(request.thread_id),
        native_thread_id=request.native_thread_id,
        task=request.task_name,
        task_serial=request.task_serial,
        greenlet_serial=request.greenlet_serial,
        earlier_on_thread=request.same_thread.before,
        others_at_once=request.same_thread.at_once,
        trace_id=request.trace_id,
    )


def facts_of_hop(hop: Hop, request: Request) -> HopFacts:
    """Return what is told of a hop."""
    place = f"thread #{hop.thread_serial}"
    if hop.task_serial is not None:
        place += f", task #{hop.task_serial}"
    if hop.greenlet_serial is not None:
        place += f", greenlet #{hop.greenlet_serial}"
    return HopFacts(f"{hop.checkpoint}: {person(request.user)}, {place}, {request.id}", request.id)


def facts_of_finding(finding: Finding) -> FindingFacts:
    """Return what is told of a finding."""
    return FindingFacts(
        detail=f"{finding.message} {finding.fix}",
        finding=finding.id,
        request=finding.request,
        message=finding.message,
        fix=finding.fix,
        checkpoint=finding.checkpoint,
        holder=finding.holder,
        expected=person(finding.expected.user),
        observed=person(finding.observed.user),
        observed_request=finding.observed.request,
        place=", ".join(f"{frame.file}:{frame.line} {frame.function}" for frame in finding.stack),
    )


def _thread_name(name: str, serial: int, native_id: int) -> str:
    return f"{name} #{serial} ({native_id})"


def _process_name(id_: str, process: Process | None) -> str:
    return id_ if process is None else f"{process.server} {process.worker_class} on {process.host}"


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
