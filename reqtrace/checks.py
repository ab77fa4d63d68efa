"""Django system checks of reqtrace's settings and store; each says how to mend what it found."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, NamedTuple

import django
from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core import checks
from django.utils.module_loading import import_string

from reqtrace import access, conf
from reqtrace.exceptions import SettingsError
from reqtrace.printable import concealed
from reqtrace.stores import registry
from reqtrace.watching.holders.paths import look_up

TESTED_UP_TO = (6, 1)
"""The newest Django that the tests run with."""
TOOLBAR_SINCE = 6
"""The oldest django-debug-toolbar that the panel works with."""


class Known(NamedTuple):
    """A message of a check, as the reference lists it; what is printed fits the project."""

    says: str
    mend: str


KNOWN: dict[str, Known] = {
    "E001": Known(
        "an unknown key in `REQTRACE` or the environment",
        "the hint names the nearest one",
    ),
    "E002": Known(
        "a bad value",
        "the default is in force meanwhile",
    ),
    "E003": Known(
        "a store that cannot be used: an unknown scheme or a class that cannot be loaded (the default "
        "is in force meanwhile), a file that is none of reqtrace's, a place that cannot be written",
        "`STORE`, `STORE_BACKENDS`, or the folder's rights",
    ),
    "E004": Known(
        "a path in `HOLDERS` that leads nowhere, or to something that cannot be read without running code",
        "the message names the nearest one",
    ),
    "E005": Known(
        "`ACCESS`, `IMPERSONATION` or `USER_LABEL` that cannot be imported or called",
        "give the dotted path of a function",
    ),
    "E006": Known(
        "`OTEL` without OpenTelemetry",
        "install the extra `otel`",
    ),
    "W001": Known(
        "the checkpoint `template` without anything that makes it",
        "add `reqtrace.context_processors.checkpoint` to the `context_processors` of `TEMPLATES`",
    ),
    "W002": Known(
        "a store that does not answer, or cannot be written to just now: the check tries",
        "start it, make room, or mend `STORE`; the application runs all the same",
    ),
    "W003": Known(
        "a user model without `is_staff`: its active superusers may look",
        "leave it so, or name a callable in `ACCESS`",
    ),
    "W004": Known(
        "a Django newer than the tests of this version",
        "look for a newer django-reqtrace",
    ),
    "W005": Known(
        "a django-debug-toolbar too old for the panel, which stays away",
        "install version 6 or newer",
    ),
    "W006": Known(
        "a Redis that throws any keys away once its memory is full",
        "`maxmemory-policy noeviction` or `volatile-lru`, or a server for traces alone",
    ),
    "I001": Known(
        "the last attribute of a path in `HOLDERS` is not there yet; it is watched from when it is",
        "nothing, if requests set it; the message names the nearest one",
    ),
}
"""What the checks here and those of the stores may say, by the id behind ``reqtrace.``."""


def register() -> None:
    """Register every check with Django, under the tag ``reqtrace``."""
    checks.register(check_settings, "reqtrace")
    checks.register(check_store, "reqtrace")
    checks.register(check_holders, "reqtrace")
    checks.register(check_callables, "reqtrace")
    checks.register(check_telemetry, "reqtrace")
    checks.register(check_templates, "reqtrace")
    checks.register(check_access, "reqtrace")
    checks.register(check_versions, "reqtrace")


def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report unknown keys (E001) and bad values (E002)."""
    return [
        checks.Error(problem.message, hint=problem.hint, id=f"reqtrace.{problem.code}")
        for problem in conf.loaded().problems
    ]


def check_store(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report a store that cannot be used (E003), and what the store itself says."""
    problem = registry.store_problem()
    if problem is not None:
        return [checks.Error(problem, hint=f"Mend {conf.DICT}['STORE'].", id="reqtrace.E003")]
    try:
        return registry.store().check()
    except Exception as error:  # of a store of the project's own; an exception here would stop `runserver`
        said = concealed(f"{type(error).__name__}: {error}", conf.get().store)
        text = f"The store cannot be checked: {said}."
        return [checks.Error(text, hint=f"Mend {conf.DICT}['STORE'].", id="reqtrace.E003")]


def check_holders(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report declared holders that do not exist, or that cannot be read without running code (E004).

    Of one that is not there yet it is said that it is watched from when it is (I001): it may be a slip of the pen.
    """
    found: list[checks.CheckMessage] = []
    for path in conf.get().holders:
        try:
            notice = look_up(path).notice
        except SettingsError as error:
            found.append(checks.Error(str(error), hint=f"Mend {conf.DICT}['HOLDERS'].", id="reqtrace.E004"))
        else:
            if notice is not None:
                hint = f"Nothing is to be done if requests set it; else mend {conf.DICT}['HOLDERS']."
                found.append(checks.Info(notice, hint=hint, id="reqtrace.I001"))
    return found


def check_callables(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report dotted paths of callables that cannot be imported (E005)."""
    found: list[checks.CheckMessage] = []
    settings = conf.get()
    named = [("ACCESS", settings.access), ("IMPERSONATION", settings.impersonation)]
    if "." in settings.user_label:
        named.append(("USER_LABEL", settings.user_label))
    for key, path in named:
        try:
            loaded = import_string(path)
        except Exception as error:  # importing a project's own module may fail in any way
            found.append(
                checks.Error(
                    f"{conf.DICT}[{key!r}] is {path!r}, which cannot be imported: {error}.",
                    hint="Give the dotted path of a function.",
                    id="reqtrace.E005",
                )
            )
        else:
            if not callable(loaded):
                found.append(
                    checks.Error(
                        f"{conf.DICT}[{key!r}] is {path!r}, which is {loaded!r} and cannot be called.",
                        hint="Give the dotted path of a function.",
                        id="reqtrace.E005",
                    )
                )
    return found


def check_templates(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Warn where the checkpoint ``template`` is asked for and no template engine makes it (W001)."""
    if "template" not in conf.get().checkpoints:
        return []
    name = "reqtrace.context_processors.checkpoint"
    engines: list[dict[str, Any]] = django_settings.TEMPLATES
    if any(name in engine.get("OPTIONS", {}).get("context_processors", ()) for engine in engines):
        return []
    return [
        checks.Warning(
            f"{conf.DICT}['CHECKPOINTS'] has 'template', and no engine in TEMPLATES makes that checkpoint.",
            hint=f"Add {name!r} to the context_processors of your template engine.",
            id="reqtrace.W001",
        )
    ]


def check_telemetry(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report OTEL without OpenTelemetry (E006)."""
    if not conf.get().otel or find_spec("opentelemetry") is not None:
        return []
    return [
        checks.Error(
            f"{conf.DICT}['OTEL'] is True, and OpenTelemetry is not installed.",
            hint='pip install "django-reqtrace[otel]", or take OTEL out.',
            id="reqtrace.E006",
        )
    ]


def check_access(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Say who may look at the page where the user model knows no staff, whom the default lets in (W003)."""
    if conf.get().access not in access.BY_STAFF or access.knows_staff():
        return []
    return [
        checks.Warning(
            f"{django_settings.AUTH_USER_MODEL} has no is_staff: of its users, active superusers alone may look at "
            "the traces.",
            hint=f"Leave it so, or name a callable(user, request_or_scope) of your own in {conf.DICT}['ACCESS'].",
            id="reqtrace.W003",
        )
    ]


def check_versions(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Say which Django is newer than the tests (W004), and which debug toolbar is too old for the panel (W005)."""
    found: list[checks.CheckMessage] = []
    if django.VERSION[:2] > TESTED_UP_TO:
        found.append(
            checks.Warning(
                f"Django {django.get_version()} is newer than {'.'.join(map(str, TESTED_UP_TO))}, the newest that "
                "this version of reqtrace was tested with.",
                hint="Look for a newer django-reqtrace; what it cannot read here it leaves unsaid, and counts.",
                id="reqtrace.W004",
            )
        )
    panels = getattr(django_settings, "DEBUG_TOOLBAR_PANELS", ())
    toolbar = toolbar_version()
    if "reqtrace.panel.RequestTracePanel" in panels and toolbar is not None and not fits_panel(toolbar):
        found.append(
            checks.Warning(
                f"django-debug-toolbar {toolbar} is too old for reqtrace.panel.RequestTracePanel, which stays away.",
                hint=f'pip install "django-debug-toolbar>={TOOLBAR_SINCE}", or take the panel out.',
                id="reqtrace.W005",
            )
        )
    return found


def toolbar_version() -> str | None:
    """Return the version of django-debug-toolbar; None where it is not installed."""
    try:
        return version("django-debug-toolbar")
    except PackageNotFoundError:
        return None


def fits_panel(toolbar: str) -> bool:
    """Tell whether the panel works with that version of the toolbar."""
    major = toolbar.partition(".")[0]
    return not major.isdecimal() or int(major) >= TOOLBAR_SINCE
