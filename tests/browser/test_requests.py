"""The table of requests: sorted, filtered, in chosen columns, with what is older, one request's details, and a link."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.children import Child
from tests.browser.conftest import PASSWORD, Site
from tests.browser.stage import MS, Stage, stage
from tests.conftest import eventually
from tests.dashboard import samples

pytestmark = pytest.mark.browser

MIXES_UP = "/tour/never-cleared/broken/"
UNITS = {"µs": 1e-3, "ms": 1.0, "s": 1e3}


class ScenarioSite(Site):
    """The shop, with pages on which a holder is never cleared."""

    def child(self, name: str, command: list[str]) -> Child:
        self.environment["DEMO_TOUR_SERVER"] = "gunicorn"
        return super().child(name, command)


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = ScenarioSite(tmp_path_factory.mktemp("site"))
    try:
        site.start()
        with site.customer("alice") as alice, site.customer("bob") as bob:
            for _ in range(4):
                for path in ("/account/", "/account/async/", "/cart/", "/nowhere/"):
                    alice.get(path)
                    bob.get(path)
            for _ in range(4):
                alice.get(MIXES_UP)
                bob.get("/account/")
                bob.get("/account/async/")
        yield site
    finally:
        site.stop()


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Stage]:
    """A dashboard over a store that the test writes; asked for before the page, which it must outlive."""
    with stage(tmp_path) as theatre:
        yield theatre


@pytest.fixture
def live(page: Page, site: Site) -> Page:
    """The page, signed in and live."""
    sign_in(page, site, "")
    return page


def sign_in(page: Page, site: Site, hash_: str) -> None:
    page.goto(site.dashboard_url)
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    if hash_:
        url = urljoin(page.url, hash_)
        page.goto("about:blank")  # or the open page would only take the hash over
        page.goto(url)


def rows(page: Page) -> Locator:
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell"))


def cells(page: Page, column: str) -> list[str]:
    """Return what stands in a column, from the top."""
    texts: list[str] = rows(page).locator(f".c-{column}").evaluate_all("cells => cells.map(cell => cell.innerText)")
    return texts


def shown(page: Page) -> list[str]:
    """Return what the rows show, from the top."""
    return rows(page).all_inner_texts()


def head(page: Page, name: str) -> Locator:
    return page.get_by_role("columnheader", name=name, exact=True)


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Filter requests")


def ms(text: str) -> float:
    number, unit = text.split()
    return float(number) * UNITS[unit]


def test_a_head_sorts_by_its_column_one_way_and_the_other_while_rows_arrive(live: Page, site: Site) -> None:
    expect(head(live, "Time")).to_have_attribute("aria-sort", "descending")
    head(live, "Duration").get_by_role("button").click()
    expect(head(live, "Duration")).to_have_attribute("aria-sort", "descending")
    expect(head(live, "Time")).to_have_attribute("aria-sort", "none")
    with site.customer("bob") as bob:
        bob.get("/warehouses/")
    expect(live.get_by_text("Following")).to_be_visible()

    def fall() -> bool:
        durations = [ms(text) for text in cells(live, "duration")]
        return durations == sorted(durations, reverse=True) and len(set(durations)) > 2

    eventually(fall)  # rows arrive all the while

    head(live, "User").get_by_role("button").focus()
    live.keyboard.press("Enter")
    expect(head(live, "User")).to_have_attribute("aria-sort", "ascending")
    eventually(lambda: cells(live, "user") == sorted(cells(live, "user")))
    live.keyboard.press("Enter")
    expect(head(live, "User")).to_have_attribute("aria-sort", "descending")
    assert cells(live, "user")[0] == "not resolved"


def test_columns_are_chosen_in_a_menu_and_stay_with_the_address(live: Page) -> None:
    live.locator("summary", has_text="Columns").click()
    live.get_by_role("checkbox", name="Trace id").check()
    live.get_by_role("checkbox", name="Same thread").uncheck()
    expect(head(live, "Trace id")).to_be_visible()
    expect(head(live, "Same thread")).to_have_count(0)
    expect(live).to_have_url(re.compile(r"columns=time\..*\.trace"))
    live.reload()
    expect(head(live, "Trace id")).to_be_visible()
    expect(head(live, "Same thread")).to_have_count(0)
    live.locator("summary", has_text="Columns").click()
    live.get_by_role("button", name="As many as there is room for").click()
    expect(head(live, "Same thread")).to_be_visible()
    assert "columns" not in live.url


def test_the_filter_completes_with_what_was_seen_and_says_how_a_bad_one_is_written(live: Page) -> None:
    expect(rows(live).first).to_be_visible()
    box(live).press_sequentially("us")
    options = live.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_count(1)
    box(live).press("ArrowDown")
    box(live).press("Enter")
    expect(box(live)).to_have_value("user:")
    expect(options.filter(has_text="user:alice")).to_be_visible()
    box(live).press_sequentially("ali")
    box(live).press("ArrowDown")
    box(live).press("Tab")
    expect(box(live)).to_have_value("user:alice ")
    expect(box(live)).to_be_focused()
    expect(rows(live).filter(has_text="bob")).to_have_count(0)
    assert set(cells(live, "user")) == {"alice"}

    box(live).fill("level:bad")
    expect(box(live)).to_have_attribute("aria-invalid", "true")
    expect(
        live.get_by_text("level: takes the level of a finding: leak, hazard or notice, as in level:leak.")
    ).to_be_visible()
    box(live).fill("colour:red")
    expect(live.get_by_text("colour: is no filter.")).to_contain_text("user, path, method")
    box(live).press("Escape")
    live.keyboard.press("Escape")
    live.keyboard.press("?")
    expect(live.get_by_role("dialog")).to_contain_text("holder:_thread_locals")


def test_one_filter_narrows_table_count_and_findings_and_what_arrives(live: Page, site: Site) -> None:
    box(live).fill("kind:leftover holder:never_cleared user:bob")
    expect(rows(live).first).to_be_visible()
    assert set(cells(live, "user")) == {"bob"}
    assert set(cells(live, "level")) <= {"hazard", "leak"}
    expect(live.get_by_text(re.compile(r"^\d+ of \d+ requests$"))).to_be_visible()
    with site.customer("alice") as alice:
        alice.get("/cart/")
    live.get_by_role("link", name="Findings").click()
    expect(box(live)).to_have_value("kind:leftover holder:never_cleared user:bob")
    main = live.get_by_role("main")
    expect(main).to_contain_text("leftover")
    expect(main).not_to_contain_text("crossed")
    box(live).fill("kind:outlived")
    expect(main).not_to_contain_text("leftover")


def test_details_show_the_way_the_readings_and_the_neighbours_and_keys_lead_on(live: Page) -> None:
    box(live).fill("path:/account/async kind:leftover")
    live.keyboard.press("Escape")
    live.keyboard.press("Escape")
    expect(rows(live).first).to_be_visible()
    live.keyboard.press("j")
    live.keyboard.press("Enter")
    details = live.get_by_role("region", name="/account/async/")
    way = details.locator(".hops li")
    expect(way).to_have_count(2)
    expect(way.nth(0)).to_contain_text("start")
    expect(way.nth(1)).to_contain_text("view")
    readings = details.get_by_role("table")
    expect(readings.get_by_role("row").filter(has_text="kept.request").get_by_role("cell").first).to_have_text(
        "another"
    )
    expect(details).to_contain_text("earlier request")

    box(live).fill("path:/account/")
    live.keyboard.press("Escape")
    live.keyboard.press("Escape")
    before = live.url
    live.keyboard.press("j")
    expect(live).not_to_have_url(before)
    live.keyboard.press("k")
    expect(live).to_have_url(before)
    details.get_by_role("button", name="Next row (J)").click()
    expect(live).not_to_have_url(before)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing: apt-get install curl")
def test_a_request_copied_as_curl_is_sent_again_byte_for_byte(live: Page, site: Site, tmp_path: Path) -> None:
    path = "/it's/%22quoted%22/%0Anew/gr%C3%BC%C3%9Fe/$(touch%20pwned)/%7Ba,b%7D/"
    subprocess.run(["curl", "--silent", site.shop_url + path], check=True, capture_output=True)
    box(live).fill("path:/it's")
    expect(rows(live)).to_have_count(1)
    rows(live).click()
    live.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live.get_by_role("button", name="Copy as cURL").click()
    expect(live.get_by_text("Copied")).to_be_visible()
    command: str = live.evaluate("navigator.clipboard.readText()")
    assert command.startswith("# Left out, as they are not recorded: cookies, credentials")
    command = command.replace("http://localhost:8000", site.shop_url)
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, cwd=tmp_path)
    assert not list(tmp_path.iterdir())
    live.get_by_role("button", name="Paused").click()
    expect(rows(live)).to_have_count(2)
    assert len(set(cells(live, "request"))) == 1


def test_a_link_shows_somebody_else_the_same_view(live: Page, site: Site) -> None:
    box(live).fill("user:bob path:/account/")
    head(live, "Duration").get_by_role("button").click()
    live.locator("summary", has_text="Columns").click()
    live.get_by_role("checkbox", name="View").check()
    live.locator("summary", has_text="Columns").click()
    rows(live).nth(1).click()
    live.get_by_role("button", name="Zoom in", exact=True).click()
    expect(live).to_have_url(re.compile(r"filter=.*sort=-duration.*columns=.*request=.*time="))
    here, link = shown(live), live.url
    browser = live.context.browser
    assert isinstance(browser, Browser)
    with browser.new_context(viewport=live.viewport_size) as elsewhere:
        other = elsewhere.new_page()
        sign_in(other, site, link[link.index("#") :])
        expect(rows(other).and_(other.locator('[aria-selected="true"]'))).to_be_visible()
        expect(rows(other)).to_have_count(len(here))  # once what stands above the table has taken its room
        assert shown(other) == here
        assert other.url == link
        expect(other.get_by_role("region", name="/account/")).to_be_visible()


def test_what_is_filtered_is_exported_in_every_format_and_what_no_export_filters_is_said(live: Page) -> None:
    box(live).fill("user:bob ms:>0 kind:leftover account")
    live.locator("summary", has_text="Export").click()
    expect(live.get_by_text("Words filter the page alone, not its exports: account")).to_be_visible()
    for name, has in [("JSON", '"format":"reqtrace"'), ("Chrome", "traceEvents"), ("OTLP", "resourceSpans")]:
        with live.expect_download() as download:
            live.get_by_role("link", name=name, exact=False).filter(has_not_text="NDJSON").filter(
                has_text=name
            ).first.click()
        assert has in download.value.path().read_text()
    with live.expect_download() as download:
        live.get_by_role("link", name="Perfetto").click()
    assert download.value.path().stat().st_size > 100
    with live.expect_download() as download:
        live.get_by_role("link", name="NDJSON").click()
    records = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    requests = [record for record in records if record["type"] == "request"]
    assert requests
    assert {request["user"]["label"] for request in requests} == {"bob"}
    assert {record["kind"] for record in records if record["type"] == "finding"} == {"leftover"}


def test_the_keyboard_alone_finds_a_request_reads_it_and_comes_back(live: Page) -> None:
    expect(rows(live).first).to_be_visible()
    live.keyboard.press("/")
    expect(box(live)).to_be_focused()
    live.keyboard.type("path:/cart")
    live.keyboard.press("Escape")
    live.keyboard.press("Escape")
    live.keyboard.press("End")
    live.keyboard.press("ArrowUp")
    expect(rows(live).nth(-2)).to_be_focused()
    live.keyboard.press("Enter")
    expect(live.get_by_role("region", name="/cart/")).to_be_visible()
    live.keyboard.press("Escape")
    expect(live.get_by_role("region", name="/cart/")).to_have_count(0)
    live.keyboard.press("Space")
    expect(live.get_by_text("Following")).to_be_visible()


def test_the_end_of_the_table_loads_what_is_older_until_the_store_has_no_more(theatre: Stage, page: Page) -> None:
    total = 12_000
    theatre.write(theatre.process("p1", 101), theatre.thread("p1", 1, "MainThread"))
    theatre.write(theatre.leak(1, "r100"), theatre.leak(2, "r11990"))
    began_ns = theatre.now_ns - total * MS
    theatre.write(samples.request(number, start_ns=began_ns + number * MS) for number in range(total))
    theatre.open(page)
    expect(page.get_by_text("5,000 requests", exact=True)).to_be_visible()
    expect(rows(page).first).to_contain_text("/11999/")
    page.keyboard.press("End")
    expect(page.get_by_text("6,000 requests", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Load older requests")).to_be_visible()
    box(page).fill("path:/100/ level:leak")
    page.get_by_role("button", name="Load older requests").click()
    expect(page.get_by_text("1 of 12,000 requests")).to_be_visible()
    expect(page.get_by_text("There are no older requests.")).to_be_visible()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Clear", exact=True).click()
    page.keyboard.press("End")
    expect(rows(page).last).to_contain_text("/0/")
