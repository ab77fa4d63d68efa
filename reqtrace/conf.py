"""Every setting of reqtrace: its type, its default and what it means."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from django.conf import settings as django_settings

DICT = "REQTRACE"
ENVIRONMENT_PREFIX = "REQTRACE_"

Checkpoint = Literal["start", "view", "view-end", "template", "query", "response", "close"]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
UserLabel = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(username|email|pk|pseudonym|[^\W\d]\w*(\.[^\W\d]\w*)+)$",
        description="It takes 'username', 'email', 'pk', 'pseudonym', or the dotted path of a callable(user).",
    ),
]
DottedPath = Annotated[str, msgspec.Meta(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)+$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """The ``REQTRACE`` dict, typed; every key can also be given by the environment as ``REQTRACE_<KEY>``."""

    enabled: bool = True
    """Kill switch: when false the middleware takes itself out."""
    store: str = ""
    """Where traces go, see Stores; without ``BASE_DIR`` it is below the working directory."""
    store_backends: dict[str, str] = {}
    """Further schemes for ``STORE``: scheme to dotted class path."""
    retain: Count = 100_000
    """How many requests are kept."""
    retain_seconds: Count | None = None
    """How long requests are kept; ``None``: as long as ``RETAIN`` allows."""
    buffer: Count = 10_000
    """How many records may wait in a process, and how many KiB they may take; beyond it the oldest is dropped and
    counted."""
    flush_ms: Annotated[int, msgspec.Meta(ge=10, le=60_000)] = 100
    """How often a process ships what it has, in milliseconds, 10 to 60,000."""
    sample: Share = 1.0
    """Share of clean requests kept, 0 to 1; requests with a finding always are, and detection always runs."""
    ignore_paths: list[str] = []
    """Path prefixes not traced; the live page, the debug toolbar and static files never are."""
    holders: list[str] = []
    """Extra holders by dotted path, see Holders."""
    known_holders: bool = True
    """Watch the holders of known libraries that are installed."""
    discover: bool = True
    """Find holders that nobody declared."""
    checkpoints: list[Checkpoint] = msgspec.field(
        default_factory=lambda: ["start", "view", "view-end", "response", "close"]
    )
    """Where identity is examined; ``template`` and ``query`` can be added, see Checkpoints."""
    on_leak: Literal["record", "block"] = "record"
    """``block`` turns a response in which a leak was found into a 500 instead of letting it out."""
    impersonation: DottedPath = "reqtrace.identity.known_impersonation"
    """Callable(request) -> bool: whether acting as somebody else is declared here; this one knows django-hijack,
    django-impersonate, django-loginas and django-su."""
    user_label: UserLabel = "username"
    """How people are named in traces: ``username``, ``email``, ``pk``, ``pseudonym`` (a keyed hash in place of the key,
    too), or the dotted path of a callable(user) -> str that makes no query; whom it cannot name keeps the user name."""
    release: str | None = None
    """The deploy that runs, such as a version or a commit; shown with each process and each finding's group."""
    capture_query_string: bool = False
    """Whether query strings are kept."""
    jobs: bool = True
    """Trace jobs of Celery, RQ, Dramatiq, Django tasks and APScheduler where installed, and the project's own commands,
    see Jobs."""
    access: str = "reqtrace.access.staff"
    """Callable(user, request_or_scope) -> bool: who may see the live page; others get 404."""
    sign_in: Annotated[str, msgspec.Meta(pattern=r"^(password|link|https?://\S+|/\S*)$")] = "password"
    """How people sign in at ``manage.py reqtrace dashboard``: ``password``, with an account of the project; ``link``,
    by the link alone that the command prints; or the address of the project's own login page, whose sessions then count
    here, such as ``https://shop.example/accounts/login/`` or ``/accounts/login/`` behind the same host."""
    dashboard_url: str = ""
    """Where the live page stands, such as ``http://127.0.0.1:8765/reqtrace/``, for the toolbar panel's link to it;
    empty: where this project mounts it, if it does."""
    links: dict[str, str] = {}
    """Links of the project's own at the top of the live page: text to address."""
    trace_url: Annotated[str, msgspec.Meta(pattern=r"^https?://.*\{trace_id\}")] | None = None
    """Where a trace viewer shows a trace, such as ``https://jaeger.example/trace/{trace_id}``: requests that came with
    a ``traceparent`` link to it."""
    otel: bool = False
    """Tell the current OpenTelemetry span what is known of the request, see OpenTelemetry."""


KEYS: dict[str, str] = {field.encode_name: field.name for field in msgspec.structs.fields(Settings)}
_TYPES = get_type_hints(Settings, include_extras=True)
_SECRET = {"store"}
"""Keys of whose values nothing is ever shown, however wrong they are."""
_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class Problem(NamedTuple):
    """A key that cannot be used as it stands; the default holds in its place."""

    code: str
    """``E001`` unknown key, ``E002`` bad value."""
    message: str
    hint: str


class Loaded(NamedTuple):
    """The settings in force, and what was wrong with those given."""

    settings: Settings
    problems: tuple[Problem, ...]


def load(given: object, environment: Mapping[str, str]) -> Loaded:
    """Turn the ``REQTRACE`` dict and the environment into settings; never raises.

    A key that cannot be used keeps its default and becomes a problem. The environment wins over the dict.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    if not isinstance(given, Mapping):
        problems.append(
            Problem(
                "E002",
                f"{DICT} is of type {type(given).__name__}, which is no dict.",
                f"Set {DICT} = {{...}}, or remove it.",
            )
        )
        given = {}
    for key, value in given.items():
        _take(key, value, f"{DICT}[{key!r}]", values, problems, strict=True)
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            key = variable.removeprefix(ENVIRONMENT_PREFIX)
            _take(key, text, f"the environment variable {variable}", values, problems, strict=False)
    values.setdefault("store", default_store())
    return Loaded(Settings(**values), tuple(problems))


def _take(
    key: object, value: object, origin: str, values: dict[str, Any], problems: list[Problem], *, strict: bool
) -> None:
    name = KEYS.get(key) if isinstance(key, str) else None
    if name is None:
        near = difflib.get_close_matches(str(key).upper(), KEYS, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"The keys are {', '.join(KEYS)}."
        problems.append(Problem("E001", f"{origin} is not a setting of reqtrace.", hint))
        return
    try:
        values[name] = _convert(value, _TYPES[name], strict=strict)
    except Exception as error:  # whatever was put there, the application starts
        problems.append(
            Problem(
                "E002",
                f"{origin} is {_shown(name, value)}, which does not do: {error}.",
                f"{_choices(_TYPES[name])}The default {_default_of(name)!r} is in force until it is mended.",
            )
        )


def _convert(value: object, type_: Any, *, strict: bool) -> Any:
    if strict:
        if isinstance(value, tuple | set | frozenset):
            value = list(value)
        return msgspec.convert(str(value) if isinstance(value, Path) else value, type_)
    assert isinstance(value, str)
    text = value.strip()
    if type_ is bool:
        text = _WORDS.get(text.lower(), text)
    if text[:1] in ("[", "{"):
        return msgspec.json.decode(text.encode(), type=type_)
    if get_origin(type_) is list:
        return msgspec.convert([part.strip() for part in text.split(",") if part.strip()], type_)
    return msgspec.convert(text, type_, strict=False)


def _shown(name: str, value: object) -> str:
    """Return a value for people to read, but for those in which a password may stand."""
    return f"of type {type(value).__name__}" if name in _SECRET else repr(value)


def _choices(type_: Any) -> str:
    """Return a sentence with the words that a setting takes; an empty one where it takes any."""
    for note in getattr(type_, "__metadata__", ()):
        if note.description:
            return f"{note.description} "
    (inner,) = get_args(type_) if get_origin(type_) is list else (type_,)
    words = get_args(inner) if get_origin(inner) is Literal else ()
    return f"It takes {', '.join(map(repr, words))}. " if words else ""


def _default_of(name: str) -> object:
    return default_store() if name == "store" else getattr(Settings(), name)


def default_store() -> str:
    """Return the address of the SQLite file that is used when ``STORE`` is not set."""
    base = getattr(django_settings, "BASE_DIR", None) or Path.cwd()
    return f"sqlite:///{Path(base) / '.reqtrace' / 'traces.sqlite3'}"


_loaded: Loaded | None = None


def loaded() -> Loaded:
    """Return the settings in force and their problems, read once."""
    global _loaded
    if _loaded is None:
        _loaded = load(getattr(django_settings, DICT, {}), os.environ)
    return _loaded


def get() -> Settings:
    """Return the settings in force."""
    return loaded().settings


def reset(*, setting: str = DICT, **_: object) -> None:
    """Forget what was read, when ``REQTRACE`` changes (a receiver of Django's ``setting_changed``)."""
    global _loaded
    if setting in (DICT, "BASE_DIR"):
        _loaded = None
