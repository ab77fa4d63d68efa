"""The lab's page while there is nothing to show, while a lab runs, and when it is done."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from demo.servers import free_ports, shop_servers, wait_until_it_answers
from tests.browser.conftest import PASSWORD, ROOT, Site

pytestmark = pytest.mark.browser
SECONDS = 120
"""How long a small lab may take."""


class Shown(Site):
    """The shop under Daphne, with the live page and the lab's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url, daphne = list(shop_servers(free_ports(3), folder, {}, **self.environment).items())[-1]
        self.servers = {self.url: daphne}

    def wait_for(self, url: str, server: object) -> None:
        wait_until_it_answers(url, server)


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    site = Shown(tmp_path_factory.mktemp("lab"))
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_the_page_follows_a_lab_from_nothing_to_its_tables(page: Page, site: Shown) -> None:
    assert httpx.get(f"{site.url}/lab/").status_code == httpx.codes.NOT_FOUND  # as the live page's address
    page.goto(f"{site.url}/login/?next=/lab/")
    page.get_by_label("Name").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("main")).to_contain_text("manage.py lab --quick")

    command = [sys.executable, str(ROOT / "manage.py"), "lab", "--quick", "--servers", "gunicorn sync"]
    lab = subprocess.Popen(command, env=site.preparing.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        running = page.get_by_role("status", name="The lab is running")
        expect(running).to_contain_text("gunicorn sync, sync middleware", timeout=SECONDS * 1000)
        _, errors = lab.communicate(timeout=SECONDS)
    finally:
        lab.kill()
        lab.wait()
    assert lab.returncode == 0, errors.decode()

    expect(page.get_by_role("heading", name="What reqtrace found of it")).to_be_visible(timeout=SECONDS * 1000)
    expect(running).to_have_count(0)
    seen = page.get_by_role("table", name="In synchronous views").get_by_role("row").filter(has_text="gunicorn sync")
    expect(seen.get_by_role("cell").nth(1)).to_have_text("100% left over")  # a thread-local that nobody clears
    expect(seen.get_by_role("cell").nth(2)).to_have_text("right")
    expect(page.get_by_role("main")).to_contain_text("0 false alarms")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
