"""What a scenario is: a story, a way that breaks and a way that holds, and the people who walk through both."""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from demo.scenarios.visit import Visit
from reqtrace.records import FindingKind

ServerName = Literal["gunicorn", "uvicorn"]
WayName = Literal["broken", "mended"]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to write it."""

    pages: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Views, by their path below the way's own."""
    sockets: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """ASGI applications for WebSocket connections, likewise."""
    around: Callable[[Any], Any] | None = None
    """An ASGI middleware that stands around Django for these pages."""
    middleware: Sequence[Callable[[Any], Any]] = ()
    """What stands in ``MIDDLEWARE`` for these pages, outermost first."""
    code: Sequence[Callable[..., Any]] = ()
    """What is to be seen of it: its classes and functions."""
    tidy: Callable[[], None] = field(default=lambda: None)
    """Takes away what it leaves behind on the thread on which this is called, before another scenario begins."""

    @property
    def source(self) -> str:
        """Return that code as it stands in its file."""
        return _source(self.code)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way to mix identities up, and how to mend it; each in a file of its own."""

    module: str
    doc: str
    """The file's docstring: the first line is the title, the rest the story."""
    server: ServerName
    kind: FindingKind
    """What reqtrace finds."""
    broken: Way
    mended: Way
    traffic: Callable[[Visit], None]
    """Lets people walk through one of the ways."""
    code: Sequence[Callable[..., Any]] = ()
    """What both ways have in common."""
    proof: Sequence[str] = ("{way}",)
    """For which pages it is to be proven that nobody gets anybody else's, with the way's prefix in its place."""

    @property
    def name(self) -> str:
        """Return the name that stands in addresses."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def title(self) -> str:
        """Return the title."""
        return self.doc.partition("\n")[0].removesuffix(".")

    @property
    def story(self) -> list[str]:
        """Return the story's paragraphs."""
        paragraphs = textwrap.dedent(self.doc.partition("\n")[2]).strip().split("\n\n")
        return [" ".join(paragraph.split()) for paragraph in paragraphs]

    @property
    def source(self) -> str:
        """Return the code that both ways share, as it stands in its file."""
        return _source(self.code)

    @property
    def file(self) -> str:
        """Return the file that holds all of it."""
        return self.module.replace(".", "/") + ".py"

    @property
    def ways(self) -> dict[WayName, Way]:
        """Return both ways."""
        return {"broken": self.broken, "mended": self.mended}

    def prefix(self, way: WayName) -> str:
        """Return the path under which the pages of a way stand."""
        return f"/tour/{self.name}/{way}/"

    def proven_paths(self, way: WayName) -> list[str]:
        """Return the pages of a way that are to be proven, as ``reqtrace prove`` takes them."""
        return [path.format(way=self.prefix(way)) for path in self.proof]


def _source(code: Sequence[Callable[..., Any]]) -> str:
    return "\n\n".join(inspect.getsource(inspect.unwrap(part)).rstrip() for part in code)
