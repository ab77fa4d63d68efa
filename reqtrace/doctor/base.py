"""What an examination is: a look at a project's sources and settings, without running any of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import msgspec

from reqtrace.code.source.module import Module
from reqtrace.code.source.sources import Sources

Level = Literal["hazard", "notice"]


class Place(msgspec.Struct, frozen=True):
    """A line of a file."""

    file: Path
    line: int


class Diagnosis(msgspec.Struct, frozen=True):
    """One thing that was found, where, and how to mend it."""

    code: str
    """What kind of thing it is, in a few words joined by hyphens."""
    level: Level
    """A hazard can show one person what belongs to another; a notice is good to know."""
    file: str
    line: int
    message: str
    """What is wrong: one sentence."""
    fix: str
    """How to mend it: one sentence."""


class Code(NamedTuple):
    """A kind of diagnosis, as the reference lists it."""

    level: Literal["hazard", "notice", "hazard or notice"]
    says: str
    """What was found: a part of a sentence."""


class TextFile(msgspec.Struct, frozen=True):
    """A file that is no Python: a template, or a configuration file with sections such as uWSGI's."""

    path: Path
    text: str


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """The project under examination: its sources, and the facts of its settings."""

    sources: Sources
    settings_file: Path
    middleware: tuple[str, ...] = ()
    """``MIDDLEWARE``."""
    asgi: bool = False
    """Whether ``ASGI_APPLICATION`` is set."""
    versions: Mapping[str, str] = {}
    """The installed distributions that matter here, by their name in lower case."""
    gunicorn: Module | None = None
    """gunicorn's configuration file."""
    uwsgi: tuple[TextFile, ...] = ()
    templates: tuple[TextFile, ...] = ()
    """The project's own templates."""

    def place_of_middleware(self, dotted: str) -> Place:
        """Return the line of the settings on which an entry of ``MIDDLEWARE`` stands, or else the settings file."""
        for module in self.sources.modules:
            line = module.line_in_assignment("MIDDLEWARE", dotted)
            if line is not None:
                return Place(module.path, line)
        return Place(self.settings_file, 1)


class Examination(ABC):
    """Looks for one kind of thing. Pure: what it yields depends on the project alone."""

    title: ClassVar[str]
    """The heading above what it found."""
    codes: ClassVar[Mapping[str, Code]]
    """What it may find."""

    @abstractmethod
    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Yield what is wrong, in any order. Precision first: in doubt it yields nothing."""
