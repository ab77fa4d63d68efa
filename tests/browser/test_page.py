"""The live page as a person meets it: sign in, see requests arrive, choose one, see its thread light up."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, Site

pytestmark = pytest.mark.browser


def sign_in(page: Page, site: Site) -> None:
    page.goto(site.dashboard_url)
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def rows(page: Page) -> Locator:
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell"))


def where_and_lit(page: Page) -> list[tuple[str, bool]]:
    """Return for each row its process and thread as it shows them, and whether it is lit."""
    texts = """rows => rows.map(row => [
        row.querySelector(".c-process").innerText + " " + row.querySelector(".c-thread").innerText,
        row.matches(".is-lit, .is-pinned"),
    ])"""
    return [(where, lit) for where, lit in rows(page).evaluate_all(texts)]


def test_a_request_that_another_process_served_arrives_and_choosing_it_lights_up_its_thread(
    page: Page, site: Site
) -> None:
    sign_in(page, site)
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()

    with site.customer("alice") as alice, site.customer("bob") as bob:
        for _ in range(3):
            for path in ("/account/", "/cart/", "/account/async/", "/warehouses/"):
                alice.get(path)
                bob.get(path)
        alice.get("/products/bicycle/")

    arrived = rows(page).filter(has_text="/products/bicycle/")
    expect(arrived).to_have_count(1)
    expect(arrived).to_contain_text("gunicorn")
    arrived.click()

    details = page.get_by_role("region", name="/products/bicycle/")
    expect(details).to_contain_text("demo.views.product")
    expect(details).to_contain_text("pid")
    expect(arrived).to_have_attribute("aria-selected", "true")
    page.mouse.move(0, 0)
    expect(arrived).to_have_class(re.compile(r"\bis-(lit|pinned)\b"))

    seen = where_and_lit(page)
    chosen, _ = seen[0]
    assert len([where for where, _ in seen if where == chosen]) > 1, "the thread served this request alone"
    assert len({where for where, _ in seen}) > 1, "one thread served everything"
    assert [lit for _, lit in seen] == [where == chosen for where, _ in seen]


def test_a_filter_holds_for_requests_that_arrive_later(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.get_by_label("Filter requests").fill("user:bob")
    with site.customer("alice") as alice, site.customer("bob") as bob:
        alice.get("/cart/")
        bob.get("/products/lamp/")
        bob.get("/account/")
    expect(rows(page).filter(has_text="/products/lamp/")).to_have_count(0)  # a page that asks for no user
    expect(rows(page).filter(has_text="/account/").first).to_be_visible()
    assert all("bob" in row.inner_text() for row in rows(page).all())
