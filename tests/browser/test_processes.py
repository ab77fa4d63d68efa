"""Processes as a person meets them: workers under their master, what they use, their threads, and those that ended."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, ROOT, Site
from tests.conftest import eventually

pytestmark = pytest.mark.browser
PATIENCE = 60_000
"""Milliseconds: a process that serves is measured every second and its threads every five, on a busy machine later."""


class TwoWorkers(Site):
    """The shop under gunicorn with two workers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        bind = self.shop_url.removeprefix("http://")
        gunicorn = [sys.executable, "-m", "gunicorn", "--bind", bind, "--no-control-socket"]
        self.master = self.child("gunicorn", [*gunicorn, "-w", "2", "-k", "gthread", "--threads", "2", "demo.wsgi"])
        self.servers[self.shop_url] = self.master

    @property
    def master_pid(self) -> int:
        assert self.master.process is not None
        return self.master.process.pid

    def worker_pids(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.master_pid).children()]


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoWorkers]:
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    site = TwoWorkers(tmp_path_factory.mktemp("workers"))
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def processes(page: Page, site: TwoWorkers) -> Callable[[], list[Locator]]:
    """Return a function that gives the cards of both living workers, once both have served and were measured."""
    page.goto(f"{site.dashboard_url}/reqtrace/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Processes").click()

    def cards() -> list[Locator]:
        living = [card_of(page, pid) for pid in site.worker_pids()]
        with site.customer("alice") as alice:

            def both_served() -> bool:
                for _ in range(20):  # each on a connection of its own: one that is kept alive stays with its worker
                    alice.get("/account/", headers={"Connection": "close"})
                return len(living) == 2 and all(card.count() for card in living)

            eventually(both_served, PATIENCE / 1_000)
        for card in living:
            expect(card.get_by_role("row").nth(1)).to_be_visible(timeout=PATIENCE)
        return living

    return cards


def card_of(page: Page, pid: int) -> Locator:
    return page.get_by_role("group", name=f"Process {pid}", exact=True)


def chart(card: Locator, name: str) -> Locator:
    return card.get_by_role("figure").filter(has_text=name)


def is_drawn(plot: Locator) -> bool:
    """Tell whether a canvas shows anything."""
    script = """canvas => {
        const blank = document.createElement("canvas");
        Object.assign(blank, {width: canvas.width, height: canvas.height});
        return canvas.toDataURL() !== blank.toDataURL();
    }"""
    return bool(plot.locator("canvas").evaluate(script))


def test_workers_stand_under_their_master_with_what_they_use(
    page: Page, site: TwoWorkers, processes: Callable[[], list[Locator]]
) -> None:
    cards = processes()
    branch = page.get_by_role("listitem").filter(has_text="gunicorn master").first
    expect(branch).to_contain_text(f"pid {site.master_pid}")
    for card in cards:
        expect(branch.locator(card)).to_be_visible()
        for name, unit in (("CPU", "%"), ("Memory", "MiB"), ("Threads", ""), ("Requests", "/s"), ("In flight", "")):
            expect(chart(card, name).locator("strong")).to_contain_text(unit)
            drawn = partial(is_drawn, chart(card, name))
            eventually(drawn, PATIENCE / 1_000)  # an idle process is measured every five seconds


def test_one_cursor_stands_in_the_charts_of_all_processes(page: Page, processes: Callable[[], list[Locator]]) -> None:
    one, other = processes()
    eventually(lambda: is_drawn(chart(one, "CPU")), PATIENCE / 1_000)
    plot = chart(one, "CPU").locator(".u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    expect(one.locator(".u-cursor-x:not(.u-off)")).to_have_count(7)
    expect(other.locator(".u-cursor-x:not(.u-off)")).to_have_count(7)
    moments = [card.get_by_text(re.compile(r"^At \d")).inner_text() for card in (one, other)]
    assert moments[0] == moments[1]
    page.mouse.move(0, 0)
    expect(one.locator(".u-cursor-x:not(.u-off)")).to_have_count(0)


def test_a_native_thread_leads_to_the_requests_that_ran_on_it(
    page: Page, site: TwoWorkers, processes: Callable[[], list[Locator]]
) -> None:
    card, pid = processes()[0], site.worker_pids()[0]
    expect(card.get_by_role("row").filter(has_text="MainThread")).to_contain_text(str(pid))
    expect(card.get_by_role("row").filter(has_text="reqtrace")).to_contain_text("none")
    pool = card.get_by_role("row").filter(has=page.get_by_role("link")).first
    native_id = pool.get_by_role("cell").first.inner_text()
    assert psutil.pid_exists(pid)
    assert int(native_id) in {thread.id for thread in psutil.Process(pid).threads()}
    pool.get_by_role("link").click()
    serial = page.get_by_label("Filter requests").input_value().rpartition(":")[2]
    expect(page.get_by_label("Filter requests")).to_have_value(f"process:{pid} thread:{serial}")
    first = page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell")).first
    expect(first).to_contain_text(str(pid))
    expect(first).to_contain_text(f"#{serial}")


def test_on_a_narrow_screen_nothing_is_wider_than_the_screen(
    page: Page, processes: Callable[[], list[Locator]]
) -> None:
    processes()
    page.set_viewport_size({"width": 320, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_worker_that_ended_stays_and_says_since_when(
    page: Page, site: TwoWorkers, processes: Callable[[], list[Locator]]
) -> None:
    gone, stays = processes()
    os.kill(site.worker_pids()[0], signal.SIGTERM)
    expect(gone).to_contain_text("ended", timeout=PATIENCE)
    expect(gone).to_contain_text(" ago")
    expect(stays).not_to_contain_text("ended")
    assert len(processes()) == 2, "gunicorn has started another one"
    expect(gone).to_be_visible()
