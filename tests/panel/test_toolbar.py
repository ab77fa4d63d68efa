"""The debug toolbar's panel, with the real toolbar around real requests."""

import asyncio
import html
import re
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from debug_toolbar import settings as toolbar_settings
from debug_toolbar.middleware import show_toolbar_func_or_path
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar, StoredDebugToolbar
from django.contrib.auth.models import User as Account
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches, include, path

from dashboard import urls as dashboard
from reqtrace.capture.recorder import Recorder
from reqtrace.exceptions import StoreUnavailable
from reqtrace.execution import exclusions
from reqtrace.panel import RequestTracePanel
from reqtrace.panel.content import NEAREST
from reqtrace.reading import neighbours
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Frame, Side, User, Writer
from reqtrace.stores.base import Item
from tests import views
from tests.conftest import Tracing
from tests.settings import MIDDLEWARE

Start = Callable[..., Tracing]
PANEL = "reqtrace.panel.RequestTracePanel"


def page(request: HttpRequest) -> HttpResponse:
    """Answer with a page into which the toolbar puts itself; with `?who` ask for the user first."""
    if "who" in request.GET:
        str(request.user)
    return HttpResponse("<html><body>page</body></html>")


async def slow_page(request: HttpRequest) -> HttpResponse:
    """Answer with a page after a moment on the event loop."""
    await asyncio.sleep(0.05)
    return HttpResponse("<html><body>page</body></html>")


holding: HttpRequest | None = None


@pytest.fixture(autouse=True)
def nothing_is_held() -> Iterator[None]:
    """Forget what the forgetful page kept."""
    yield
    global holding
    holding = None


def forgetful_page(request: HttpRequest) -> HttpResponse:
    """Keep the request for ever."""
    global holding
    holding = request
    return HttpResponse("<html><body>page</body></html>")


urlpatterns = [
    path("page/", page),
    path("forgetful-page/", forgetful_page),
    path("slow-page/", slow_page),
    path("slow-async/", views.slow_async),
    path("__debug__/", include("debug_toolbar.urls")),
]


@pytest.fixture(autouse=True)
def toolbar(settings: SimpleNamespace) -> Iterator[None]:
    """Switch the toolbar on, with our panel and the one that renders what was stored."""
    settings.DEBUG = True
    settings.INTERNAL_IPS = ["127.0.0.1"]
    settings.MIDDLEWARE = [MIDDLEWARE[0], "debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE[1:]]
    settings.DEBUG_TOOLBAR_PANELS = ["debug_toolbar.panels.history.HistoryPanel", PANEL]
    # As outside of tests: the toolbar shows itself, and stores what panels have recorded.
    settings.DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False}
    settings.ROOT_URLCONF = __name__
    _forget_settings()
    yield
    get_store().clear()
    _forget_settings()


def _forget_settings() -> None:
    toolbar_settings.get_config.cache_clear()
    toolbar_settings.get_panels.cache_clear()
    show_toolbar_func_or_path.cache_clear()
    exclusions.prefixes.cache_clear()
    clear_url_caches()
    DebugToolbar._panel_classes = None


def _stored(index: int = -1) -> tuple[str, RequestTracePanel]:
    """Return the id of a toolbar that was stored, and our panel as any process would get it."""
    id_ = list(get_store().request_ids())[index]
    stored = StoredDebugToolbar.from_store(id_, RequestTracePanel.panel_id)
    panel = stored.get_panel_by_id(RequestTracePanel.panel_id)
    assert isinstance(panel, RequestTracePanel)
    return id_, panel


def _opened(id_: str) -> str:
    """Open the panel as the browser does, and return its text."""
    answer = Client().get("/__debug__/render_panel/", {"request_id": id_, "panel_id": "RequestTracePanel"})
    assert answer.status_code == 200
    return _text(answer.json()["content"])


def _groups(text: str) -> list[str]:
    """Return what the panel says of the requests before, at once and after."""
    return re.split(r"(?:Before|At once with|After) it on its thread", text)[1:]


def _text(markup: str) -> str:
    without_picture = re.sub(r"<title>.*?</title>", "", markup)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without_picture)).split())


@pytest.mark.django_db
def test_the_page_says_whose_request_it_is_and_the_panel_where_it_ran(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    client.force_login(Account.objects.create_user("alice"))
    answer = client.get("/page/?who")
    assert "alice on a thread that has handled no other request" in _text(answer.content.decode())
    request = traced.request()
    text = _opened(_stored()[0])
    assert "User alice" in text
    assert f"pid {request.pid}: " in text
    assert f"thread {request.thread_serial} of the process, {request.thread_name}" in text
    assert f"native id {request.native_thread_id}" in text
    assert request.id in text


def test_the_panel_names_the_request_as_the_store_does(tracing: Start) -> None:
    traced = tracing()
    Client().get("/page/")
    recorded = _stored()[1].get_stats()["recorded"]
    assert recorded["request"]["id"] == traced.request().id
    assert recorded["request"]["outcome"] == "open"


def test_neighbours_on_the_thread_are_listed_before_and_after(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    for name in ("early", "chosen", "late"):
        client.get(f"/page/{'' if name == 'chosen' else '?' + name}")
    traced.recorder.shipper.ship()
    text = _opened(_stored(1)[0])
    before, at_once, after = _groups(text)
    assert before.count("GET /page/") == 1
    assert "-" in before
    assert at_once.strip() == "None."
    assert after.count("GET /page/") == 1
    assert "+" in after
    assert "handles requests one after another" in text
    assert "Requests so far: 3; users: 0; most in flight: 1." in text


def test_neighbours_that_do_not_fit_are_counted(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    for _ in range(NEAREST + 4):
        client.get("/page/")
    traced.recorder.shipper.ship()
    assert "And 3 more." in _opened(_stored()[0])


async def test_neighbours_that_were_in_flight_at_once_are_listed(tracing: Start) -> None:
    traced = tracing()
    client = AsyncClient()
    await asyncio.gather(client.get("/slow-page/"), *(client.get("/slow-async/?seconds=0.05") for _ in range(2)))
    traced.recorder.shipper.ship()
    texts = [_text(_stored(index)[1].content) for index in range(3)]
    (text,) = [text for text in texts if text.count("GET /slow-async/") == 2]
    _, at_once, _ = _groups(text)
    assert at_once.count("GET /slow-async/") == 2
    assert "handles several requests at once" in text
    assert re.search(r"Task task \d+ of the process, Task-", text)


async def test_a_sync_view_under_asgi_is_shown_with_both_its_threads(tracing: Start) -> None:
    traced = tracing()
    await AsyncClient().get("/page/")
    request = traced.request()
    assert len(request.hops) == 2
    text = _text(_stored()[1].content)
    assert f"thread {request.hops[1].thread_serial} of the process" in text
    assert re.search(r"0\.000 ms start .* ms view ", text)


def test_what_was_recorded_is_shown_while_the_store_is_away(tracing: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    traced = tracing()
    Client().get("/page/")
    request = traced.request()

    def away(*_: object) -> None:
        raise StoreUnavailable("It is being moved.")

    monkeypatch.setattr(traced.store, "get", away)
    id_, panel = _stored()
    assert panel.title == "Request trace"
    text = _opened(id_)
    assert "It is being moved." in text
    assert request.id in text
    assert traced.recorder.faults.count == 0


def test_nothing_of_the_request_is_needed_to_show_it_again(tracing: Start) -> None:
    tracing()
    Client().get("/page/")
    id_, panel = _stored()
    assert panel.toolbar.request is None
    assert panel.enabled
    assert panel.nav_subtitle == "user never asked for on a thread that has handled no other request"
    answer = Client().get("/__debug__/history_sidebar/", {"request_id": id_, "exclude_history": "on"})
    assert "Request trace" in answer.json()["RequestTracePanel"]["button"]


@pytest.mark.django_db
def test_the_panel_asks_nothing_of_the_request(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    client.force_login(Account.objects.create_user("alice"))
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/page/")
    assert len(queries) == 0
    assert "Vary" not in answer.headers
    assert "user never asked for" in _text(answer.content.decode())
    assert traced.request().user.state == "unresolved"


def test_the_panel_opened_with_the_page_shows_what_is_known_by_then(tracing: Start, settings: SimpleNamespace) -> None:
    settings.DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False, "RENDER_PANELS": True}
    _forget_settings()
    traced = tracing()
    client = Client()
    client.get("/page/")
    traced.recorder.shipper.ship()
    text = _text(client.get("/page/").content.decode())
    assert traced.requests()[-1].id in text
    assert "Before it on its thread Began Request User Status Took" in text


def test_findings_of_the_request_are_counted_in_the_title_and_listed(tracing: Start) -> None:
    traced = tracing()
    Client().get("/page/")
    request = traced.request()
    for number, of in enumerate((request.id, "another")):
        finding = Finding(
            id=str(number),
            request=of,
            kind="crossed",
            level="leak",
            checkpoint="view",
            at_ns=1,
            holder="shop.middleware._thread_locals.request",
            holder_kind="threading.local",
            expected=Side(),
            observed=Side("another", User("authenticated", "2", "bob")),
            writer=Writer("earlier"),
            stack=[Frame("shop/views.py", 7, "home")],
            message=f"Holder {number} names <another> request.",
            fix="Keep it on the request.",
            group="g",
        )
        traced.store.append([Item.of(finding)])
    id_, panel = _stored()
    assert panel.title == "Request trace: 1 finding"
    text = _opened(id_)
    assert "Holder 0 names <another> request." in text
    assert "Holder 1" not in text
    assert "shop.middleware._thread_locals.request (threading.local), checkpoint view, after 0.000 ms" in text
    assert "How to mend it Keep it on the request." in text
    assert "Observed bob request another" in text
    assert "Written by request earlier" in text
    assert "shop/views.py:7 home" in text
    assert "&lt;another&gt;" in panel.content


def test_findings_stand_in_the_page_itself_with_their_count_on_red(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.holding"])
    Client().get("/forgetful-page/")
    page_ = Client().get("/forgetful-page/").content.decode()
    assert re.search(r'fill="#c62828"/><text [^>]+>1</text></svg> Request trace: 1 finding', page_)
    kinds = [finding["kind"] for finding in _stored()[1].get_stats()["recorded"]["findings"]]
    traced.recorder.shipper.ship()
    of_both = [finding.kind for finding in Reader(traced.store).findings()]
    assert kinds == of_both[-1:] == ["leftover"]


def test_the_panel_says_whom_each_holder_named_at_each_checkpoint(tracing: Start) -> None:
    tracing(HOLDERS=[f"{__name__}.holding"])
    client = Client()
    client.get("/forgetful-page/")
    client.get("/forgetful-page/")
    text = _text(_stored()[1].content)
    assert "Holder start view view-end" in text
    assert f"{__name__}.holding somebody else somebody else this request" in text


@pytest.mark.parametrize("mount", ["https://traces.test/reqtrace/", "/reqtrace/", ""])
def test_the_panel_leads_to_the_live_page_where_its_address_is_known(
    tracing: Start, monkeypatch: pytest.MonkeyPatch, mount: str
) -> None:
    traced = tracing(DASHBOARD_URL=mount if mount.startswith("https") else "")
    if mount == "/reqtrace/":
        monkeypatch.setattr(sys.modules[__name__], "urlpatterns", [*urlpatterns, path("reqtrace/", include(dashboard))])
        clear_url_caches()
    Client().get("/page/")
    content = _stored()[1].content
    link = f'<a href="{mount}#request={traced.request().id}">'
    assert (link in content, "manage.py reqtrace dashboard" in content) == (bool(mount), not mount)


@pytest.mark.parametrize("viewer", ["https://jaeger.test/trace/{trace_id}", None])
def test_the_panel_leads_to_the_trace_viewer_where_the_request_came_with_a_trace(
    tracing: Start, viewer: str | None
) -> None:
    tracing(TRACE_URL=viewer)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    Client().get("/page/", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    link = f'<a href="https://jaeger.test/trace/{trace_id}" target="_blank" rel="noopener noreferrer">'
    assert (link in _stored()[1].content) == (viewer is not None)
    Client().get("/page/")
    assert "jaeger" not in _stored()[1].content


async def test_requests_in_flight_meanwhile_are_named_since_other_panels_record_them_too(tracing: Start) -> None:
    traced = tracing()
    client = AsyncClient()
    await asyncio.gather(client.get("/slow-page/"), client.get("/slow-async/?seconds=0.05"))
    traced.recorder.shipper.ship()
    text = next(text for index in range(2) if "GET /slow-async/" in (text := _text(_stored(index)[1].content)))
    assert "1 other request was in flight in this process meanwhile." in text
    assert "may belong to another one" in text


def test_a_request_that_is_not_traced_is_told_so(tracing: Start) -> None:
    traced = tracing(IGNORE_PATHS=["/page/"])
    answer = Client().get("/page/")
    assert "not traced" in _text(answer.content.decode())
    assert "This request was not traced." in _opened(_stored()[0])
    assert traced.requests() == []


def test_the_toolbars_own_requests_are_not_traced(tracing: Start) -> None:
    traced = tracing()
    Client().get("/page/")
    _opened(_stored()[0])
    assert [request.path for request in traced.requests()] == ["/page/"]


def test_a_fault_while_the_page_is_made_spares_it_and_is_counted(
    tracing: Start, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = tracing().recorder
    faulty.append(recorder)
    monkeypatch.setattr(recorder.ledger, "request", lambda opened: 1 / 0)
    answer = Client().get("/page/")
    assert "not traced" in _text(answer.content.decode())
    assert recorder.faults.count == 1
    assert "ZeroDivisionError" in str(recorder.faults.last)


def test_a_fault_while_the_panel_is_opened_leaves_what_was_recorded_and_is_counted(
    tracing: Start, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing()
    faulty.append(traced.recorder)
    Client().get("/page/")
    monkeypatch.setattr(neighbours, "of", lambda reader, request: 1 / 0)
    text = _opened(_stored()[0])
    assert "division by zero" in text
    assert traced.request().id in text
    assert traced.recorder.faults.count == 1


def test_stats_of_another_version_are_not_shown(tracing: Start, faulty: list[Recorder]) -> None:
    traced = tracing()
    faulty.append(traced.recorder)
    Client().get("/page/")
    id_, _ = _stored()
    get_store().save_panel(id_, RequestTracePanel.panel_id, {"recorded": {"request": "of long ago"}})
    assert _stored()[1].nav_subtitle == "not traced"
    assert "toolbar panel" in str(traced.recorder.faults.last)
