"""A cookie that signs bob in as alice.

A response that is always the same is made once and used again, to save time. But middleware write on responses:
SessionMiddleware sets alice's session cookie on it, as her session was saved. When bob gets the same object, he gets
her cookie, too. The page looks right; from the next click on he is alice.

A response is made for one request, and costs a few microseconds.
"""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.visit import Visit

READY_MADE = HttpResponse("Your basket is safe with us.")


@login_required
def ready_made(request: HttpRequest) -> HttpResponse:
    """Put something into the basket, and answer with what was made before."""
    if "put" in request.GET:
        request.session["tour-basket"] = request.GET["put"]
    return READY_MADE


@login_required
def freshly_made(request: HttpRequest) -> HttpResponse:
    """Put something into the basket, and answer."""
    if "put" in request.GET:
        request.session["tour-basket"] = request.GET["put"]
    return HttpResponse("Your basket is safe with us.")


def who(request: HttpRequest) -> HttpResponse:
    """Say who is signed in."""
    return HttpResponse(f"You are {request.user.get_username()}.")


def traffic(visit: Visit) -> None:
    """Let alice put tea into her basket; then bob looks at his, and at who he is."""
    alice, bob = visit.person("alice"), visit.person("bob")
    visit.opens(alice, put="tea")
    visit.opens(bob)
    visit.opens(alice, "who/")
    visit.opens(bob, "who/")


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="gunicorn",
    kind="session-crossed",
    broken=Way(pages={"": ready_made, "who/": who}, code=(ready_made,)),
    mended=Way(pages={"": freshly_made, "who/": who}, code=(freshly_made,)),
    traffic=traffic,
    code=(who,),
    proof=("{way}?put=tea", "{way}"),
)
