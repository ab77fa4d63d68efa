"""A page out of the cache that was made for somebody else.

cache_page keeps what the view returns. That the page depends on the session is only said further out, when
SessionMiddleware adds Vary: Cookie on its way back: too late, the page is in the cache by then, without it, and is
everybody's for a minute.

Said by the view itself, with vary_on_cookie, it counts: now the cache keeps one page for each session.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_cookie

from demo.scenarios.base import Scenario, Way
from demo.scenarios.visit import Visit


@cache_page(60)
def everybodys_page(request: HttpRequest) -> HttpResponse:
    """Show somebody's voucher, and keep the page for all."""
    return HttpResponse(f"A voucher for {request.user.get_username()}: 20 €.")


@cache_page(60)
@vary_on_cookie
def ones_own_page(request: HttpRequest) -> HttpResponse:
    """Show somebody's voucher, and keep the page for them."""
    return HttpResponse(f"A voucher for {request.user.get_username()}: 20 €.")


def traffic(visit: Visit) -> None:
    """Let alice open the page, then bob."""
    visit.opens(visit.person("alice"))
    visit.opens(visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="gunicorn",
    kind="response-crossed",
    broken=Way(pages={"": everybodys_page}, code=(everybodys_page,)),
    mended=Way(pages={"": ones_own_page}, code=(ones_own_page,)),
    traffic=traffic,
)
