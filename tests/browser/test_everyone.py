"""The page for everyone: any theme, screen, language and way to move; judged by axe-core where it can judge."""

import gettext
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from reqtrace.records import Frame, Side, User, Writer
from tests.browser.conftest import ARTIFACTS, ROOT
from tests.browser.stage import Stage, stage
from tests.conftest import eventually

pytestmark = pytest.mark.browser

LOCALE = ROOT / "reqtrace" / "locale"
AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"

VIEWS = {
    "requests": ("#", "[role=grid]"),
    "request": ("#request=crossed", ".panel.details .neighbours"),
    "filter": ("#filter=user%3Aalice+ms%3A%3Cx", ".chips"),
    "threads": ("#view=threads", ".thread-table"),
    "thread": ("#view=threads&thread=p1-1", ".panel.details"),
    "findings": ("#view=findings", ".findings"),
    "finding": ("#view=findings&finding=leaks", ".findings.has-open .fix .excerpt"),
    "processes": ("#view=processes", ".stage"),
}
"""Addresses, and what stands there when all of it shows: the details of a request come last."""

THEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active", "color_scheme": "dark"},
}
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 320, "height": 640}},
    "4K": {"viewport": {"width": 3840, "height": 2160}},
    # Zooming to 200% halves the page's pixels and doubles those of the screen.
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}

# Whatever is read or heard on the page, outside what is marked as English.
READ = """() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node instanceof Element ? node : node.parentElement;
        if (element.closest('[lang="en"], script, code, .chip-key')) continue;
        if (node instanceof Text) found.push(node.data);
        else for (const name of ["title", "aria-label", "placeholder"]) found.push(node.getAttribute(name) ?? "");
    }
    return found.map(text => text.trim()).filter(Boolean);
}"""

# Everything that the Tab key shall reach. Of what scrolls, a part that fits has nothing to reach.
REACHABLE = """() => {
    const asked = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const isThere = element => element.checkVisibility() && !element.disabled;
    const found = [...document.querySelectorAll(asked)].filter(isThere);
    found.forEach((element, place) => { element.dataset.place = place; });
    return found.map(element => element.outerHTML.slice(0, 120));
}"""
FOCUSED = """() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const ring = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    // The canvas draws its own.
    const seen = ring || element.matches("canvas");
    return { place: element.dataset.place ?? null, seen, is: element.outerHTML.slice(0, 120) };
}"""
# What the page scrolls sideways for, and what stands where nobody can scroll to.
OUTSIDE = """width => {
    const found = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
    for (const element of document.querySelectorAll("header *, nav *")) {
        const { left, right } = element.getBoundingClientRect();
        const isShown = element.checkVisibility() && right > left && !element.closest(".unseen");
        if (isShown && (left < -1 || right > width + 1)) found.push(element.outerHTML.slice(0, 100));
    }
    return found;
}"""


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A shop in which everything that the page can show has happened once."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    if not AXE.exists():
        pytest.skip("axe-core is missing: .ci/npm ci")
    with stage(tmp_path_factory.mktemp("stage")) as told:
        tell(told)
        yield told


def tell(stage: Stage) -> None:
    alice, bob = (User(state="authenticated", id=who, label=who) for who in ("alice", "bob"))
    both = {"expected": Side(request="crossed", user=alice), "observed": Side(request="seen", user=bob)}
    both["holder"] = "shop.middleware.kept.request"  # of which the fix is told as code
    place = [Frame("shop/views.py", 40 + line, "basket") for line in range(3)]
    asgi = {"server": "uvicorn", "worker_class": "uvicorn", "interface": "asgi"}
    stage.write(
        stage.process("p1", 101, requests=6, dropped=3, faults=1, last_fault="the store: no space left on device"),
        stage.process("p2", 102, host="web-2", requests=2, **asgi),
        stage.process("p3", 103, ended_ns=stage.now_ns),
        stage.thread("p1", 1, "MainThread", users=2, requests=4),
        stage.thread("p1", 2, "ThreadPoolExecutor-1_0", sharing="exclusive", requests=1),
        stage.thread("p2", 1, "MainThread", sharing="interleaved", max_in_flight=2),
        stage.request("seen", 9_000, 700, who="bob"),
        stage.request("crossed", 8_000, 700),
        stage.request("failed", 7_000, 90, status=500, thread=2, name="ThreadPoolExecutor-1_0"),
        stage.request("gone", 6_000, 5, outcome="aborted", status=None),
        stage.request("moved", 5_000, 5, status=302, user=User(state="anonymous", id=None, label=None)),
        stage.request("missing", 4_000, 5, status=404, user=User(state="unresolved", id=None, label=None)),
        stage.request("one", 3_000, 2_000, process="p2", pid=102),
        stage.request("open", 2_000, 0, process="p2", pid=102, outcome="open", status=None),
        stage.leak(1, "crossed", group="leaks", stack=place, writer=Writer("seen", 1), **both),
        stage.leak(2, "moved", group="leaks", stack=place, **both),
        stage.leak(3, "failed", group="hazards", level="hazard", kind="leftover"),
        stage.leak(4, "missing", group="notices", level="notice", kind="lost", holder=None, holder_kind=None),
    )


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Stage) -> Any:
    """Cookies of somebody who may look."""
    context = browser.new_context(locale="en-GB")
    site.open(context.new_page())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visit(browser: Browser, signed_in: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open pages in browsers of their own, none of which may meet an error or break the page's policy."""
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(address: str, *, is_signed_in: bool = True, **options: Any) -> Page:
        given = {"locale": "en-GB", "storage_state": signed_in if is_signed_in else None} | options
        contexts.append(browser.new_context(**given))
        page = contexts[-1].new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.expose_function("reqtraceViolation", lambda broken: errors.append(broken))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', broken =>"
            " reqtraceViolation(`${broken.violatedDirective}: ${broken.blockedURI}`))"
        )
        page.goto(address)
        return page

    yield visit
    ARTIFACTS.mkdir(exist_ok=True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            name = re.sub(r"[^\w-]+", "-", request.node.name)
            page.screenshot(path=ARTIFACTS / f"everyone-{name}-{number}.png")
        context.close()
    assert errors == []


def look(visit: Callable[..., Page], site: Stage, **options: Any) -> Page:
    """Open the page, and wait until it shows what was written."""
    page = visit(site.url, **options)
    expect(page.locator(".verdict.leak")).to_have_count(1)
    return page


def views(page: Page) -> Iterator[str]:
    """Show one view after another, and give their names."""
    for name, (address, shown) in VIEWS.items():
        page.evaluate("hash => { location.hash = hash }", address)
        expect(page.locator(shown).first).to_be_visible(timeout=20_000)
        yield name


def faults(page: Page) -> list[str]:
    """Return what axe-core finds."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['id']}: {node['target']} {node['html'][:150]} {node['any'] and node['any'][0]['message']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(visit: Callable[..., Page], site: Stage, theme: str) -> None:
    page = look(visit, site, **THEMES[theme])
    found = {view: faults(page) for view in views(page)}
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["keys"] = faults(page)
    assert {view: such for view, such in found.items() if such} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_where_people_sign_in(visit: Callable[..., Page], site: Stage, theme: str) -> None:
    page = visit(site.url, is_signed_in=False, **THEMES[theme])
    assert faults(page) == []
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_stands_beside_the_screen(visit: Callable[..., Page], site: Stage, screen: str) -> None:
    page = look(visit, site, **SCREENS[screen])
    width = SCREENS[screen]["viewport"]["width"]
    found = {view: page.evaluate(OUTSIDE, width) for view in views(page)}
    assert {view: such for view, such in found.items() if such} == {}


def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit: Callable[..., Page], site: Stage) -> None:
    page = look(visit, site)
    unreached = {}
    for view in views(page):
        page.evaluate("document.activeElement.blur()")
        wanted = dict(enumerate(page.evaluate(REACHABLE)))
        order: list[int] = []
        for _ in range(len(wanted) + 3):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused["place"] is not None:
                assert focused["seen"], f"{view}: no ring around {focused['is']}"
                order.append(int(focused["place"]))
        unreached[view] = [what for place, what in wanted.items() if place not in order]
    assert {view: such for view, such in unreached.items() if such} == {}


def moving(page: Page) -> dict[str, list[str]]:
    """Return what moves on each view, by the names of its animations."""
    names = "document.getAnimations().map(one => one.animationName ?? one.transitionProperty)"
    return {view: page.evaluate(names) for view in views(page)}


def test_nothing_moves_for_those_who_asked_for_that(visit: Callable[..., Page], site: Stage) -> None:
    site.live_on()
    page = look(visit, site)
    eventually(lambda: moving(page)["requests"] == ["turn"])
    assert not any(moving(look(visit, site, reduced_motion="reduce")).values())


def test_in_german_no_english_is_left(visit: Callable[..., Page], site: Stage) -> None:
    page = look(visit, site, locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    catalog = vars(gettext.translation("djangojs", LOCALE, ["de"]))["_catalog"]
    english = {message for message, german in catalog.items() if message != german}
    found = {view: [text for text in page.evaluate(READ) if text in english] for view in views(page)}
    assert {view: such for view, such in found.items() if such} == {}


def test_the_sign_in_page_speaks_the_language_of_the_visitor(visit: Callable[..., Page], site: Stage) -> None:
    page = visit(site.url, is_signed_in=False, locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Benutzername").fill("nobody")
    page.get_by_label("Passwort").fill("wrong")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("Bitte")
    assert faults(page) == []
    french = visit(site.url, is_signed_in=False, locale="fr-FR")
    expect(french.locator("html")).to_have_attribute("lang", "en")
    expect(french.get_by_role("button", name="Sign in")).to_be_visible()
