"""Jobs and sockets in a real browser: their lanes, who sent what, messages, and what is said of workers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from reqtrace.records import Message, User
from tests.browser.canvas import AXIS_Y, OVERVIEW_Y, Canvas, Place
from tests.browser.conftest import ROOT
from tests.browser.stage import MS, Stage, stage

pytestmark = pytest.mark.browser

ALICE = User("authenticated", "1", "alice")


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server with a page and a socket, a worker of Celery's, and one of RQ's that forks for each job."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    with stage(tmp_path_factory.mktemp("stage")) as told:
        tell(told)
        yield told


def tell(stage: Stage) -> None:
    task = {"protocol": "job", "method": "JOB", "status": None, "route": "letters", "user": User()}
    mail = {**task, "path": "shop.mail", "view": "shop.mail", "process": "c1", "pid": 201, "name": "MainThread"}
    forked = {**task, "path": "shop.count", "view": "shop.count", "process": "q1", "name": "MainThread"}
    sent = {"parent": "order", "presumed": ALICE, "sent_ns": stage.now_ns - 19_000 * MS}
    said = [
        Message(MS, "receive", "websocket.connect"),
        Message(2 * MS, "send", "websocket.accept"),
        Message(900 * MS, "receive", "websocket.receive", 42),
    ]
    stage.write(
        stage.process("p1", 101, server="uvicorn", worker_class="uvicorn", interface="asgi"),
        stage.process("c1", 201, server="celery", worker_class="prefork", interface="worker"),
        stage.process("q1", 303, server="rq", worker_class="fork", interface="worker"),
        stage.thread("p1", 1, "MainThread"),
        stage.thread("c1", 1, "MainThread"),
        [stage.thread("q1", 1 + 100 * n, "MainThread", sharing="exclusive", requests=1) for n in range(5)],
        stage.request("order", 20_000, 4_000),
        stage.request("chat", 18_000, 9_000, protocol="websocket", status=101, path="/chat/", messages=said),
        stage.request("letter", 10_000, 2_000, **mail, **sent),
        stage.request("later", 6_000, 2_000, **mail),
        [
            stage.request(f"count{n}", 9_000 - n * 1_000, 200, pid=300 + n, thread=1 + 100 * n, **forked)
            for n in range(5)
        ],
    )  # fmt: skip


@pytest.fixture
def canvas(page: Page, site: Stage) -> Canvas:
    site.open(page)
    canvas = Canvas(page, site)
    expect(canvas.element).to_be_visible()
    return canvas


def test_an_arrow_leads_from_the_request_to_the_job_that_it_sent(page: Page, canvas: Canvas) -> None:
    canvas.look(21_000, 1_000)
    order, letter = canvas.find("/order", 18_500), canvas.find("shop.mail", 9_000)
    assert canvas.find("/chat/", 12_000).y != order.y, "a socket stands in a lane of its own"
    middle = canvas.x_of(14_500)
    lanes = range(AXIS_Y, int(canvas.height) - OVERVIEW_Y)
    between = [Place(middle + shift, y) for shift in range(-20, 20) for y in lanes]  # it is dashed
    canvas.away()
    assert canvas.css("accent") not in canvas.colours(between)
    canvas.click(letter)
    assert canvas.css("accent") in canvas.colours(between)
    details = page.locator(".panel.details")
    expect(details).to_contain_text("Presumed")
    details.get_by_role("button", name="/order").click()
    expect(details).to_contain_text("GET /order")
    assert canvas.css("accent") in canvas.colours(between), "and from its other end"
    details.get_by_role("button", name="JOB shop.mail").click()
    expect(details).to_contain_text("JOB shop.mail")


def test_messages_of_a_socket_stand_in_its_details(page: Page, canvas: Canvas) -> None:
    canvas.look(21_000, 1_000)
    canvas.click(canvas.find("/chat/", 12_000))
    messages = page.locator(".panel.details").get_by_role("list").filter(has_text="websocket.accept")
    expect(messages.get_by_role("listitem")).to_have_count(3)
    expect(messages.get_by_role("listitem").last).to_contain_text("websocket.receive")
    expect(messages.get_by_role("listitem").last).to_contain_text("42 long")


def test_the_filter_offers_jobs_and_shows_them_alone(page: Page, canvas: Canvas) -> None:
    box = page.get_by_role("combobox", name="Filter")
    box.click()
    page.keyboard.type("protocol:")
    expect(page.get_by_role("option", name="protocol:job")).to_be_visible()
    page.keyboard.type("job ")
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="shop.mail")).to_have_count(2)
    expect(rows.filter(has_text="/order")).to_have_count(0)
    expect(rows.filter(has_text="shop.mail").last).to_contain_text("alice")


def test_it_is_said_what_the_threads_of_workers_do(page: Page, site: Stage) -> None:
    site.open(page, "view=threads")
    told = page.get_by_role("list", name="What threads do here")
    expect(told).to_contain_text("Celery prefork: each process does one job after another; what one leaves in a")
    expect(told).to_contain_text("RQ fork: each job has a process of its own; nothing that one leaves behind")
    expect(page.get_by_text("5 threads with one request each")).to_be_visible()
