"""Finds the project's own sources and the facts of its settings; imports nothing that Django has not imported."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings

from reqtrace.code.source.module import Module
from reqtrace.code.source.sources import Sources
from reqtrace.doctor.base import Project, TextFile

_NAMED_IN = ("SETTINGS_MODULE", "ROOT_URLCONF", "WSGI_APPLICATION", "ASGI_APPLICATION")
_LISTED_IN = ("MIDDLEWARE", "AUTHENTICATION_BACKENDS")
_OURS = "reqtrace"
_OUR_LABELS = {"reqtrace", "reqtrace_dashboard"}
_TEMPLATES = {".html", ".htm", ".txt", ".xml", ".jinja", ".j2", ".svg"}
_NOT_SERVED = {"migrations", "tests", "test", "node_modules", "__pycache__"}
"""Folders within a package whose code serves no request."""


class Skipped(NamedTuple):
    """A file that could not be read."""

    file: Path
    reason: str


class Found(NamedTuple):
    """A project, and what was looked at to find it."""

    project: Project
    packages: tuple[str, ...]
    files: int
    skipped: tuple[Skipped, ...]


def find() -> Found:
    """Parse the project that Django has been set up for."""
    base_dir = Path(getattr(settings, "BASE_DIR", None) or Path.cwd()).resolve()
    packages = _own_packages(base_dir)
    modules: list[Module] = []
    skipped: list[Skipped] = []
    for name, path in (file for package, origin in packages.items() for file in files_of(package, origin)):
        try:
            modules.append(Module(name, path, path.read_bytes()))
        except SyntaxError as error:
            skipped.append(Skipped(path, f"line {error.lineno}: {error.msg}"))
        except (ValueError, OSError, RecursionError) as error:
            skipped.append(Skipped(path, str(error)))
    project = Project(
        sources=Sources(modules, library),
        settings_file=_locate(str(settings.SETTINGS_MODULE)) or base_dir,
        middleware=tuple(settings.MIDDLEWARE),
        asgi=bool(getattr(settings, "ASGI_APPLICATION", None)),
        versions={(one.name or "").lower().replace("_", "-"): one.version for one in distributions()},
        gunicorn=_parse("gunicorn.conf", base_dir / "gunicorn.conf.py"),
        uwsgi=tuple(_uwsgifiles_of(base_dir)),
        templates=tuple(_templates()),
    )
    return Found(project, tuple(packages), len(modules), tuple(skipped))


def _own_packages(base_dir: Path) -> dict[str, Path]:
    """Return the project's top-level packages and modules with their files or folders, those in `base_dir` first."""
    names = [str(getattr(settings, name, None) or "") for name in _NAMED_IN]
    names += [entry for name in _LISTED_IN for entry in getattr(settings, name, ())]
    names += [config.name for config in apps.get_app_configs() if config.label not in _OUR_LABELS]
    ours = {config.name.partition(".")[0] for config in apps.get_app_configs() if config.label in _OUR_LABELS}
    found: dict[str, Path] = {}
    for top in dict.fromkeys(name.partition(".")[0] for name in names if name):
        origin = origin_of(top) if top not in ours | {_OURS} else None
        if origin and not _is_foreign(origin):
            found[top] = origin
    return dict(sorted(found.items(), key=lambda item: not item[1].is_relative_to(base_dir)))


def origin_of(name: str) -> Path | None:
    """Return the file of a top-level module, or the folder of a package, without importing it."""
    spec = PathFinder.find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:
        return next((Path(folder).resolve() for folder in spec.submodule_search_locations), None)
    return Path(spec.origin).resolve() if spec.origin and spec.origin.endswith(".py") else None


def _is_foreign(path: Path) -> bool:
    """Tell whether a file belongs to an installed library or to Python."""
    if {"site-packages", "dist-packages"}.intersection(path.parts):
        return True
    return any(path.is_relative_to(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib"))


def files_of(package: str, origin: Path) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the path of each file of a package that may serve requests."""
    if origin.is_file():
        yield package, origin
        return
    for folder, folders, files in os.walk(origin):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_SERVED and name.isidentifier() and not (here / name / "pyvenv.cfg").exists()
        )
        prefix = ".".join((package, *here.relative_to(origin).parts))
        for name in sorted(files):
            stem = name.removesuffix(".py")
            if name.endswith(".py") and not (stem.startswith("test_") or stem in ("tests", "conftest")):
                yield prefix if stem == "__init__" else f"{prefix}.{stem}", here / name


def _locate(dotted: str) -> Path | None:
    """Return the file of a module, without importing it or its packages."""
    search: list[str] | None = None
    path: str | None = None
    for part in dotted.split("."):
        if path is not None and search is None:
            return None  # what came before is a module, which holds no others
        spec = PathFinder.find_spec(part, search)
        if spec is None:
            return None
        search, path = spec.submodule_search_locations, spec.origin
    return Path(path) if path and path.endswith(".py") else None


def library(dotted: str) -> Module | None:
    """Parse a module that the project builds on."""
    if dotted.partition(".")[0] in sys.builtin_module_names or not all(map(str.isidentifier, dotted.split("."))):
        return None
    path = _locate(dotted)
    return _parse(dotted, path) if path else None


def _parse(name: str, path: Path) -> Module | None:
    try:
        return Module(name, path, path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return None


def _uwsgifiles_of(base_dir: Path) -> Iterator[TextFile]:
    for path in sorted(base_dir.glob("*.ini")):
        text = path.read_text("utf-8", "replace")
        if any(line.strip().lower() == "[uwsgi]" for line in text.splitlines()):
            yield TextFile(path, text)


def _templates() -> Iterator[TextFile]:
    """Yield the templates of the project's own packages, and of the folders that ``TEMPLATES`` names."""
    engines: list[dict[str, Any]] = settings.TEMPLATES
    folders = [Path(folder) for engine in engines for folder in engine.get("DIRS", ())]
    folders += [Path(config.path) / "templates" for config in apps.get_app_configs()]
    found: dict[Path, None] = {}
    for folder in folders:
        if not _is_foreign(folder.resolve()):
            found |= dict.fromkeys(path for path in sorted(folder.rglob("*")) if path.suffix in _TEMPLATES)
    for path in found:
        with suppress(OSError):
            yield TextFile(path, path.read_text("utf-8", "replace"))
