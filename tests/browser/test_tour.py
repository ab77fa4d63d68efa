"""The tour as a person meets it: press a button, see who saw what, follow the link to the finding."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.children import Child
from demo.scenarios import SCENARIOS
from demo.scenarios.base import Scenario
from demo.servers import addresses_of, free_ports, shop_servers, tour_servers, wait_until_it_answers
from tests.browser.conftest import ARTIFACTS, PASSWORD, ROOT, Site

pytestmark = pytest.mark.browser
PATIENCE = 60_000
"""Milliseconds that a walk may take: the first one signs people in."""


class Tour(Site):
    """The shop under Daphne, with the live page and the tour, and the servers to which the tour sends its traffic."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        scenarios = tour_servers(folder, **self.environment)
        shop = shop_servers(free_ports(3), folder, addresses_of(scenarios), **self.environment)
        self.url, daphne = list(shop.items())[-1]
        self.servers = {**scenarios, self.url: daphne}

    def wait_for(self, url: str, server: Child) -> None:
        wait_until_it_answers(url, server)


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    tour = Tour(tmp_path_factory.mktemp("tour"))
    try:
        tour.start()
        yield tour
    finally:
        tour.stop()


def walk(
    page: Page, site: Tour, title: str, button: str = "Send the traffic", patience: int = PATIENCE
) -> tuple[Locator, Locator]:
    """Sign in, press a scenario's button, and return what came of the broken way and of the mended one."""
    page.goto(f"{site.url}/login/?next=/tour/")
    page.get_by_label("Name").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    scenario = page.get_by_role("article", name=title)
    scenario.get_by_role("button", name=button).click()
    broken, mended = (scenario.get_by_role("region", name=name).get_by_role("status") for name in ("Broken", "Mended"))
    expect(mended).to_be_visible(timeout=patience)
    return broken, mended


def saw(outcome: Locator, person: str) -> Locator:
    return outcome.locator(".person").filter(has_text=f"{person} saw")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_shows_the_finding_of_its_kind_where_it_is_broken_and_none_where_it_is_mended(
    page: Page, site: Tour, scenario: Scenario
) -> None:
    broken, mended = walk(page, site, scenario.title)
    expect(broken.locator(".wrong").first).to_be_visible()
    expect(broken.locator(".finding code").first).to_have_text(scenario.kind)
    expect(mended.locator(".wrong, .finding")).to_have_count(0)
    expect(mended).to_contain_text("reqtrace found nothing.")


def test_alice_and_bob_are_shown_side_by_side_and_the_finding_is_one_click_away(page: Page, site: Tour) -> None:
    broken, mended = walk(page, site, "A page out of the cache that was made for somebody else")
    alice, bob = saw(broken, "Alice").bounding_box(), saw(broken, "Bob").bounding_box()
    assert alice is not None
    assert bob is not None
    assert (alice["y"], alice["x"] + alice["width"] <= bob["x"]) == (bob["y"], True)
    expect(saw(broken, "Bob")).to_contain_text("A voucher for alice")
    expect(saw(broken, "Bob")).to_contain_text("Not meant for bob")
    expect(saw(mended, "Bob")).to_contain_text("A voucher for bob")
    expect(mended).to_contain_text("reqtrace found nothing.")

    broken.get_by_role("link", name="See this finding on the live page").click()
    expect(page.get_by_role("main")).to_contain_text("A response made for alice was served to bob.")


def test_one_of_two_in_flight_on_the_loops_thread_is_shown_the_others_orders(page: Page, site: Tour) -> None:
    broken, mended = walk(page, site, "A thread-local that others overwrite")
    expect(broken.locator(".wrong")).to_have_count(1)
    expect(broken.locator(".finding")).to_contain_text("demo.scenarios.overwritten.held.request named")
    expect(saw(mended, "Alice")).to_contain_text("The orders of alice.")
    expect(saw(mended, "Bob")).to_contain_text("The orders of bob.")


def test_a_context_is_dirty_behind_a_request_in_flight_and_behind_a_large_body(page: Page, site: Tour) -> None:
    broken, mended = walk(page, site, "A context that another request has used before")
    for text in ("The profile of", "The basket of"):
        expect(saw(broken, "Bob")).to_contain_text(f"{text} alice.")
        expect(saw(mended, "Bob")).to_contain_text(f"{text} bob.")


@pytest.mark.timeout(400)
def test_prove_it_refutes_the_broken_way_step_by_step_and_says_how_far_the_mended_one_holds(
    page: Page, site: Tour
) -> None:
    title = "A page out of the cache that was made for somebody else"
    broken, mended = walk(page, site, title, "Prove it", 5 * PATIENCE)
    expect(broken).to_contain_text("reqtrace prove says: leaks")
    expect(broken).to_contain_text("LEAKS    /tour/page-cache/broken/")
    expect(broken).to_contain_text("from a process that has served nobody:")
    expect(broken).to_contain_text("2. ")
    expect(broken).to_contain_text("fix: ")
    expect(mended).to_contain_text("reqtrace prove says: holds")
    expect(mended).to_contain_text("orders")
    expect(page.get_by_role("article", name=title).get_by_role("button", name="Prove it")).to_be_focused()
    page.get_by_role("article", name=title).screenshot(path=ARTIFACTS / "prove-it.png")


def test_without_its_script_the_page_does_the_same(page: Page, site: Tour) -> None:
    page.route("**/tour.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    broken, _ = walk(page, site, "A user that is replaced within a request")
    expect(page).to_have_url(f"{site.url}/tour/swapped-user/#swapped-user")
    expect(saw(broken, "Alice")).to_contain_text("Bought by bob.")


def test_on_a_narrow_screen_nothing_is_wider_than_the_screen(page: Page, site: Tour) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    walk(page, site, "A thread-local that nobody clears")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
