"""The timeline in a real browser: what stands where, what it looks like, and every way to move in it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from reqtrace.records import Hop
from tests.browser.canvas import AXIS_Y, HEAD_Y, OVERVIEW_Y, Canvas, Fingers, Place
from tests.browser.conftest import ROOT
from tests.browser.stage import MS, Stage, stage
from tests.conftest import eventually

pytestmark = pytest.mark.browser

PEOPLE = ("alice", "bob", "carol")
RATIOS = (1, 1.25, 2)


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two hosts: on one a worker whose two threads take turns, on the other an event loop with requests at once."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    with stage(tmp_path_factory.mktemp("stage")) as told:
        tell(told)
        yield told


def tell(stage: Stage) -> None:
    loop = {"process": "u1", "pid": 201}
    stage.write(
        stage.process("p1", 101, host="web-1"),
        stage.process(
            "u1", 201, host="web-2", server="uvicorn", worker_class="uvicorn", interface="asgi"
        ),
        [stage.thread("p1", 1 + place, f"pool_{place}") for place in (1, 2)],
        stage.thread("u1", 1, "MainThread", sharing="interleaved", max_in_flight=2),
        stage.thread("u1", 2, "asgiref_0"),
        [
            stage.request(f"turn{n}", 20_000 - n * 1_000, 500, who=PEOPLE[n % 3], thread=2 + n % 2)
            for n in range(12)
        ],
        stage.request("failed", 7_000, 500, who="alice", thread=2, status=500),
        stage.request("one", 20_000, 4_000, who="alice", **loop),
        stage.request("other", 18_000, 4_000, who="bob", **loop),
        stage.request("hopping", 12_000, 3_000, who="carol", thread=2, name="asgiref_0", **loop, hops=[
            Hop(0, "start", 7001, 1), Hop(1_000 * MS, "view", 7002, 2), Hop(2_500 * MS, "response", 7001, 1)
        ]),
        stage.request("endless", 5_000, 0, who="bob", outcome="open", status=None, **loop),
        stage.leak(1, "turn4"),
    )  # fmt: skip


@pytest.fixture
def canvas(page: Page, site: Stage) -> Canvas:
    site.open(page)
    canvas = Canvas(page, site)
    expect(canvas.element).to_be_visible()
    canvas.look(22_000, 0)
    return canvas


def test_heads_of_hosts_and_processes_fold_by_click(canvas: Canvas) -> None:
    top = AXIS_Y + HEAD_Y / 2
    canvas.click(Place(60, top))
    canvas.expect_hash(r"folded=host%3Aweb-1")
    canvas.click(Place(60, top + HEAD_Y))
    assert canvas.hash["folded"] == ["host:web-1", "host:web-2"]
    canvas.click(Place(60, top))
    canvas.click(Place(60, top + HEAD_Y))
    assert canvas.hash["folded"] == ["host:web-2", "p1"]


def test_processes_and_hosts_fold_by_keyboard(canvas: Canvas) -> None:
    canvas.press("c")
    canvas.expect_hash(r"folded=p1")
    canvas.press("c", "Shift+C")
    canvas.expect_hash(r"folded=host%3Aweb-1")
    canvas.look(22_000, 0, "&request=other")
    canvas.press("c")
    canvas.expect_hash(r"folded=u1")


def test_a_leak_in_what_is_folded_stays_red(canvas: Canvas) -> None:
    canvas.press("Shift+C")
    line = [Place(canvas.x_of(16_000) + shift, AXIS_Y + HEAD_Y - 5) for shift in range(-4, 5)]
    assert canvas.css("bad") in canvas.colours(line)


def test_bars_are_coloured_by_what_the_picker_says(canvas: Canvas) -> None:
    agos = {"turn0": 19_700, "turn3": 16_700, "turn1": 18_700, "failed": 6_700}
    places = {path: canvas.find(f"/{path}/", ago) for path, ago in agos.items()}

    def colours_by(what: str) -> dict[str, object]:
        canvas.page.get_by_label("Colour").select_option(what)
        canvas.away()
        return {path: canvas.colour(Place(place.x, place.y)) for path, place in places.items()}

    user = colours_by("user")
    assert user["turn0"] == user["turn3"] == user["failed"] != user["turn1"], "alice, alice, alice and bob"
    status = colours_by("status")
    assert status["turn0"] == status["turn1"] != status["failed"], "200, 200 and 500"
    route = colours_by("route")
    assert len(set(route.values())) == 1, "all have one route"
    canvas.expect_hash("colour=route")
    process = colours_by("process")
    assert len(set(process.values())) == 1


def test_hops_are_drawn_for_the_chosen_request_alone(canvas: Canvas) -> None:
    bar = canvas.find("/hopping/", 10_500)
    between = Place(canvas.x_of(11_000), bar.y - 16)
    way = [Place(between.x + shift, between.y) for shift in (-1, 0, 1)]
    canvas.away()
    assert canvas.css("accent") not in canvas.colours(way)
    canvas.click(bar)
    canvas.expect_hash("request=hopping")
    canvas.away()
    canvas.look(22_000, 0, "&request=hopping")
    way = [Place(canvas.x_of(11_000) + shift, between.y) for shift in (-1, 0, 1)]
    assert canvas.css("accent") in canvas.colours(way)


def test_stretches_with_several_requests_at_once_are_hatched_and_turns_are_not(canvas: Canvas) -> None:
    def tones(path: str, ago_ms: float) -> int:
        bar = canvas.find(path, ago_ms)
        canvas.away()
        return len(set(canvas.colours([Place(bar.x + shift, bar.y) for shift in range(-5, 6)])))

    alone, both = tones("/one/", 18_200), tones("/one/", 16_500)
    assert alone == 1
    assert both > 1, "slanted lines over the bar"
    assert tones("/turn1/", 18_650) == 1


def test_a_leak_is_outlined_and_has_a_marker(canvas: Canvas) -> None:
    bar, clean = canvas.find("/turn4/", 15_650), canvas.find("/turn2/", 17_650)
    canvas.away()

    def edge(bar: Place, ago_ms: float) -> set[object]:
        return set(canvas.colours([Place(canvas.x_of(ago_ms) + shift, bar.y) for shift in (-1, 0)]))

    assert canvas.css("bad") in edge(bar, 16_000)
    assert canvas.css("bad") not in edge(clean, 18_000)
    beside = [Place(canvas.x_of(15_500) + shift, bar.y) for shift in range(4, 16)]
    assert canvas.css("bad") in canvas.colours(beside), "the word has a ground of its own"


def test_a_running_request_grows_to_the_right_edge_and_goes_on_growing(canvas: Canvas) -> None:
    bar = canvas.find("/endless/", 4_000)
    canvas.page.get_by_role("button", name=re.compile("new|Follow", re.IGNORECASE)).first.click()
    canvas.away()
    edge = Place(canvas.width - 4, bar.y)
    ground = canvas.css("lane")
    for _ in range(3):
        assert canvas.colour(edge) != ground
        canvas.page.wait_for_timeout(120)
    canvas.look(22_000, -3_600_000)
    assert canvas.colour(Place(canvas.width - 4, bar.y)) == ground, "the future is empty"


def test_the_overview_shows_leaks_in_red_and_a_drag_in_it_chooses_a_stretch(canvas: Canvas) -> None:
    canvas.look(22_000, 0, "&filter=path:/turn")  # without the one that runs, so that the whole stays as it is
    whole = canvas.after(lambda: canvas.press("0"))
    strip, right, middle = canvas.strip, canvas.width, canvas.height - OVERVIEW_Y / 2
    bad = canvas.css("bad")
    line = canvas.colours([Place(x, middle) for x in range(int(strip), int(right))])
    reds = [place for place, colour in enumerate(line) if colour == bad]
    assert reds
    assert abs(strip + reds[0] - canvas.x_of(16_000)) < 30
    before, after = canvas.after(lambda: canvas.drag(Place(strip + 300, middle), Place(strip + 500, middle)))
    share = (right - strip) / (whole[1] - whole[0])
    assert (before - whole[0]) * share == pytest.approx(300, abs=30)
    assert (after - before) * share == pytest.approx(200, abs=30)


def test_following_lets_go_on_any_pan_counts_what_is_new_and_comes_back(page: Page, site: Stage) -> None:
    site.open(page)
    canvas = Canvas(page, site)
    following = page.get_by_role("button", name="Following")
    expect(following).to_be_visible()
    canvas.drag(Place(600, 200), Place(700, 200))
    canvas.expect_hash("paused=1")
    held = canvas.span
    site.write(site.request("late1", 200, 100), site.request("late2", 90, 50))
    expect(page.get_by_role("button", name="+2 new").first).to_be_visible()
    assert canvas.span == held
    canvas.press("f")
    expect(following).to_be_visible()
    assert "paused" not in canvas.hash


def test_the_wheel_scrolls_pans_with_shift_and_zooms_with_control_at_the_pointer(canvas: Canvas) -> None:
    canvas.page.set_viewport_size({"width": 1200, "height": 420})
    at = Place(700, 80)
    canvas.find("/turn1/", 18_650)
    first = canvas.span
    canvas.wheel(at, 0, 60)
    assert canvas.span == first, "a plain wheel moves no time"
    canvas.wheel(at, 0, -60)

    panned = canvas.after(lambda: canvas.wheel(at, 0, 100, "Shift"))
    assert panned[0] > first[0]
    assert panned[1] - panned[0] == pytest.approx(first[1] - first[0], abs=0.01)

    share = (at.x - canvas.strip) / (canvas.width - canvas.strip)
    under = panned[0] + share * (panned[1] - panned[0])
    before, after = canvas.after(lambda: canvas.wheel(at, 0, -40, "Control"))
    assert after - before < panned[1] - panned[0]
    assert before + share * (after - before) == pytest.approx(under, abs=0.01)


def test_keys_pan_zoom_and_show_everything(canvas: Canvas) -> None:
    first = canvas.span

    def after(key: str) -> tuple[float, float]:
        return canvas.after(lambda: canvas.press(key))

    later = after("d")
    assert later[0] > first[0]
    assert after("a")[0] == pytest.approx(first[0], abs=0.01)
    closer = after("+")
    assert closer[1] - closer[0] < first[1] - first[0]
    wider = after("-")
    assert wider == pytest.approx(first, abs=0.01)
    whole = after("0")
    assert whole[0] < canvas.stage.now_ns / MS - 20_000


def test_arrows_walk_requests_and_signs_walk_findings_and_each_is_said(canvas: Canvas) -> None:
    said = canvas.page.locator(".timeline-section").get_by_role("status")
    canvas.look(22_000, 0, "&request=turn2")
    canvas.press("ArrowRight")
    expect(said).to_contain_text("/turn4/")
    expect(said).to_contain_text("leak")
    canvas.press("ArrowLeft", "ArrowLeft")
    expect(said).to_contain_text("alice, GET /turn0/, 500 ms, on pool_0 of process 101")
    canvas.press("ArrowDown")
    expect(said).to_contain_text("on pool_1")
    canvas.press(".")
    expect(said).to_contain_text("/turn4/")


def test_the_question_mark_lists_the_keys(canvas: Canvas) -> None:
    canvas.press("?")
    dialog = canvas.page.get_by_role("dialog", name="Keyboard")
    for meaning in ("finding before, finding after", "fold or unfold the process", "zoom in, out", "follow"):
        expect(dialog.get_by_text(meaning, exact=True)).to_be_visible()
    canvas.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("ratio", RATIOS)
def test_bars_are_sharp_on_every_screen(canvas: Canvas, ratio: float) -> None:
    devtools = canvas.page.context.new_cdp_session(canvas.page)
    screen = {"width": 1201, "height": 861, "deviceScaleFactor": ratio, "mobile": False}
    devtools.send("Emulation.setDeviceMetricsOverride", screen)
    size = "canvas => [canvas.width, canvas.height, canvas.clientWidth, canvas.clientHeight]"
    canvas.page.wait_for_function(
        "ratio => { const c = document.querySelector('.timeline canvas');"
        " return c.width === Math.round(c.clientWidth * ratio); }",
        arg=ratio,
    )
    width, height, css_width, css_height = canvas.element.evaluate(size)
    assert (width, height) == (round(css_width * ratio), round(css_height * ratio))
    bar = canvas.find("/turn1/", 18_650)
    canvas.away()
    edge = canvas.x_of(19_000)
    tones = canvas.colours([Place(edge + step / ratio, bar.y) for step in range(-5, 6)])
    assert len(set(tones)) <= 3, f"ground, edge and fill, and nothing between them: {tones}"


def test_the_picture_holds_all_lanes_and_their_legend(canvas: Canvas) -> None:
    canvas.page.set_viewport_size({"width": 1200, "height": 420})
    canvas.settle()
    with canvas.page.expect_download() as download:
        canvas.page.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "reqtrace-timeline.png"
    picture = download.value.path().read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
    assert width == round(canvas.width)
    lanes = 4 * 18 + 4 * HEAD_Y  # at least: two heads of hosts, two of processes, four threads
    assert height > AXIS_Y + lanes + OVERVIEW_Y + 40, "nothing is cut off, and the legend stands below"
    assert canvas.height < height, "which is more than shows"


def test_two_fingers_zoom_and_one_pans(canvas: Canvas) -> None:
    fingers = Fingers(canvas)
    first = canvas.span
    y = AXIS_Y + 90
    apart = (Place(600, y), Place(450, y)), (Place(700, y), Place(900, y))
    closer = canvas.after(lambda: fingers.swipe(*apart))
    assert closer[1] - closer[0] < (first[1] - first[0]) / 2
    earlier = canvas.after(lambda: fingers.swipe((Place(600, y), Place(800, y))))
    assert earlier[0] < closer[0]
    assert earlier[1] - earlier[0] == pytest.approx(closer[1] - closer[0], abs=0.01)


def test_on_a_phone_nothing_is_wider_than_the_screen_and_a_tap_opens_a_request(page: Page, site: Stage) -> None:
    devtools = page.context.new_cdp_session(page)
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2.625, "mobile": True}
    devtools.send("Emulation.setDeviceMetricsOverride", phone)
    site.open(page)
    expect(page.locator("canvas")).to_be_hidden()  # what was found goes first
    page.get_by_role("button", name="Timeline").click()
    canvas = Canvas(page, site)
    fingers = Fingers(canvas)
    canvas.look(22_000, 0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert canvas.strip == 108
    bar = canvas.find("/one/", 19_000)
    fingers.tap(bar)
    expect(page.get_by_role("region", name="/one/")).to_be_visible()


def test_the_dark_theme_is_dark_and_a_leak_stands_out_in_it(canvas: Canvas) -> None:
    canvas.page.emulate_media(color_scheme="dark")
    bar = canvas.find("/turn4/", 15_650)
    canvas.away()
    assert max(canvas.colour(Place(canvas.x_of(21_500), bar.y))) < 70
    edge = canvas.colours([Place(canvas.x_of(16_000) + shift, bar.y) for shift in (-1, 0)])
    assert canvas.css("bad") in edge


def test_a_resize_is_followed_at_once(canvas: Canvas) -> None:
    for width, height in ((900, 700), (320, 640), (1700, 1000)):
        canvas.page.set_viewport_size({"width": width, "height": height})
        canvas.page.wait_for_function(
            "() => { const c = document.querySelector('.timeline canvas');"
            " return c.width === Math.round(c.clientWidth * devicePixelRatio); }"
        )
        assert canvas.page.evaluate("document.documentElement.scrollWidth") <= width
        canvas.find("/one/", 19_000)


def test_what_arrives_while_following_stands_at_the_right_edge_soon(page: Page, site: Stage) -> None:
    site.open(page)
    canvas = Canvas(page, site)
    page.get_by_label("Filter requests").fill("path:/soon")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Following")).to_be_visible()
    site.write(site.request("soon", site.age_ms() + 300, 250, thread=2))
    row = AXIS_Y + HEAD_Y + 10  # one process passes the filter, so its host has no line
    line = [Place(x, row) for x in range(int(canvas.strip) + 20, int(canvas.width) - 2, 2)]
    nothing = {canvas.css("lane"), canvas.css("line")}
    eventually(lambda: set(canvas.colours(line)) - nothing, 30)
