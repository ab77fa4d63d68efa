"""The threads in a real browser: what each turned out to be, what is unsafe on it, and its requests lit everywhere."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.canvas import AXIS_Y, OVERVIEW_Y, Canvas, Place
from tests.browser.conftest import ROOT
from tests.browser.stage import Stage, stage

pytestmark = pytest.mark.browser

SINGLES = 6


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A worker whose threads take turns, one of them unsafely, and an event loop beside threads of one request each."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    with stage(tmp_path_factory.mktemp("stage")) as told:
        tell(told)
        yield told


def tell(stage: Stage) -> None:
    loop = {"process": "u1", "pid": 201}
    stage.write(
        stage.process("p1", 101, host="web-1"),
        stage.process("u1", 201, host="web-1", server="uvicorn", worker_class="uvicorn", interface="asgi"),
        stage.thread("p1", 2, "pool_0", requests=3, users=2),
        stage.thread("p1", 3, "pool_1", requests=3, users=2),
        stage.thread("u1", 1, "MainThread", sharing="interleaved", requests=4, users=2, max_in_flight=4),
        [
            stage.thread("u1", 10 + n, f"once_{n}", sharing="exclusive", requests=1, users=1) for n in range(SINGLES)
        ],
        [
            stage.request(f"turn{n}", 9_000 - n * 1_000, 500, who="alice" if n < 3 else "bob", thread=2 + n % 2)
            for n in range(6)
        ],
        [stage.request(f"loop{n}", 5_000 - n * 100, 900, who=("alice", "bob")[n % 2], **loop) for n in range(4)],
        [stage.request(f"single{n}", 4_000, 300, thread=10 + n, name=f"once_{n}", **loop) for n in range(SINGLES)],
        stage.leak(1, "turn2"),
    )  # fmt: skip


@pytest.fixture
def threads(page: Page, site: Stage) -> Page:
    site.open(page, "view=threads")
    expect(page.get_by_role("group", name="Threads")).to_be_visible()
    return page


def row_of(page: Page, process: str, thread: str) -> Locator:
    return page.get_by_role("region", name=process).get_by_role("row").filter(has_text=thread)


def cells(row: Locator) -> list[str]:
    return [" ".join(text.split()) for text in row.get_by_role("cell").all_inner_texts()]


def test_a_thread_says_what_it_turned_out_to_be_and_for_how_many(threads: Page) -> None:
    native, sharing, requests, people, at_once, unsafe = cells(row_of(threads, "Process 101", "pool_0"))
    assert (native, sharing, requests, people, at_once) == ("702", "sequential", "3", "2", "1")
    assert "shop.current" in unsafe
    expect(row_of(threads, "Process 101", "pool_1").get_by_role("link")).to_have_count(0)
    native, sharing, requests, people, at_once, _ = cells(row_of(threads, "Process 201", "MainThread"))
    assert (native, sharing, requests, people, at_once) == ("701", "interleaved", "4", "2", "4")


def test_the_answer_is_one_sentence_for_each_kind_of_process(threads: Page) -> None:
    answers = threads.get_by_role("list", name="What threads do here").get_by_role("listitem")
    expect(answers).to_have_count(2)
    expect(answers.filter(has_text="gunicorn gthread")).to_contain_text(
        "each thread serves many people, one after another; a threading.local that is not cleared shows the next person"
    )
    expect(answers.filter(has_text="gunicorn gthread")).to_contain_text("1 leak found.")
    expect(answers.filter(has_text="uvicorn")).to_contain_text(
        "one of 7 threads serves many people, up to 4 requests at once; what one request puts into a "
        "threading.local, the others read; a ContextVar holds them apart. No mix-up found."
    )


def test_threads_of_one_request_each_are_counted_and_listed_on_demand(threads: Page) -> None:
    process = threads.get_by_role("region", name="Process 201")
    expect(process.get_by_role("row").filter(has_text="once_")).to_have_count(0)
    process.get_by_text(f"{SINGLES} threads with one request each").click()
    expect(process.get_by_role("row").filter(has_text="once_")).to_have_count(SINGLES)


def test_a_holder_that_is_unsafe_on_a_thread_leads_to_its_finding(threads: Page) -> None:
    row_of(threads, "Process 101", "pool_0").get_by_role("link").first.click()
    expect(threads).to_have_url(re.compile("view=findings"))
    expect(threads.get_by_role("main")).to_contain_text("Another request stood there.")


def test_choosing_a_thread_lights_its_requests_up_in_the_table_and_the_timeline(threads: Page, site: Stage) -> None:
    button = row_of(threads, "Process 101", "pool_0").get_by_role("button")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    details = threads.get_by_role("region", name="pool_0 #2")
    expect(details).to_contain_text("one after another")
    expect(details.get_by_role("button").filter(has_text="/turn0/")).to_be_visible()

    threads.get_by_role("link", name=re.compile("^Requests")).click()
    rows = threads.get_by_role("grid").get_by_role("row").filter(has=threads.get_by_role("gridcell"))
    threads.set_viewport_size({"width": 1440, "height": 1600})  # so that all rows show
    threads.mouse.move(2, 2)
    lit = threads.get_by_role("grid").locator(".is-lit, .is-pinned")
    expect(lit).to_have_count(3)
    assert all("pool_0" in "".join(text.split()) for text in lit.all_inner_texts())
    assert rows.count() > 3
    canvas = Canvas(threads, site)
    names = [Place(6, y) for y in range(AXIS_Y, int(canvas.height) - OVERVIEW_Y)]
    assert canvas.css("lit") in canvas.colours(names)

    threads.keyboard.press("Escape")
    expect(lit).to_have_count(0)
    assert canvas.css("lit") not in canvas.colours(names)


def test_only_the_requests_of_a_thread_show_when_asked_for(threads: Page) -> None:
    row_of(threads, "Process 101", "pool_1").get_by_role("button").click()
    threads.get_by_role("button", name="Show only its requests").click()
    rows = threads.get_by_role("grid").get_by_role("row").filter(has=threads.get_by_role("gridcell"))
    expect(rows).to_have_count(3)
    assert all("pool_1" in "".join(text.split()) for text in rows.all_inner_texts())
    expect(threads.get_by_label("Filter requests")).to_have_value(re.compile("thread:3"))


def test_the_keyboard_alone_chooses_a_thread_and_lets_go_of_it(threads: Page) -> None:
    button = row_of(threads, "Process 201", "MainThread").get_by_role("button")
    button.focus()
    threads.keyboard.press("Enter")
    expect(threads.get_by_role("region", name="MainThread #1")).to_be_visible()
    threads.keyboard.press("Escape")
    expect(threads.get_by_role("region", name="MainThread #1")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(threads: Page, scheme: str) -> None:
    threads.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    threads.set_viewport_size({"width": 320, "height": 640})
    assert threads.evaluate("document.documentElement.scrollWidth") <= 320
    expect(row_of(threads, "Process 101", "pool_0")).to_be_visible()
