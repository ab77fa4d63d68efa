"""The tour's scenarios: each broken way is refuted, each mended one holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test.utils import override_settings

from demo import proving
from demo.scenarios import SCENARIOS
from demo.scenarios.base import Scenario
from tests.programs import ROOT, run_program

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
SECONDS = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Prepare the demo's shop in a folder of its own."""
    folder = tmp_path_factory.mktemp("shop")
    environment = {"DJANGO_SETTINGS_MODULE": "demo.settings", "DEMO_VAR": str(folder)}
    prepare = "import django; django.setup(); from django.core.management import call_command; call_command('prepare')"
    run_program(prepare, **environment)
    with pytest.MonkeyPatch.context() as patch, override_settings(BASE_DIR=ROOT):
        for name, value in environment.items():
            patch.setenv(name, value)
        yield folder


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_broken_way_is_refuted_and_the_mended_one_holds(shop: Path, scenario: Scenario) -> None:
    proofs = proving.prove(scenario, SECONDS)
    assert (proofs["broken"].verdict, proofs["mended"].verdict) == ("leaks", "holds"), proofs
