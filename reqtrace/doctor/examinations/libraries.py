"""Installed libraries whose middleware, in their installed version, is known to leave identity behind."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.code.libraries import KNOWN, reaches
from reqtrace.doctor.base import Code, Diagnosis, Examination, Project


class KnownLibraries(Examination):
    """Their sources were read; the versions are those in which it stands."""

    title: ClassVar[str] = "Libraries"
    codes: ClassVar[Mapping[str, Code]] = {
        "known-library": Code("hazard or notice", "a library's middleware that is known to leave identity behind"),
        "known-version": Code("hazard", "an asgiref that can hang the event loop under uvicorn and Daphne"),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at ``MIDDLEWARE``, and at versions."""
        for known in KNOWN:
            installed = project.versions.get(known.distribution, "")
            if known.middleware in project.middleware and not reaches(installed, known.fixed_in):
                place = project.place_of_middleware(known.middleware)
                name = f"{known.distribution} {installed}".strip()
                yield Diagnosis(
                    "known-library",
                    known.level,
                    str(place.file),
                    place.line,
                    f"{known.middleware.rpartition('.')[2]} of {name} {known.message}.",
                    known.fix,
                )
        asgiref = project.versions.get("asgiref", "")
        servers = [name for name in ("uvicorn", "daphne") if name in project.versions]
        if project.asgi and servers and asgiref and not reaches(asgiref, "3.12"):
            yield Diagnosis(
                "known-version",
                "hazard",
                str(project.settings_file),
                1,
                f"asgiref {asgiref} can hang the event loop for good when pipelined requests share a context, as under "
                f"{' and '.join(servers)}.",
                "Upgrade to asgiref 3.12 or newer.",
            )
