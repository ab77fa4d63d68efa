"""What the page says of itself: that nothing came yet, that server or store are away, that something is missing."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from reqtrace.records import Mark
from tests.browser.conftest import ARTIFACTS, ROOT
from tests.browser.stage import SAYS, Stage
from tests.dashboard import samples
from tests.dashboard.wire import Place

pytestmark = pytest.mark.browser

SECOND = 1_000_000_000
AGAIN = """
import functools, django
django.setup()
from django.conf import settings
from dashboard import feed, server
settings.DEBUG = True  # sessions end with their server: so nobody needs to sign in anew
server.serve("127.0.0.1", {port})
"""
NEWER = AGAIN.replace("server.serve", "feed.Hello = functools.partial(feed.Hello, version=99)\nserver.serve")


class Theatre(Stage):
    """A stage whose server can go away, and come back at the same address."""

    def __init__(self, path: Path) -> None:
        super().__init__(Place(path), "")
        self.port = "0"
        self.running = ExitStack()

    def raise_curtain(self, *command: str) -> None:
        """Run the server."""
        server = self.running.enter_context(
            self.place.running(*(command or ("-m", "tests.dashboard.serve", "127.0.0.1", self.port)), says=SAYS)
        )
        self.port = server.address.partition(":")[2]
        self.url = f"http://{server.address}/reqtrace/"


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    theatre = Theatre(tmp_path)
    with theatre.running:
        theatre.raise_curtain()
        yield theatre
    theatre.place.store.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may say on its console that the server is away: it is meant to be."""
    errors: list[str] = []
    with browser.new_context(viewport={"width": 1440, "height": 860}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


def test_before_the_first_request_the_page_says_how_to_send_one(page: Page, theatre: Theatre) -> None:
    theatre.open(page)
    expect(page.get_by_role("heading", name="No request recorded yet")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("reqtrace.middleware.TraceMiddleware")
    theatre.write(theatre.request("first", 100, 10))
    expect(page.get_by_role("grid")).to_contain_text("/first/")


def test_a_server_that_went_away_is_told_and_what_was_missed_comes_when_it_is_back(
    page: Page, theatre: Theatre
) -> None:
    theatre.write(theatre.request("before", 100, 10))
    theatre.open(page)
    theatre.running.close()
    expect(page.get_by_role("status").filter(has_text="Not connected")).to_be_visible()
    expect(page.get_by_text(re.compile(r"retry in \d+ s"))).to_be_visible()
    expect(page.get_by_role("grid")).to_contain_text("/before/")
    theatre.write(theatre.request("meanwhile", 50, 10))
    theatre.raise_curtain("-c", AGAIN.format(port=theatre.port))
    page.get_by_role("button", name="Retry now").click()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    expect(page.get_by_role("grid")).to_contain_text("/meanwhile/")


def test_a_page_that_never_heard_of_its_server_claims_nothing(page: Page, theatre: Theatre) -> None:
    theatre.open(page)
    page.route_web_socket("**/live/**", lambda socket: socket.close())
    page.reload()
    for view in ("Requests", "Threads", "Findings", "Processes"):
        link = page.get_by_role("link", name=view)
        expect(link).to_have_accessible_name(view)
        link.click()
        expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
        expect(page.get_by_role("main")).not_to_contain_text(re.compile("No |0 requests"))


def test_a_store_that_cannot_be_read_is_told_and_the_page_goes_on_when_it_can(page: Page, theatre: Theatre) -> None:
    theatre.write(theatre.request("before", 100, 10))
    theatre.open(page)
    path = theatre.place.store.path
    theatre.place.store.close()
    aside = path.rename(path.with_suffix(".aside"))
    path.write_text("This is no database, but a page of prose. " * 30)
    note = page.get_by_text("Store unreachable")
    note.click()
    expect(page.get_by_text("is not a SQLite database")).to_be_visible()
    expect(page.get_by_role("grid")).to_contain_text("/before/")
    aside.replace(path)
    expect(note).to_have_count(0)
    theatre.write(theatre.request("after", 50, 10))
    expect(page.get_by_role("grid")).to_contain_text("/after/")


def test_records_that_were_dropped_are_counted(page: Page, theatre: Theatre) -> None:
    theatre.open(page)
    theatre.write(theatre.process("p1", 101, dropped=7))
    page.get_by_text("7 records dropped").click()
    expect(page.get_by_text("A larger BUFFER")).to_be_visible()


def test_outages_and_what_was_lost_with_them_are_told_of_the_data_and_of_their_process(
    page: Page, theatre: Theatre
) -> None:
    troubled = {"findings_dropped": 2, "outages": 3, "outage_ns": 4_200_000_000, "trim_ns": 250_000_000}
    theatre.write(
        theatre.process("p1", 101, leaks=1, hazards=4, waiting=1_234, **troubled), theatre.request("one", 50, 10)
    )
    theatre.open(page)
    page.get_by_text("2 notes on the data").click()
    expect(page.get_by_text("2 findings lost.", exact=True)).to_be_visible()
    expect(page.get_by_text("The store was away for 4.20 s.", exact=True)).to_be_visible()
    page.get_by_text("2 notes on the data").click()
    page.get_by_role("link", name="Processes").click()
    card = page.get_by_role("group", name="Process 101")
    expect(card.get_by_text("3 outages", exact=True)).to_be_visible()
    told = {
        "Found": "1 leak, 4 hazards",
        "Waiting": "1,234",
        "Findings lost": "2",
        "Outages": "3 4.20 s in all",
        "Trimming": "250 ms",
    }
    for name, words in told.items():
        expect(card.locator("dl.facts > div").filter(has=page.get_by_text(name, exact=True))).to_contain_text(words)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "process-troubles.png")


@pytest.mark.parametrize(("ahead", "said"), [(90, "about 1 min ahead"), (-90, "about 1 min behind")])
def test_a_host_whose_clock_differs_is_named(page: Page, theatre: Theatre, ahead: int, said: str) -> None:
    theatre.open(page)
    note = page.get_by_text(f"The clock of web-2 is {said}")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not note.is_visible():
        seen_ns = time.time_ns()
        theatre.write(
            theatre.process("p1", 101, host="web-1", seen_ns=seen_ns),
            theatre.process("p2", 102, host="web-2", seen_ns=seen_ns + ahead * SECOND),
        )
        page.wait_for_timeout(300)
    expect(note).to_be_visible()
    expect(page.get_by_text("The clock of web-1")).to_have_count(0)


def test_a_server_that_is_newer_than_the_page_asks_for_a_reload(page: Page, theatre: Theatre) -> None:
    theatre.open(page)
    theatre.running.close()
    theatre.raise_curtain("-c", NEWER.format(port=theatre.port))
    page.get_by_role("button", name="Retry now").click()
    expect(page.get_by_role("status").filter(has_text="This page is older than its server")).to_be_visible()
    expect(page.get_by_role("button", name="Reload")).to_be_visible()


def test_a_leak_from_before_all_requests_that_the_page_begins_with_still_counts_where_it_happened(
    page: Page, theatre: Theatre
) -> None:
    id_ = "p1-0000000001"
    theatre.write(theatre.process("p1", 101), theatre.thread("p1", 1, "MainThread"), theatre.request(id_, 9_000, 10))
    theatre.write(samples.finding(1, id_))
    theatre.write([theatre.request(f"p1-{number:010x}", 8_000 - number, 1) for number in range(2, 5_100)])
    theatre.open(page)
    expect(page.get_by_text("5,000 requests", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="1 leak").first).to_be_visible()
    expect(page.get_by_role("list", name="What threads do here")).to_contain_text("1 leak found.")
    page.get_by_role("link", name="Threads").click()
    row = page.get_by_role("region", name="Process 101").get_by_role("row").filter(has_text="MainThread")
    expect(row).to_contain_text("shop.current")


def test_a_link_to_a_paused_page_shows_all_that_there_is_however_many_messages_that_takes(
    page: Page, theatre: Theatre
) -> None:
    theatre.write(theatre.process("p1", 101), theatre.thread("p1", 1, "MainThread"))
    theatre.write([theatre.request(f"r{number}", 8_000 - number, 1) for number in range(5_000)])
    theatre.open(page)
    page.goto(f"{theatre.url}#paused=1")
    page.reload()
    expect(page.get_by_text("5,000 requests", exact=True)).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("row").nth(1)).to_contain_text("/r4999/")
    expect(page.get_by_role("button", name="Paused", exact=True)).to_be_visible()
    theatre.write(theatre.request("late", 0, 1))
    expect(page.get_by_role("button", name="Paused · +1 new")).to_be_visible()


def test_a_filter_that_nothing_here_passes_says_that_the_store_has_more(page: Page, theatre: Theatre) -> None:
    theatre.write([theatre.request(f"r{number}", 8_000 - number, 1) for number in range(5_100)])
    theatre.open(page)
    page.goto(f"{theatre.url}#filter=path:/r7/")
    page.reload()
    expect(page.get_by_role("heading", name="Nothing matches the filter")).to_be_visible()
    expect(page.get_by_text("None of the newest 5,000 requests, that is")).to_be_visible()
    page.get_by_role("button", name="Load older requests").click()
    expect(page.get_by_role("grid")).to_contain_text("/r7/")


def test_older_occurrences_come_from_the_store_when_asked_for(page: Page, theatre: Theatre) -> None:
    def found(number: int, group: str) -> msgspec.Struct:
        return samples.finding(number, "kept", group=group, kind="crossed")

    theatre.write(theatre.request("kept", 100, 10))
    theatre.write([found(number, "rare") for number in range(30)])
    theatre.write([found(number, "common") for number in range(100, 1_100)])
    theatre.write(found(2_000, "rare"))
    theatre.open(page, "#view=findings&finding=rare")
    story = page.get_by_role("article")
    expect(story.get_by_role("heading", name="Seen once")).to_be_visible()
    story.get_by_role("button", name="Look for older ones in the store").click()
    expect(story.get_by_role("heading", name="Seen 31 times")).to_be_visible()
    expect(story).to_contain_text("30 older found.")


def test_a_link_brings_back_the_occurrence_that_was_chosen_and_the_groups_that_are_known(
    page: Page, theatre: Theatre
) -> None:
    theatre.write(theatre.request(name, 300 - 100 * number, 10) for number, name in enumerate(("early", "late")))
    theatre.write(
        samples.finding(number, name, group="rare", message=f"The {name} one.")
        for number, name in enumerate(("early", "late"))
    )
    theatre.write(samples.finding(2, "late", group="old"), Mark("old", True, "alice", samples.START_NS))
    theatre.open(page, "#view=findings&finding=rare")
    story, groups = page.get_by_role("article"), page.get_by_label("List of groups").get_by_role("button")
    expect(story.get_by_role("heading", name="The late one.")).to_be_visible()
    expect(groups).to_have_count(1)
    story.get_by_role("button", name="/early/").click()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(story.get_by_role("heading", name="The early one.")).to_be_visible()
    page.reload()
    expect(story.get_by_role("heading", name="The early one.")).to_be_visible()
    expect(groups).to_have_count(2)
    page.goto(f"{page.url.partition('#')[0]}#view=findings&finding=rare&occurrence=gone&known=1")
    expect(story).to_contain_text("The occurrence that the address names is not on this page.")
    expect(story.get_by_role("heading", name="The late one.")).to_be_visible()
    groups.filter(has_text="known").click()
    expect(story).not_to_contain_text("The occurrence that the address names")
    assert "occurrence" not in page.url
