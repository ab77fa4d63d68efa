"""Every scenario of the tour on its real server: the broken way is found out, the mended one is clean."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from httpx import Cookies

from demo.scenarios import SCENARIOS
from demo.scenarios.base import Scenario
from demo.scenarios.visit import PEOPLE, signed_in
from demo.scenarios.walk import walk
from demo.servers import addresses_of, tour_servers, wait_until_it_answers
from reqtrace.stores.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "reqtrace"

pytestmark = pytest.mark.server


class Running(NamedTuple):
    """The tour's servers, and the store that they share."""

    urls: Mapping[str, str]
    sessions: Mapping[str, Mapping[str, Cookies]]
    store: SqliteStore


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("tour")
    environment = {"DJANGO_SETTINGS_MODULE": "demo.settings", "DEMO_VAR": str(folder)}
    prepare = [sys.executable, str(ROOT / "manage.py"), "prepare"]
    subprocess.run(prepare, env=os.environ | environment | {"DEMO_DEBUG": "0"}, check=True, stdout=subprocess.DEVNULL)
    children = tour_servers(folder, PYTHONPATH=str(ROOT), **environment)
    store = SqliteStore(f"sqlite:///{folder / 'traces.sqlite3'}")
    try:
        for child in children.values():
            child.start()
        for url, child in children.items():
            wait_until_it_answers(url, child)
        urls = addresses_of(children)
        yield Running(urls, {name: signed_in(url, PEOPLE[:2], PASSWORD) for name, url in urls.items()}, store)
    finally:
        store.close()
        assert [child.tail() for child in children.values() if not child.stop()] == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("again", [False, True], ids=["at first", "again"])
def test_a_broken_way_shows_its_finding_and_the_mended_one_none(
    scenario: Scenario, again: bool, running: Running
) -> None:
    outcomes = walk(scenario, running.urls[scenario.server], running.store, running.sessions[scenario.server])
    broken, mended = outcomes["broken"], outcomes["mended"]
    assert broken.is_wrong, broken.saw
    found = [finding for finding in broken.findings if finding.kind == scenario.kind]
    assert found, broken.findings
    assert any(finding.expected.user != finding.observed.user for finding in found), found
    assert not mended.is_wrong, mended.saw
    assert mended.findings == []
