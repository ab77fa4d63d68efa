"""A finding's code, pasted as it says into the project that has the fault, on a real server: the finding is gone."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from reqtrace.findings.mending import mending
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.servers.mended import Shop, build, paste
from tests.servers.running import ROOT, serve

pytestmark = pytest.mark.server

NAMES = ("alice", "bob", "bob", "alice") * 5
SETS_IF_ASKED = """
import threading
from contextvars import ContextVar

{define}


def remembers(get_response):
    def middleware(request):
        if request.headers.get("X-Person") == "alice":
            {write}
        return get_response(request)

    return middleware
"""
PAGE = """
from django.http import HttpResponse
from django.urls import path

from shop import middleware


def page(request):
    {read}
    return HttpResponse(f"{{request.headers['X-Person']}} {{getattr(user, 'username', 'nobody')}}")


urlpatterns = [path("", page)]
"""
ON_THE_LOOP = """
import threading
from contextvars import ContextVar

from django.utils.decorators import async_only_middleware

{define}


@async_only_middleware
def remembers(get_response):
    async def middleware(request):
        {write}
        return await get_response(request)

    return middleware
"""
WAITING_PAGE = """
from django.http import HttpResponse
from django.urls import path

from shop import middleware
from shop.meeting import meet


async def page(request):
    name = request.headers["X-Person"]
    await meet()
    {read}
    return HttpResponse(f"{{name}} {{request.user.username}}")


urlpatterns = [path("", page)]
"""
REMEMBERS_AROUND = """
from django.core.asgi import get_asgi_application

from reqtrace.asgi import TraceASGI
from shop.middleware import current


class Remembers:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if current.get() is None and scope["type"] == "http":
            current.set(dict(scope["headers"]).get(b"x-person", b"").decode())
        await self.inner(scope, receive, send)


application = TraceASGI(Remembers(get_asgi_application()))
"""
SIGNS_IN = """
from shop.people import User


def signs_in_on_one_page(get_response):
    def middleware(request):
        if request.path == "/sign-in/":
            name = request.headers["X-Person"]
            user = User(pk=len(name), username=name)
            request.session["_auth_user_id"] = str(user.pk)
            request.session["_auth_user_backend"] = "shop.middleware.Backend"
            request.session["_auth_user_hash"] = user.get_session_auth_hash()
        return get_response(request)

    return middleware


class Backend:
    def get_user(self, key):
        return User(pk=key, username={5: "alice", 3: "bob"}[key])
"""
CACHED = """
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page


@cache_page(60)
def page(request):
    return HttpResponse(f"{request.headers['X-Person']} {request.user.username}")


urlpatterns = [path("", page), path("sign-in/", lambda request: HttpResponse())]
"""


def on_threads(define: str, write: str, read: str, **more: object) -> Shop:
    """Return a shop whose middleware remembers some people and forgets nobody, by a server of one thread."""
    files = {"middleware": SETS_IF_ASKED.format(define=define, write=write), "views": PAGE.format(read=read)}
    return Shop("gunicorn-sync", "crossed", None, ["shop.middleware.remembers"], files, write, read)._replace(**more)


def on_the_loop(define: str, write: str, read: str, **more: object) -> Shop:
    """Return a shop whose middleware keeps one place for all who are served at once."""
    files = {"middleware": ON_THE_LOOP.format(define=define, write=write), "views": WAITING_PAGE.format(read=read)}
    shop = Shop("uvicorn", "crossed", None, ["shop.middleware.remembers"], files, write, read, at_once=True)
    return shop._replace(**more)


HERE = "shop.middleware"
LOCAL = "_locals = threading.local()"
VARIABLE = 'current = ContextVar("current", default=None)'
SHOPS = {
    "a thread-local on threads": on_threads(
        LOCAL,
        "_locals.user = request.user",
        'user = getattr(middleware._locals, "user", None)',
        holder=f"{HERE}._locals.user",
    ),
    "an asgiref Local on threads": on_threads(
        "from asgiref.local import Local\n_locals = Local()",
        "_locals.user = request.user",
        'user = getattr(middleware._locals, "user", None)',
        holder=f"{HERE}._locals.user",
        kind="leftover",
    ),
    "a context variable on threads": on_threads(
        VARIABLE, "current.set(request.user)", "user = middleware.current.get()", holder=f"{HERE}.current"
    ),
    "a dict by thread": on_threads(
        "_users = {}",
        "_users[threading.get_ident()] = request.user",
        "user = middleware._users.get(middleware.threading.get_ident())",
        holder=f"{HERE}._users",
    ),
    "a module's attribute": on_threads(
        "import sys\n\nhere = sys.modules[__name__]",
        "here.current_user = request.user",
        'user = getattr(middleware, "current_user", None)',
        holder=f"{HERE}.current_user",
    ),
    "a library's thread-local": on_threads(
        "from crum import set_current_user",
        "set_current_user(request.user)",
        "from crum import get_current_user; user = get_current_user()",
        holder="crum._thread_locals.user",
    ),
    "a thread-local on the loop": on_the_loop(
        LOCAL, "_locals.request = request", "request = middleware._locals.request", holder=f"{HERE}._locals.request"
    ),
    "an attribute on the loop": on_the_loop(
        "class Current:\n    request = None",
        "Current.request = request",
        "request = middleware.Current.request",
        holder=f"{HERE}.Current.request",
    ),
    "a list that all contexts share": on_the_loop(
        'stack = ContextVar("stack", default=[])',
        "stack.get().append(request)",
        "request = middleware.stack.get()[-1]",
        holder=f"{HERE}.stack",
    ),
    "a context that was handed on": Shop(
        "uvicorn",
        "context-crossed",
        f"{HERE}.current",
        [],
        {
            "middleware": f"from contextvars import ContextVar\n\n{VARIABLE}\n",
            "asgi": REMEMBERS_AROUND,
            "views": "from django.http import HttpResponse\nfrom django.urls import path\nfrom shop import middleware\n"
            "\n\nasync def page(request):\n    request.body\n"
            "    return HttpResponse(f\"{request.headers['X-Person']} {middleware.current.get()}\")\n"
            '\n\nurlpatterns = [path("", page)]\n',
        },
        body=b"x" * 300_000,
    ),
    "a page in the cache": Shop(
        "gunicorn-sync",
        "response-crossed",
        None,
        [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "shop.middleware.signs_in_on_one_page",
        ],
        {"middleware": SIGNS_IN, "views": CACHED},
    ),
    "a language": Shop(
        "gunicorn-sync",
        "leftover",
        None,
        ["shop.middleware.remembers"],
        {
            "middleware": "from django.utils import translation\n"
            + SETS_IF_ASKED.format(define="", write='translation.activate("de")'),
            "views": PAGE.format(read="user = request.user"),
        },
    ),
}

ALWAYS = ("a thread-local on threads", "a context variable on threads", "a thread-local on the loop")
"""Tried with each run of the tests; all others take long together."""


def visit(shop: Shop, url: str, names: Sequence[str]) -> list[str]:
    """Let people come, one after another or two at a time; return what they were told."""

    async def at_once() -> list[str]:
        told: list[str] = []
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            for pair in zip(names[::2], names[1::2], strict=True):
                answers = [client.get("/", headers={"X-Person": name}) for name in pair]
                told += [answer.text for answer in await asyncio.gather(*answers)]
        return told

    if shop.at_once:
        return asyncio.run(at_once())
    told, cookies = [], {}
    with httpx.Client(base_url=url, timeout=20) as one:
        if shop.body:
            for number, name in enumerate(names):
                body = shop.body if number % 4 == 0 else b""
                told.append(one.post("/", content=body, headers={"X-Person": name}).text)
            return told
        for name in sorted(set(names)):
            cookies[name] = dict(one.get("/sign-in/", headers={"X-Person": name}).cookies)
            one.cookies.clear()
        for name in names:
            cookie = "; ".join(f"{key}={value}" for key, value in cookies[name].items())
            told.append(one.get("/", headers={"X-Person": name, "Cookie": cookie}).text)
    return told


def walk(shop: Shop, project: Path, traces: Path) -> tuple[list[str], list[Finding], Reader]:
    """Serve a shop and let people walk through it."""
    traces.mkdir()
    shutil.rmtree(project / "cache", ignore_errors=True)
    place = {"DJANGO_SETTINGS_MODULE": "config", "PYTHONPATH": f"{project}:{ROOT}"}
    if shop.kind == "response-crossed":  # pages that outlive a process come from the cache and from nowhere else
        with serve(shop.server, traces, **place) as running:
            visit(shop, running.url, ["alice"])
            running.stop()
    with serve(shop.server, traces, "asgi:application", **place) as running:
        told = visit(shop, running.url, NAMES)
        running.stop()
        assert [process.last_fault for process in running.processes()] == [None] * len(running.processes())
        assert "Traceback" not in (log := running.log.read_text()), log
        reader = Reader(running.store)
        return told, list(reader.findings()), reader


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in SHOPS]
)
def test_pasted_as_it_says_it_ends_the_finding(name: str, tmp_path: Path) -> None:
    shop, project = SHOPS[name], tmp_path / "project"
    build(shop, project)
    told, findings, reader = walk(shop, project, tmp_path / "before")
    found = next((finding for finding in findings if finding.kind == shop.kind), None)
    assert found is not None, (told, findings)
    request = reader.request(found.request)
    seen = reader.request(found.observed.request) if found.observed.request else None
    assert request is not None
    code = mending(found, reader.process(request.process), request, seen)
    assert code is not None, found
    compile(code, "the fix", "exec")
    paste(code, shop, project)
    told, findings, _ = walk(shop, project, tmp_path / "after")
    assert findings == [], code
    assert all(answer.split()[1] in (answer.split()[0], "nobody") for answer in told), told
