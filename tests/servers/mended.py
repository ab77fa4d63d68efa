"""A small shop that mixes people up in one way or another, and the hand that pastes a finding's code into it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

CONFIG = """
from tests.servers.settings import *

ROOT_URLCONF = "shop.views"
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", "shop.people.signs_in", *{middleware}]
REQTRACE = {{"STORE": os.environ["REQTRACE_STORE"], "HOLDERS": {holders}}}
CACHES = {{"default": {{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "{cache}"}}}}
LANGUAGES = [("en", "English"), ("de", "German")]
USE_I18N = True
SESSION_ENGINE = "django.contrib.sessions.backends.file"
AUTHENTICATION_BACKENDS = ["shop.middleware.Backend"]
"""
PEOPLE = """
from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import User
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def signs_in(get_response):
    def sign_in(request):
        name = request.headers.get("X-Person", "nobody")
        request.user = User(pk=len(name), username=name)

    async def on_the_loop(request):
        sign_in(request)
        return await get_response(request)

    def middleware(request):
        sign_in(request)
        return get_response(request)

    return on_the_loop if iscoroutinefunction(get_response) else middleware
"""
ASGI = """
from django.core.asgi import get_asgi_application
from reqtrace.asgi import TraceASGI

application = TraceASGI(get_asgi_application())
"""
MEETING = '''
import asyncio

waiting = []


async def meet():
    """Wait until somebody else is here, too."""
    if waiting:
        waiting.pop().set()
        return
    event = asyncio.Event()
    waiting.append(event)
    try:
        await asyncio.wait_for(event.wait(), 5)
    except TimeoutError:
        waiting.clear()
'''
_PART = re.compile(r"^# (?=\w+\.py\b|in place of [\w.]+ = |wherever |[\w.]+: )", re.MULTILINE)


class Shop(NamedTuple):
    """One way to mix people up."""

    server: str
    kind: str
    """What is found."""
    holder: str | None
    middleware: list[str]
    files: Mapping[str, str]
    """The modules of the shop that differ: `middleware`, `views`, `asgi`."""
    write: str = ""
    """The line that sets the holder, where the fix takes its place."""
    read: str = ""
    """The line that reads it, likewise."""
    at_once: bool = False
    body: bytes = b""
    """With the first of every four requests."""


def build(shop: Shop, folder: Path) -> None:
    """Write the shop into a folder."""
    package = folder / "shop"
    package.mkdir(parents=True)
    for name, text in {"__init__": "", "people": PEOPLE, "meeting": MEETING, "middleware": "", **shop.files}.items():
        (package / f"{name}.py").write_text(text)
    (folder / "config.py").write_text(
        CONFIG.format(middleware=shop.middleware, holders=[shop.holder] if shop.holder else [], cache=folder / "cache")
    )
    (folder / "asgi.py").write_text(shop.files.get("asgi", ASGI))


def paste(code: str, shop: Shop, folder: Path) -> None:
    """Do with a finding's code what its comments say."""
    starts = [match.start() for match in _PART.finditer(code)]
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        part = code[start:end]
        head = part.partition("\n")[0]
        if head.startswith("# settings.py"):
            _add(folder / "config.py", part)
        elif head.startswith("# asgi.py"):
            _add(folder / "asgi.py", part)
        elif file := re.match(r"# (\w+\.py), beside manage\.py", head):
            assert not (folder / file[1]).exists()
            (folder / file[1]).write_text(part)
        elif line := re.match(r"# in place of (?:[\w.]+\.)?(\w+ = threading\.local\(\))$", head):
            _replace(folder, line[1], part)
        elif head == "# wherever it was read":
            _replace(folder, shop.write, "pass\n")
            _replace(folder, shop.read, part)
        else:
            above = re.search(r"^@vary_on_cookie.*\n", part, re.MULTILINE)
            assert above, head
            _replace(folder, "@cache_page(60)", f"@cache_page(60)\n{above[0]}")
            file = folder / "shop" / "views.py"
            file.write_text("from django.views.decorators.vary import vary_on_cookie\n" + file.read_text())


def _add(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def _replace(folder: Path, line: str, code: str) -> None:
    """Put code in the place of the one line that says this, at that line's depth."""
    (file,) = [file for file in (folder / "shop").glob("*.py") if line in file.read_text()]
    text = file.read_text()
    (found,) = re.findall(rf"^([ ]*){re.escape(line)}$", text, re.MULTILINE)
    indented = "".join(f"{found}{row}\n" if row else "\n" for row in code.rstrip().splitlines())
    file.write_text(text.replace(f"{found}{line}\n", indented))
