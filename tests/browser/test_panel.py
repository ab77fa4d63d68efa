"""The toolbar's panel as a developer meets it, under several workers and with each of the toolbar's stores."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, ROOT, Site, free_port

pytestmark = pytest.mark.browser
STORES = {"gunicorn": "DatabaseStore", "uvicorn": "CacheStore"}
"""Those that workers share; the toolbar's own DatabaseStore asks the database from the event loop under ASGI."""
TRIES = 20
"""After so many loads at most, one of two workers has served two requests, or two at once."""


class Developing(Site):
    """The shop with the toolbar under two servers of two workers each, and the live page in a process of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.environment |= {"DJANGO_SETTINGS_MODULE": "tests.panel.project.settings", "DEMO_DEBUG": "1"}
        self.environment["REQTRACE_DASHBOARD_URL"] = f"{self.dashboard_url}/reqtrace/"
        self.environment["TOOLBAR_STORE"] = "DatabaseStore"  # the only one that has a table
        self.preparing = self.child("prepare", [sys.executable, str(ROOT / "manage.py"), "prepare"])
        port = self.dashboard_url.rpartition(":")[2]
        command = [sys.executable, str(ROOT / "manage.py"), "reqtrace", "dashboard", "--port", port]
        self.servers = {self.dashboard_url: self.child("dashboard", command)}
        self.urls = {}
        for name, store in STORES.items():
            port = str(free_port())
            command = {
                "gunicorn": f"--bind 127.0.0.1:{port} --no-control-socket --workers 2 -k gthread --threads 4 demo.wsgi",
                "uvicorn": f"--port {port} --workers 2 --no-access-log demo.asgi:application",
            }[name].split()
            self.environment = {**self.environment, "TOOLBAR_STORE": store}
            self.urls[name] = f"http://127.0.0.1:{port}"
            self.servers[self.urls[name]] = self.child(name, [sys.executable, "-m", name, *command])


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Developing]:
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    site = Developing(tmp_path_factory.mktemp("developing"))
    try:
        site.start()
        yield site
    finally:
        site.stop()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login/?next=/account/")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    if page.locator("#djShowToolBarButton").is_visible():
        page.locator("#djShowToolBarButton").click()


def opened(page: Page) -> Locator:
    """Open the panel from the toolbar's side bar."""
    page.locator("#djDebugPanelList a.RequestTracePanel").click()
    panel = page.locator("#RequestTracePanel.djdt-panelContent")
    expect(panel.get_by_role("heading", name="This request", exact=True)).to_be_visible()
    return panel


@pytest.mark.parametrize("server", STORES)
def test_findings_are_red_in_the_side_bar_and_told_with_evidence_whichever_worker_answers(
    page: Page, site: Developing, server: str
) -> None:
    sign_in(page, site.urls[server])
    button = page.locator("#djDebugPanelList a.RequestTracePanel")
    for _ in range(TRIES):
        if "finding" in button.inner_text():
            break
        page.goto(f"{site.urls[server]}/account/async/")
    expect(button).to_contain_text("finding")
    expect(button.locator("svg rect")).to_have_attribute("fill", "#c62828")

    panel = opened(page)
    expect(panel).to_contain_text("tests.panel.project.middleware.Kept.request")
    expect(panel).to_contain_text("How to mend it")
    holders = panel.get_by_role("table").filter(has_text="Holder")
    expect(holders.locator("strong").first).to_have_text("somebody else")
    expect(panel.get_by_role("heading", name="Where it was seen")).to_be_visible()

    panel.get_by_role("link", name="This request on the live page").click()
    expect(page.get_by_role("region", name="/account/")).to_contain_text("demo.views.account")


@pytest.mark.parametrize("server", STORES)
def test_what_other_panels_took_from_requests_in_flight_meanwhile_is_said(
    page: Page, site: Developing, server: str
) -> None:
    sign_in(page, site.urls[server])
    is_over = Event()

    def visit() -> None:
        while not is_over.is_set():
            httpx.get(f"{site.urls[server]}/delivery/", timeout=30).raise_for_status()

    with ThreadPoolExecutor(6) as pool:
        others = [pool.submit(visit) for _ in range(6)]
        try:
            for _ in range(TRIES):
                page.goto(f"{site.urls[server]}/delivery/")
                panel = opened(page)
                if "meanwhile" in panel.inner_text():
                    break
        finally:
            is_over.set()
        for other in others:
            other.result()
    expect(panel).to_contain_text("in flight in this process meanwhile")
    expect(panel.get_by_role("link", name="GET /delivery/").first).to_be_visible()


@pytest.mark.parametrize("server", STORES)
def test_the_history_brings_back_the_panel_of_an_earlier_request(page: Page, site: Developing, server: str) -> None:
    sign_in(page, site.urls[server])
    page.goto(f"{site.urls[server]}/cart/")
    page.locator("#djDebugPanelList a.HistoryPanel").click()
    history = page.locator("#HistoryPanel.djdt-panelContent")
    earlier = history.get_by_role("row").filter(has=page.get_by_role("cell", name="/account/", exact=True)).first
    earlier.get_by_role("button", name="Switch").click()
    expect(page.locator("#djDebugPanelList a.TemplatesPanel")).to_contain_text("shop/account.html")
    panel = opened(page)
    expect(panel).to_contain_text("alice")
    link = panel.get_by_role("link", name="This request on the live page")
    link.click()
    expect(page.get_by_role("region", name="/account/")).to_be_visible()
