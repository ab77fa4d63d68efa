"""Mix-ups from the field on real servers: found from the first crossing on, cold and settled, and none of the clean."""

import time

import pytest

from demo.lab.field.declared import HOLDERS
from demo.lab.field.drive import SETTLING_SECONDS, serving
from demo.lab.field.urls import KINDS

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("server", "is_settled"),
    [
        # Right after a start the first look must come by in time, which takes a machine with nothing else to do.
        pytest.param("gthread", False, marks=pytest.mark.long),
        ("gthread", True),
        pytest.param("uvicorn", False, marks=pytest.mark.long),
    ],
    ids=["gthread-cold", "gthread-settled", "uvicorn-cold"],
)
@pytest.mark.parametrize("name", KINDS)
def test_who_is_taken_for_another_is_found_at_once_and_nobody_else(name: str, server: str, is_settled: bool) -> None:
    kind = KINDS[name]
    with serving(server, **({"FIELD_DECLARED": " ".join(HOLDERS)} if kind.is_declared else {})) as field:
        if is_settled:
            field.visit(kind, "clean", times=4)
            time.sleep(SETTLING_SECONDS)
        field.visit(kind, "clean")
        field.visit(kind, "broken")
        if not kind.tells_each:
            time.sleep(SETTLING_SECONDS)
            field.visit(kind, "broken")
        outcomes = field.outcomes()
    broken, clean = outcomes["broken"], outcomes["clean"]
    assert broken.mixed
    missed = broken.missed(kind.findings)
    assert missed == set() if kind.tells_each else missed < broken.mixed
    assert kind.at_once > 1 or broken.false() == []
    assert clean.mixed == set()
    assert [finding for findings in clean.findings.values() for finding in findings] == []
