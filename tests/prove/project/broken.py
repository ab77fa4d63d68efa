"""Pages that are not isolated, each beside the one that is."""

import asyncio
import threading
from contextvars import ContextVar
from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_kept = threading.local()
_acting: ContextVar[str] = ContextVar("acting")
_here: set[str] = set()
_lock = threading.Lock()


class Current:
    """Who is asking, one for all."""

    name = ""
    basket: ClassVar[list[str]] = []


class Loader:
    """Loads things once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.loaded: dict[str, str] = {}

    def load(self, key: str, name: str) -> str:
        """Return what is under a key."""
        if key not in self.loaded:
            self.loaded[key] = f"the dashboard of {name}"
        return self.loaded[key]


_loader = Loader()


def _name(request: HttpRequest) -> str:
    return request.user.get_username() or "nobody"


def leftover(request: HttpRequest) -> HttpResponse:
    """Keep who is signed in on the thread, and greet whoever is kept there."""
    if request.user.is_authenticated:
        _kept.name = _name(request)
    return HttpResponse(f"Hello {getattr(_kept, 'name', 'stranger')}")


def set_for_all(request: HttpRequest) -> HttpResponse:
    """Keep whoever asks on the thread."""
    _kept.name = _name(request)
    return HttpResponse(f"Hello {_kept.name}")


def overwritten(request: HttpRequest) -> HttpResponse:
    """Say who is asking in one place for all, and look there once more a line later."""
    name = _name(request)
    Current.name = name
    greeting = "Hello"
    return HttpResponse(f"{greeting} {Current.name}")


def locked(request: HttpRequest) -> HttpResponse:
    """Do the same while nobody else can."""
    with _lock:
        Current.name = _name(request)
        return HttpResponse(f"Hello {Current.name}")


def twice(request: HttpRequest) -> HttpResponse:
    """Break only where one gives way twice: between the two lines, and after the other has cleared."""
    mine = _name(request)
    Current.basket.append(mine)
    last = Current.basket[-1]
    Current.basket.remove(mine)
    return HttpResponse(f"Basket of {last}")


def fragment(request: HttpRequest) -> HttpResponse:
    """Show a cached greeting, without the user in its key."""
    return render(request, "menu.html")


def own_fragment(request: HttpRequest) -> HttpResponse:
    """Show a cached greeting, with the user in its key."""
    return render(request, "own_menu.html")


def loader(request: HttpRequest) -> HttpResponse:
    """Load through a loader that is made once for all."""
    return HttpResponse(_loader.load("dashboard", _name(request)))


def own_loader(request: HttpRequest) -> HttpResponse:
    """Load through a loader of this request's own."""
    return HttpResponse(Loader().load("dashboard", _name(request)))


def crowd(request: HttpRequest) -> HttpResponse:
    """Tell how many different people were here: nobody's name stands there."""
    _here.add(_name(request))
    return HttpResponse(f"You are one of {len(_here)}")


def no_crowd(request: HttpRequest) -> HttpResponse:
    """Tell how many people whoever asks is."""
    return HttpResponse(f"You are one of {len({_name(request)})}")


async def awaited(request: HttpRequest) -> HttpResponse:
    """Keep who is asking on the loop's thread while something is awaited."""
    user = await request.auser()
    _kept.name = user.get_username() or "nobody"
    await asyncio.sleep(0)
    return HttpResponse(f"Orders of {_kept.name}")


async def in_context(request: HttpRequest) -> HttpResponse:
    """Keep who is asking in a context variable while something is awaited."""
    user = await request.auser()
    token = _acting.set(user.get_username() or "nobody")
    await asyncio.sleep(0)
    try:
        return HttpResponse(f"Orders of {_acting.get()}")
    finally:
        _acting.reset(token)
