"""Who is said to keep an object, and of what is it said that nobody keeps it."""

import functools
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from weakref import ref

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.utils import inspect as django_inspect

from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.discovery import Discovery
from reqtrace.watching.holders.ways import keeper_of

HERE = "tests.watching.holders.test_ways"
kept: list[object] = []
local = threading.local()


class Service:
    """An object made once."""

    by_path: ClassVar[dict[str, object]] = {}
    last: object = None


class Slotted:
    """An object without a dict."""

    __slots__ = ("__weakref__", "last")
    last: object


class Keeping:
    """A middleware that keeps the last request, and that no module knows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response
        self.last: object = None


service, slotted = Service(), Slotted()


@functools.lru_cache(maxsize=8)
def remembered(request: object) -> str:
    return "remembered"


def closing_over(request: object) -> Callable[[], object]:
    return lambda: request


def fail(request: object) -> None:
    raise ValueError("as asked")


def keep_traceback(request: object) -> None:
    try:
        fail(request)
    except ValueError as error:
        kept.append(error)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    kept.clear()
    Service.by_path.clear()
    service.__dict__.clear()
    slotted.last = None
    remembered.cache_clear()
    local.__dict__.clear()
    django_inspect._get_func_parameters.cache_clear()


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    found: list[Holder] = []
    discovery = Discovery(found.append, lambda holders: None)
    while not discovery.search():
        pass
    return discovery


@pytest.fixture
def request_() -> HttpRequest:
    return RequestFactory().get("/plain/")


KEEPERS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a list of a module": (kept.append, f"{HERE}.kept"),
    "a dict of a class": (lambda request: Service.by_path.__setitem__("/", request), f"{HERE}.Service.by_path"),
    "a class": (lambda request: setattr(Service, "last", request), f"{HERE}.Service.last"),
    "an instance": (lambda request: setattr(service, "last", request), f"{HERE}.Service(instance).last"),
    "an instance in a list": (
        lambda request: kept.append([Keeping(request)]),
        f"{HERE}.Keeping(instance).get_response",
    ),
    "an instance without a dict": (lambda request: setattr(slotted, "last", request), f"{HERE}.Slotted(instance)"),
    "a thread-local": (lambda request: setattr(local, "request", request), f"{HERE}.local.request"),
    "a cache": (remembered, f"{HERE}.remembered"),
    "a closure": (lambda request: kept.append(closing_over(request)), f"{HERE}.closing_over.<locals>.<lambda>"),
    "a traceback": (keep_traceback, f"{HERE}.kept"),
    "a response that is kept": (
        lambda request: kept.append(TemplateResponse(request, "who.html")),
        f"{HERE}.kept",
    ),
}


@pytest.mark.parametrize("keeper", KEEPERS)
def test_a_keeper_is_named_by_the_place_nearest_to_what_it_keeps(
    discovery: Discovery, request_: HttpRequest, keeper: str
) -> None:
    keep, path = KEEPERS[keeper]
    keep(request_)
    found = keeper_of(request_, discovery)
    assert found is not None
    assert found.path == path


def test_a_middleware_is_a_keeper_though_no_module_knows_it(request_: HttpRequest) -> None:
    layer = Keeping(lambda request: HttpResponse("x"))
    discovery = Discovery(lambda holder: None, lambda holders: None)
    discovery.entry = layer
    while not discovery.search():
        pass
    assert keeper_of(request_, discovery) is None
    layer.last = request_
    found = keeper_of(request_, discovery)
    assert found is not None
    assert found.path == f"{HERE}.Keeping(instance).last"


IN_HAND: dict[str, Callable[[HttpRequest], object]] = {
    "a response that somebody looks at": lambda request: TemplateResponse(request, "who.html"),
    "an object of the application's that somebody works with": lambda request: Keeping(request),  # type: ignore[arg-type]
    "a generator that somebody goes through": lambda request: (part for part in [request]),
    "one of Django's own caches": lambda request: django_inspect.get_func_args(
        functools.partial(closing_over, request)
    ),
}


@pytest.mark.parametrize("hand", IN_HAND)
def test_what_no_module_of_the_applications_leads_to_is_not_kept(
    discovery: Discovery, request_: HttpRequest, hand: str
) -> None:
    held = IN_HAND[hand](request_)
    assert keeper_of(request_, discovery) is None
    del held


def test_garbage_that_waits_to_be_collected_is_not_kept(discovery: Discovery) -> None:
    gc.disable()
    try:
        cycle: list[object] = [RequestFactory().get("/plain/")]
        cycle.append(cycle)
        request = ref(cycle[0])
        del cycle
        assert request() is not None
        assert keeper_of(request(), discovery) is None
    finally:
        gc.enable()
    gc.collect()
    assert request() is None
