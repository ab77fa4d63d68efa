"""What is played: who asks for which page, through which door, in which order, and where one gives way to another."""

from typing import Literal

import msgspec

from reqtrace.records import Frame
from reqtrace.stress.people import Person

Door = Literal["wsgi", "asgi"]
Way = Literal["order", "connection", "threads", "tasks"]
WEBSOCKET = "WEBSOCKET"
"""Stands where the method does, for a connection that is opened, listened to and closed."""

Segment = tuple[int, int]
"""Which request goes on, by its place in the schedule, and at which of its next points it stops; 0: at its end."""


class Page(msgspec.Struct, frozen=True):
    """A page, and how it is asked for."""

    method: str
    path: str
    host: str = ""
    """The host that is asked; empty for one that the project answers to."""

    def __str__(self) -> str:
        """Return it as people write it."""
        where = f"http://{self.host}{self.path}" if self.host else self.path
        return where if self.method == "GET" else f"{self.method} {where}"


class Asking(msgspec.Struct, frozen=True):
    """One request."""

    person: Person
    page: Page

    def __str__(self) -> str:
        """Return it as people say it."""
        return f"{self.person.name} asks for {self.page}"


class Schedule(msgspec.Struct, frozen=True):
    """One way in which a process that has served nobody comes to serve several requests."""

    door: Door
    way: Way
    askings: tuple[Asking, ...]
    segments: tuple[Segment, ...] = ()
    """How the requests take turns; empty where they come one after another."""
    anywhere: bool = False
    """Whether a thread may give way before every line, and not only before those that touch what both could share."""

    def by(self, person: Person) -> "Schedule":
        """Return the same schedule with one and the same person asking each time."""
        return msgspec.structs.replace(self, askings=tuple(Asking(person, one.page) for one in self.askings))

    @property
    def switches(self) -> int:
        """How often one request has to give way to another in its midst."""
        return sum(count > 0 for _, count in self.segments)


class Seen(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    """0 when the application raised an error instead; of a socket the code with which it was closed."""
    headers: str = ""
    body: str = ""

    @property
    def failed(self) -> bool:
        """Whether the page did not work at all."""
        return self.status == 0 or 500 <= self.status < 600

    @property
    def text(self) -> str:
        """All of it as one text."""
        return f"{self.status}\n{self.headers}\n\n{self.body}"


class Found(msgspec.Struct, frozen=True):
    """A finding of the traces, as far as a verdict needs it."""

    kind: str
    level: str
    message: str
    fix: str
    place: int
    """The place in the schedule of the request in which it was found; -1 where that is not known."""
    holder: str
    stack: list[Frame]
    writers: list[Frame]


class Stop(msgspec.Struct, frozen=True):
    """Where one request gave way to another: before this line ran."""

    place: int
    frame: Frame | None
    ended: bool = False
    """Whether it did not stop, but came to its end."""


class Access(msgspec.Struct, frozen=True):
    """A line that wrote, or read, what two requests share."""

    place: int
    frame: Frame
    name: str
    """What it wrote or read, as the code calls it."""


class Played(msgspec.Struct):
    """What came of a schedule."""

    seen: list[Seen] = []
    findings: list[Found] = []
    points: list[int] = []
    """How many points each request passed at which it could have given way."""
    stops: list[Stop] = []
    exact: bool = True
    """Whether the schedule was kept: a request that waits for another cannot go on before it."""
    refused: list[str] = []
    """Where the application wanted to connect to, and was not let."""
    wrote: bool = False
    """Whether a statement may have changed the database."""
    meeting: tuple[Access, Access] | None = None
    """Who wrote last and who read, where that was watched."""
    places: list[tuple[str, int]] = []
    """The lines, by file and number, at which requests may meet, where that was watched."""
    active: list[list[int]] = []
    """For each request, the points behind which it goes on with something that others could notice."""
    lines: int = 0
    """How many lines of the application's code ran."""
    modules: list[str] = []
    """What was imported on the way."""
    trouble: str = ""
    """Why nothing came of it: a traceback, or that it did not end."""
