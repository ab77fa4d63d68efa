"""A thread-local that nobody clears.

A template loader is asked for a name and nothing else. To choose templates by the current user and site it needs the
request, so a middleware keeps that in a threading.local. Can one user get another's templates?

Inside the view, no: each request sets the thread-local anew, and gunicorn's threads serve one request at a time. But a
thread serves many requests one after another, and what alice's left behind is still there when bob's begins. Whatever
asks before the middleware has run is told about alice: here a banner, made by a middleware that stands further up.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine, Origin
from django.template.loaders import filesystem

from demo.scenarios.base import Scenario, Way
from demo.scenarios.meeting import meet
from demo.scenarios.visit import Visit

FOLDER = Path(__file__).parents[1] / "templates" / "tour" / "people"

kept = threading.local()
cleared = threading.local()


class Loader(filesystem.Loader):
    """Looks for a template of this user on this site, then of this site, then of everybody."""

    def __init__(self, engine: Engine, holder: Any) -> None:
        """Ask `holder` for the current request."""
        super().__init__(engine)
        self.holder = holder

    def get_template_sources(self, template_name: str) -> Iterator[Origin]:
        """Yield where it may stand, best first."""
        request = getattr(self.holder, "request", None)
        folders = ["everybody"]
        if request is not None:
            site = request.get_host()
            folders = [f"{site}/{request.user.username}", site, *folders]
        for folder in folders:
            yield Origin(str(FOLDER / folder / template_name), template_name, loader=self)


class Banner:
    """Puts a banner on every page; stands further up in ``MIDDLEWARE``."""

    def __init__(self, engine: Engine, get_response: Any) -> None:
        """Take templates from `engine`."""
        self.engine = engine
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Make the banner before anything else."""
        request.banner = self.engine.get_template("banner.txt").render(Context())
        return self.get_response(request)


class KeepsTheRequest:
    """Keeps the current request for the loader."""

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the thread-local, and leave it set."""
        kept.request = request
        return self.get_response(request)


class ClearsTheRequest:
    """Keeps the current request for the loader, and for as long as it is the current one."""

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the thread-local, and clear it whatever happens."""
        cleared.request = request
        try:
            return self.get_response(request)
        finally:
            del cleared.request


def page(engine: Engine) -> Any:
    """Return a view whose page is the template that `engine` chooses."""

    def home(request: Any) -> HttpResponse:
        meet(request.GET)
        return HttpResponse(f"{request.banner}{engine.get_template('page.txt').render(Context())}")

    return home


def traffic(visit: Visit) -> None:
    """Let alice be on all four threads of the server; then bob comes."""
    alice, bob = visit.person("alice", site="retail.localhost"), visit.person("bob", site="trade.localhost")
    visit.on_every_thread(alice)
    visit.opens(bob)


def _way(middleware: Any, holder: Any) -> Way:
    engine = Engine(loaders=[(f"{__name__}.Loader", holder)])
    return Way(pages={"": page(engine)}, middleware=(partial(Banner, engine), middleware), code=(middleware,))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="gunicorn",
    kind="leftover",
    broken=replace(_way(KeepsTheRequest, kept), tidy=lambda: vars(kept).clear()),
    mended=_way(ClearsTheRequest, cleared),
    traffic=traffic,
    code=(Loader, Banner),
    proof=("http://retail.localhost{way}", "http://trade.localhost{way}"),
)
