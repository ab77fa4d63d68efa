"""Mix-ups from the field on real servers: found from the first crossing on, cold and settled, and none of the clean."""

import time

import pytest

from demo.lab.field.declared import HOLDERS
from demo.lab.field.drive import SETTLING_SECONDS, serving
from demo.lab.field.urls import KINDS

pytestmark = pytest.mark.server
ALWAYS = ("kept-in-module", "kept-in-class", "kept-in-object", "set-when-used")
"""Tried with each run of the tests, by the server that keeps its threads; all others take long together."""


@pytest.mark.parametrize(
    ("server", "is_settled"),
    [
        ("gthread", False),
        pytest.param("gthread", True, marks=pytest.mark.long),
        pytest.param("uvicorn", False, marks=pytest.mark.long),
    ],
    ids=["gthread-cold", "gthread-settled", "uvicorn-cold"],
)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in KINDS]
)
def test_who_is_taken_for_another_is_found_at_once_and_nobody_else(name: str, server: str, is_settled: bool) -> None:
    kind = KINDS[name]
    if server == "uvicorn" and kind.of_threads:
        pytest.skip("an ASGI server keeps no thread for the next request")
    with serving(server, **({"FIELD_DECLARED": " ".join(HOLDERS)} if kind.is_declared else {})) as field:
        if is_settled:
            field.visit(kind, "clean", times=4)
            time.sleep(SETTLING_SECONDS)
        field.visit(kind, "clean")
        field.visit(kind, "broken")
        if not kind.tells_each:  # what a look has not come to in its time is looked at beside the requests
            time.sleep(SETTLING_SECONDS)
            field.visit(kind, "broken")
        outcomes = field.outcomes()
    broken, clean = outcomes[name, "broken"], outcomes[name, "clean"]
    assert broken.mixed or kind.is_sound
    missed = broken.missed(kind.findings)
    if kind.is_seen and kind.tells_each:
        assert missed == set()
    elif kind.is_seen:
        assert missed < broken.mixed
    assert kind.at_once > 1 or broken.false() == []
    if not kind.is_seen:
        assert [
            finding for findings in broken.findings.values() for finding in findings if finding.level == "leak"
        ] == []
    assert clean.mixed == set()
    assert {finding.kind for findings in clean.findings.values() for finding in findings} <= kind.allowed
