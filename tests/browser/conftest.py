"""A shop and a dashboard in processes of their own, and a browser that tolerates no error."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from demo.children import Child

ROOT = Path(__file__).resolve().parent.parent.parent
ARTIFACTS = ROOT / "artifacts"
PASSWORD = "reqtrace"
START_SECONDS = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Site:
    """The demo shop under gunicorn and, in another process, its dashboard; without DEBUG, so both ask who you are."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "demo.settings",
            "DEMO_VAR": str(folder),
            "DEMO_DEBUG": "0",
            "PYTHONPATH": str(ROOT),
        } | environment
        self.folder = folder
        shop, dashboard = free_port(), free_port()
        self.shop_url = f"http://127.0.0.1:{shop}"
        self.dashboard_url = f"http://127.0.0.1:{dashboard}"
        manage = [sys.executable, str(ROOT / "manage.py")]
        gunicorn = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{shop}", "--no-control-socket"]
        self.preparing = self.child("prepare", [*manage, "prepare"])
        self.servers = {
            self.shop_url: self.child("gunicorn", [*gunicorn, "-k", "gthread", "--threads", "2", "demo.wsgi"]),
            self.dashboard_url: self.child("dashboard", [*manage, "reqtrace", "dashboard", "--port", str(dashboard)]),
        }

    def child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, self.folder, environment=self.environment)

    def start(self) -> None:
        self.preparing.start()
        assert self.preparing.process is not None
        assert self.preparing.process.wait(START_SECONDS) == 0, self.preparing.tail()
        for server in self.servers.values():
            server.start()
        for url, server in self.servers.items():
            self.wait_for(url, server)

    def wait_for(self, url: str, server: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            server.require_alive()
            try:
                httpx.get(url)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        pytest.fail(f"{server.name} does not answer:\n{server.tail()}")

    def stop(self) -> None:
        for server in self.servers.values():
            assert server.stop(), server.tail()

    @contextmanager
    def customer(self, name: str) -> Iterator[httpx.Client]:
        """Give a browser of somebody who has signed in to the shop."""
        with httpx.Client(base_url=self.shop_url, follow_redirects=True) as client:
            client.get("/login/")
            token = client.cookies["csrftoken"]
            form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
            answer = client.post("/login/", data=form)
            assert f"You are {name}" in answer.text
            yield client


@pytest.fixture(scope="module")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    return path or pytest.skip("Chromium is missing: apt-get install chromium")


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, for all tests of a module; whoever shares nothing with them takes a context of their own."""
    # Chromium's sandbox does not work for root, which one is in most containers.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*sandbox, "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(site: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page whose console must stay free of errors, violations of the security policy among them."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(f"{message.text} ({message.location['url']})")

    with browser.new_context(viewport={"width": 1440, "height": 860}) as context:
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            yield page
        finally:
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
    assert errors == []
