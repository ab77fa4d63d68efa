"""The tour: tells how identities get mixed up, and sends the traffic that shows it."""

import threading
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import httpx
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_safe
from websockets.exceptions import WebSocketException

from demo.proving import Proof, prove
from demo.scenarios import SCENARIOS
from demo.scenarios.base import Scenario, WayName
from demo.scenarios.visit import PEOPLE, signed_in
from demo.scenarios.walk import Outcome, walk
from reqtrace.stores import registry

_walking = threading.Lock()


@cache
def sessions(server: str) -> dict[str, httpx.Cookies]:
    """Sign alice and bob in, once for all walks."""
    return signed_in(server, PEOPLE[:2], settings.PASSWORD)


@require_safe
def tour(request: HttpRequest) -> HttpResponse:
    """Tell all of it."""
    return _page(request)


@require_http_methods(["GET", "POST"])
def walk_through(request: HttpRequest, name: str) -> HttpResponse:
    """Send one scenario's traffic, and show on the same page what came of it."""
    scenario = _scenario(name)
    if request.method == "GET":  # the address stays in the browser after a walk
        return redirect(f"{reverse('tour')}#{name}")
    server = settings.TOUR_SERVERS.get(scenario.server)
    if server is None:
        return _page(request, name, trouble=f"There is no {scenario.server} to send traffic to: make demo starts one.")
    try:
        with _walking:
            outcomes = walk(scenario, server, registry.store(), sessions(server))
    except (OSError, LookupError, httpx.HTTPError, WebSocketException) as error:
        return _page(request, name, trouble=f"The walk through {server} came to nothing: {error}")
    return _page(request, name, outcomes)


@require_http_methods(["GET", "POST"])
def prove_it(request: HttpRequest, name: str) -> HttpResponse:
    """Prove both ways of a scenario, and show on the same page what came of it."""
    scenario = _scenario(name)
    if request.method == "GET":
        return redirect(f"{reverse('tour')}#{name}")
    try:
        proofs = prove(scenario)
    except LookupError as error:
        return _page(request, name, trouble=f"The proof came to nothing: {error}")
    return _page(request, name, proofs=proofs)


def _scenario(name: str) -> Scenario:
    scenario = next((scenario for scenario in SCENARIOS if scenario.name == name), None)
    if scenario is None:
        raise Http404(f"There is no scenario {name!r}.")
    return scenario


def _page(
    request: HttpRequest,
    name: str = "",
    outcomes: Mapping[WayName, Outcome] = MappingProxyType({}),
    trouble: str = "",
    proofs: Mapping[WayName, Proof] = MappingProxyType({}),
) -> HttpResponse:
    told = [
        {
            "scenario": scenario,
            "trouble": trouble if scenario.name == name else "",
            "ways": _ways(scenario, name, outcomes, proofs),
        }
        for scenario in SCENARIOS
    ]
    return render(request, "tour/tour.html", {"told": told, "live": reverse("reqtrace_dashboard:page")})


def _ways(
    scenario: Scenario, name: str, outcomes: Mapping[WayName, Outcome], proofs: Mapping[WayName, Proof]
) -> list[dict[str, object]]:
    ways: list[dict[str, object]] = []
    for way_name, way in scenario.ways.items():
        outcome = outcomes.get(way_name) if scenario.name == name else None
        found = outcome.told(scenario.kind) if outcome else []
        shown = {"outcome": outcome, "first": found[:1], "others": found[1:]}
        proof = proofs.get(way_name) if scenario.name == name else None
        ways.append({"name": way_name, "way": way, "proof": proof, **shown})
    return ways


urlpatterns: list[URLPattern] = [
    path("", tour, name="tour"),
    path("<slug:name>/", walk_through, name="tour-walk"),
    path("<slug:name>/prove/", prove_it, name="tour-prove"),
]
