"""Every examination, and a whole round of them over one project."""

from pathlib import Path

import msgspec

from reqtrace.doctor.base import Diagnosis, Examination, Project
from reqtrace.doctor.examinations.cached_fragments import CachedFragments
from reqtrace.doctor.examinations.cached_functions import CachedFunctions
from reqtrace.doctor.examinations.caching import Caching
from reqtrace.doctor.examinations.foreign_tokens import ForeignTokens
from reqtrace.doctor.examinations.gevent import Gevent
from reqtrace.doctor.examinations.kept_requests import KeptRequests
from reqtrace.doctor.examinations.libraries import KnownLibraries
from reqtrace.doctor.examinations.middleware_order import MiddlewareOrder
from reqtrace.doctor.examinations.mutable_defaults import MutableDefaults
from reqtrace.doctor.examinations.shared_clients import SharedClients
from reqtrace.doctor.examinations.started_threads import StartedThreads
from reqtrace.doctor.examinations.uncleared import UnclearedHolders

EXAMINATIONS: tuple[type[Examination], ...] = (
    UnclearedHolders,
    KeptRequests,
    MutableDefaults,
    ForeignTokens,
    Gevent,
    Caching,
    CachedFragments,
    CachedFunctions,
    SharedClients,
    StartedThreads,
    KnownLibraries,
    MiddlewareOrder,
)


class Group(msgspec.Struct, frozen=True):
    """What one examination found."""

    title: str
    diagnoses: list[Diagnosis]
    """By file and line, without those silenced by ``# reqtrace: ok`` at the end of their line."""


def examine(project: Project) -> list[Group]:
    """Run every examination; return the groups in which something was found."""
    modules = (*project.sources.modules, *((project.gunicorn,) if project.gunicorn else ()))
    silenced = {module.path: module.silenced for module in modules}
    groups = []
    for examination in EXAMINATIONS:
        found = {
            diagnosis
            for diagnosis in examination().examine(project)
            if diagnosis.line not in silenced.get(Path(diagnosis.file), ())
        }
        if found:
            groups.append(Group(examination.title, sorted(found, key=lambda one: (one.file, one.line, one.message))))
    return groups
