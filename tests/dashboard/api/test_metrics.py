"""What monitoring is told of reqtrace itself."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reqtrace.exceptions import StoreUnavailable
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore
from tests.dashboard import samples

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def store():
    store = MemoryStore()
    with registry.replaced(store):
        yield store


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


def metrics_of(client):
    answer = client.get("/reqtrace/api/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    return {
        (sample.name, sample.labels.get("process"), sample.labels.get("level")): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def fill(store):
    first, second = samples.process(1), samples.process(2)
    first.requests, first.dropped, first.outages, first.outage_ns, first.trim_ns = 40, 3, 2, 1_500_000_000, 250_000_000
    first.leaks, first.hazards, first.waiting, first.sampled_out = 1, 4, 17, 6
    second.ended_ns = 1
    samples.append(store, [first, second, samples.measurement(1)])
    samples.append(
        store, [samples.finding(1, "p1-1"), samples.finding(2, "p1-2", level="hazard"), samples.finding(3, "p9-1")]
    )


def test_each_process_has_its_own_figures(staff, store):
    fill(store)
    found = metrics_of(staff)
    assert found["reqtrace_requests_total", "p1", None] == 40
    assert found["reqtrace_requests_dropped_total", "p1", None] == 3
    assert found["reqtrace_outages_total", "p1", None] == 2
    assert found["reqtrace_outage_seconds_total", "p1", None] == 1.5
    assert found["reqtrace_trim_seconds_total", "p1", None] == 0.25
    assert found["reqtrace_leaks_total", "p1", None] == 1
    assert found["reqtrace_hazards_total", "p1", None] == 4
    assert found["reqtrace_waiting", "p1", None] == 17
    assert found["reqtrace_requests_sampled_out", "p1", None] == 6
    assert found["reqtrace_requests_total", "p2", None] == 0
    assert [found["reqtrace_ended", process, None] for process in ("p1", "p2")] == [0, 1]
    assert [found["reqtrace_findings", "p1", level] for level in ("leak", "hazard", "notice")] == [1, 1, 0]
    assert found["reqtrace_findings", "p9", "leak"] == 1
    assert found["reqtrace_requests_in_flight", "p1", None] == samples.measurement(1).requests_in_flight


def test_health_names_processes_and_what_is_wrong(staff, store, settings):
    fill(store)
    settings.REQTRACE = settings.REQTRACE | {"RETAIM": 1}
    answer = staff.get("/reqtrace/api/health")
    told = answer.json()
    assert (answer.status_code, told["store"], [one["id"] for one in told["processes"]]) == (200, "ok", ["p2", "p1"])
    asked = ("requests", "leaks", "hazards", "waiting", "dropped", "outages", "outage_ns", "trim_ns")
    assert [told["processes"][1][name] for name in asked] == [40, 1, 4, 17, 3, 2, 1_500_000_000, 250_000_000]
    assert "RETAIM" in told["problems"][0]


@pytest.mark.parametrize("door", ["health", "metrics"])
def test_a_store_that_does_not_answer_is_a_503_of_both(staff, store, monkeypatch, door):
    def fail(*_):
        raise StoreUnavailable("The store does not answer.")

    monkeypatch.setattr(store, "read_back", fail)
    answer = staff.get(f"/reqtrace/api/{door}")
    assert answer.status_code == 503
    assert "The store does not answer." in answer.content.decode()


def test_every_metric_that_the_documents_name_exists(staff, store):
    fill(store)
    known = {name for name, _, _ in metrics_of(staff)}
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    asked += " " + (DOCS / "reference.md").read_text()
    assert {
        name
        for name in re.findall(r"\breqtrace_[a-z_]+", asked)
        if not name.startswith(("reqtrace_finding_", "reqtrace_allow", "reqtrace_capture"))
    } - {"reqtrace_dashboard"} <= known | {"reqtrace_finding"}


def test_the_documents_name_every_metric_and_grafana_shows_what_is_to_be_watched(staff, store):
    fill(store)
    reference, shown = (DOCS / "reference.md").read_text(), (DOCS / "grafana-dashboard.json").read_text()
    assert [name for name, _, _ in metrics_of(staff) if f"`{name}`" not in reference] == []
    watched = ("requests_total", "leaks_total", "hazards_total", "waiting", "requests_dropped_total")
    for name in (*watched, "outage_seconds_total", "trim_seconds_total"):
        assert f"reqtrace_{name}" in shown
