"""Language, time zone and a connection's tenant that an earlier request has set, and that no code of this one sets."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from reqtrace.capture.carrying import current
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.conftest import Tracing, close

Layer = Callable[[HttpRequest], object]
LANGUAGE = "django.utils.translation.trans_real._active.value"
ZONE = "django.utils.timezone._active.value"


@pytest.fixture(autouse=True)
def _clean_up() -> Iterator[None]:
    before = translation.get_language()
    yield
    translation.activate(before)
    timezone.deactivate()
    for name in ("tenant", "schema_name"):
        vars(connections["default"]).pop(name, None)


@pytest.fixture
def traced(tracing: Callable[..., Tracing]) -> Tracing:
    translation.deactivate()
    return tracing()


def nothing(request: HttpRequest) -> None:
    """Set nothing."""


def serve(traced: Tracing, number: int, on_the_way_in: Layer = nothing, view: Layer = nothing) -> None:
    def layers(request: HttpRequest) -> HttpResponse:
        request.user = User(pk=number, username=f"person{number}")  # type: ignore[assignment]
        opened = current()
        assert opened is not None
        on_the_way_in(request)
        place = traced.recorder.enter_view(opened)
        view(request)
        traced.recorder.leave_view(opened, place)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def found(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)


@pytest.mark.parametrize(
    ("holder", "put"),
    [
        (LANGUAGE, lambda request: translation.activate("de")),
        (ZONE, lambda request: timezone.activate("Asia/Tokyo")),
    ],
)
@pytest.mark.parametrize("where", ["on_the_way_in", "view"])
def test_what_is_set_for_some_is_left_over_for_the_others_with_who_left_it(
    traced: Tracing, holder: str, put: Layer, where: str
) -> None:
    serve(traced, 1, **{where: put})
    serve(traced, 2)
    (finding,) = found(traced)
    assert (finding.kind, finding.level, finding.checkpoint, finding.holder) == (
        "leftover",
        "hazard",
        "view-end",
        holder,
    )
    assert (finding.expected.user.label, finding.observed.user.label) == ("person2", "person1")
    assert finding.writer is not None
    assert finding.writer.request == traced.requests()[0].id


def test_what_every_request_sets_is_none_also_where_it_sets_the_same(traced: Tracing) -> None:
    for number, language in ((1, "de"), (2, "de"), (3, "en"), (1, "en")):
        serve(traced, number, lambda request, language=language: translation.activate(language))  # type: ignore[misc]
    assert found(traced) == []


def test_a_view_that_sets_it_itself_is_none(traced: Tracing) -> None:
    serve(traced, 1, view=lambda request: translation.activate("de"))
    serve(traced, 2, view=lambda request: translation.activate("fr"))
    assert found(traced) == []


def test_an_override_leaves_the_default_and_that_is_none(traced: Tracing) -> None:
    def override(request: HttpRequest) -> None:
        with translation.override("de"), timezone.override("Asia/Tokyo"):
            pass

    serve(traced, 1, view=override)
    serve(traced, 2)
    assert found(traced) == []


def test_ones_own_language_from_before_and_what_the_process_began_with_are_none(traced: Tracing) -> None:
    translation.activate("fr")
    serve(traced, 1)
    serve(traced, 2)
    serve(traced, 1, lambda request: translation.activate("de"))
    serve(traced, 1)
    assert found(traced) == []


class Tenant:
    """Whose data are seen."""

    def __init__(self, name: str) -> None:
        """Bear a name."""
        self.schema_name = name


def enter(tenant: Tenant) -> None:
    """Put a tenant on the connection, as django-tenants does."""
    vars(connections["default"]).update(tenant=tenant, schema_name=tenant.schema_name)


def by_hand(request: HttpRequest) -> None:
    """Put the name of a schema there."""
    vars(connections["default"])["schema_name"] = f"of_{request.user.pk}"


@pytest.mark.parametrize(
    ("put", "names"),
    [(by_hand, {"schema_name"}), (lambda request: enter(Tenant(f"of_{request.user.pk}")), {"tenant", "schema_name"})],
    ids=["by hand", "as libraries do"],
)
@pytest.mark.parametrize("where", ["on_the_way_in", "view"])
def test_a_tenant_that_stays_on_the_connection_is_left_over(
    traced: Tracing, put: Layer, names: set[str], where: str
) -> None:
    serve(traced, 1, **{where: put})
    serve(traced, 2)
    findings = found(traced)
    assert {(item.kind, item.level, item.checkpoint) for item in findings} == {("leftover", "hazard", "view-end")}
    assert {item.holder for item in findings} == {f"django.db.connections[default].{name}" for name in names}
    assert {(item.expected.user.label, item.observed.user.label) for item in findings} == {("person2", "person1")}


def test_a_tenant_that_every_request_sets_or_that_is_public_or_ones_own_is_none(traced: Tracing) -> None:
    cached = {name: Tenant(name) for name in ("acme", "globex")}
    for number, name in ((1, "acme"), (2, "acme"), (3, "globex"), (2, "globex")):
        serve(traced, number, lambda request, name=name: enter(cached[name]))  # type: ignore[misc]
    for number in (1, 2):
        serve(traced, number, by_hand)
        serve(traced, number)
    serve(traced, 1, lambda request: enter(Tenant("public")))
    serve(traced, 2)
    assert found(traced) == []


def test_a_tenant_that_a_cache_holds_may_have_been_set_anew(traced: Tracing) -> None:
    acme = Tenant("acme")
    serve(traced, 1, lambda request: enter(acme))
    serve(traced, 2)
    assert found(traced) == [], "nobody can tell"
