"""The doors of the dashboard over HTTP: page, API, export and assets; each asks first who stands there."""

import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.utils.cache import get_conditional_response

import reqtrace
from reqtrace import access, conf
from reqtrace.exceptions import QueryError, StoreError
from reqtrace.reading import queries
from reqtrace.reading.queries import Page, Query
from reqtrace.stores import registry

from . import assets, language, responses
from .api import answers, downloads, excerpts
from .door import sessions
from .protocol import Error, PageConfig

View = Callable[..., HttpResponseBase]
FOR_EVER = "private, max-age=31536000, immutable"


def answering(*methods: str) -> Callable[[View], View]:
    """Make a view answer to these methods, with the security headers, and tell faults of question and store plainly."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answering_view(request: HttpRequest, **arguments: str) -> HttpResponseBase:
            if request.method not in methods:
                return responses.secured(HttpResponseNotAllowed(methods))
            try:
                answer = responses.secured(view(request, **arguments))
                return responses.bodiless(answer) if request.method == "HEAD" else answer
            except QueryError as error:
                said = responses.json(Error(error=str(error), parameter=error.parameter), status=400)
            except (StoreError, downloads.TooManyExports) as error:
                said = responses.json(Error(error=str(error)), status=503)
            return responses.secured(said)

        return answering_view

    return decorate


reading = answering("GET", "HEAD")


def guarded(view: View) -> View:
    """Let only those in who may see the dashboard; to everybody else the address does not exist."""

    @wraps(view)
    def guard(request: HttpRequest, **arguments: str) -> HttpResponseBase:
        if not may_see(request):
            raise Http404
        return view(request, **arguments)

    return guard


def may_see(request: HttpRequest) -> bool:
    """Tell whether whoever sent this request may see the dashboard."""
    return came_by_link(request) or access.allowed(getattr(request, "user", None), request)


def came_by_link(request: HttpRequest) -> bool:
    """Tell whether this visitor of the standalone server was let in by a link of the terminal."""
    return sessions.are_ours() and request.session.get(sessions.BY_LINK) is True


@guarded
@reading
def page(request: HttpRequest) -> HttpResponse:
    """Show the live page."""
    return render_page(request)


def render_page(request: HttpRequest, sign_out_url: str | None = None) -> HttpResponse:
    """Return the live page for a visitor who may see it; its addresses follow from where it is mounted."""
    script, style = assets.find("app.js"), assets.find("app.css")
    user = getattr(request, "user", None)
    config = PageConfig(
        reqtrace=reqtrace.__version__,
        api_url=f"{request.path}api/",
        live_url=f"{request.path}live/",
        user=user.get_username() if user is not None and user.is_authenticated else "",
        sign_out_url=sign_out_url,
        csrf_token=get_token(request) if sign_out_url else "",
        links=conf.get().links,
        trace_url=conf.get().trace_url,
    )
    context = {
        "config": msgspec.to_builtins(config),
        "messages": language.messages(language.current()),
        "script": script,
        "style": style,
        "mount": request.path,
    }
    return responses.html("page.html", context)


@guarded
@reading
def request_list(request: HttpRequest) -> HttpResponse:
    """Answer with requests, newest first."""
    return responses.json(answers.requests(registry.store(), *_asked(request)))


@guarded
@reading
def request_detail(request: HttpRequest, request_id: str) -> HttpResponse:
    """Answer with a request, and who was on its thread before, meanwhile and after.

    Its process, thread and findings come along.
    """
    detail = answers.request_detail(registry.store(), request_id)
    if detail is None:
        return responses.json(Error(error=f"There is no request {request_id!r}; it may have been trimmed."), status=404)
    return responses.json(detail)


@guarded
@reading
def thread_list(request: HttpRequest) -> HttpResponse:
    """Answer with threads, the last seen first."""
    return responses.json(answers.threads(registry.store(), *_asked(request)))


@guarded
@reading
def process_list(request: HttpRequest) -> HttpResponse:
    """Answer with processes, the last seen first, and with ``measurements``: what each uses now.

    That is processor, memory, threads, open files, context switches, requests in flight and per second.
    """
    return responses.json(answers.processes(registry.store(), *_asked(request)))


@guarded
@reading
def finding_list(request: HttpRequest) -> HttpResponse:
    """Answer with findings, newest first."""
    return responses.json(answers.findings(registry.store(), *_asked(request)))


@guarded
@reading
def finding_code(request: HttpRequest, finding_id: str) -> HttpResponse:
    """Answer with the lines around the places that a finding's ``writer`` and ``stack`` name.

    They are read from this server's disk when it is asked, and kept nowhere; of the project and its libraries alone,
    never of settings, and only where the process ran on this host and the file has not changed since; else ``missing``
    says why: ``elsewhere``, ``outside``, ``gone``, ``changed``. Beside them ``mending`` is the fix as code.
    """
    code = excerpts.of_finding(registry.store(), finding_id)
    if code is None:
        return responses.json(Error(error=f"There is no finding {finding_id!r}; it may have been trimmed."), status=404)
    return responses.json(code)


@guarded
@reading
def health(request: HttpRequest) -> HttpResponse:
    """Answer how reqtrace itself fares: the store, wrong settings, and of each process what it counted.

    Where the store does not answer that is a 503.
    """
    report = answers.health(registry.store())
    return responses.json(report, status=200 if report.store == "ok" else 503)


@guarded
@reading
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the same for monitoring, as OpenMetrics; takes the extra ``metrics``, see Metrics."""
    # Loaded when it is first asked for.
    try:
        module = import_module(f"{__name__.rpartition('.')[0]}.api.metrics")
    except ImportError as error:
        return responses.json(Error(error=str(error)), status=503)
    return HttpResponse(module.exposition(registry.store()), content_type=module.CONTENT_TYPE)


@guarded
@reading
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with what the filters leave, as a download in any ``format`` of the command ``export``."""
    given = request.GET.dict()
    format_ = given.pop("format", "json")
    for name in given.keys() & {"limit", "cursor"}:
        raise QueryError(name, f"An export holds everything that matches; it takes no {name}.")
    query, _ = queries.parse(given, time.time_ns())
    return downloads.download(request, registry.store(), format_, query)


@reading
def public_asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer with the page's script or style; under its own version it may be kept for ever."""
    found = assets.find(name)
    if found is None:
        raise Http404
    response = HttpResponse(found.content, content_type=assets.TYPES[name])
    is_versioned = request.GET.get("v") == found.version
    response.headers["Cache-Control"] = FOR_EVER if is_versioned else "private, no-cache"
    response.headers["ETag"] = etag = f'"{found.version}"'
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    return answer


asset = guarded(public_asset)


def _asked(request: HttpRequest) -> tuple[Query, Page]:
    return queries.parse(request.GET.dict(), time.time_ns())
