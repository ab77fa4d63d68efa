"""Findings as people meet them: the story of a leak, marks that everybody sees, and traces that come as files."""

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from backports import zstd
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, Site
from tests.browser.test_page import sign_in

pytestmark = pytest.mark.browser

LEAK = "demo.scenarios.set_if_signed_in.held.user"


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The shop with the tour's broken pages, of which one has shown alice to anonymous visitors."""
    if not (ROOT / "static" / "dist" / "app.js").exists():
        pytest.skip("static/dist/app.js is missing: make static builds it")
    site = Site(tmp_path_factory.mktemp("site"), DEMO_TOUR_SERVER="gunicorn")
    try:
        site.start()
        leak(site)
        yield site
    finally:
        site.stop()


def leak(site: Site) -> None:
    """Let alice be on every thread of the server, then somebody who is not signed in."""
    with site.customer("alice") as alice, httpx.Client(base_url=site.shop_url) as stranger:
        for visitor in (alice, alice, alice, alice, stranger, stranger):
            assert visitor.get("/tour/set-if-signed-in/broken/").status_code == 200


def groups(page: Page) -> Locator:
    return page.get_by_label("List of groups").get_by_role("button")


def see_findings(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.get_by_role("link", name="Findings").click()
    expect(groups(page).first).to_be_visible()


def leaks(page: Page) -> Locator:
    return groups(page).filter(has_text="crossed").filter(has_text="set_if_signed_in.py")


def open_leak(page: Page) -> Locator:
    """Open the story of the leak that a visitor's page was made with."""
    leaks(page).first.click()
    return page.get_by_role("article")


@contextmanager
def another_browser(page: Page, site: Site) -> Iterator[Page]:
    """Give the page to somebody else."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context()
    try:
        other = context.new_page()
        see_findings(other, site)
        yield other
    finally:
        context.close()


def test_the_story_of_a_leak_shows_both_requests_the_moment_the_place_and_the_fix(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    see_findings(page, site)
    story = open_leak(page)
    expect(story.get_by_role("heading", level=2)).to_contain_text(f"{LEAK} named alice")
    expect(story.get_by_role("figure")).to_contain_text("seen here")
    expect(story.get_by_role("figure")).to_contain_text("it saw the request of alice")
    expect(story).to_contain_text("How to mend it")
    code = story.get_by_label("The fix as code")
    expect(code).to_contain_text("from demo.scenarios.set_if_signed_in import held")
    expect(code).to_contain_text('MIDDLEWARE.insert(1, "clearing.clears_user")')
    expect(story).to_contain_text("reqtrace prove '/tour/set-if-signed-in/broken/'")
    expect(story).to_contain_text("set_if_signed_in.py")
    expect(story).to_contain_text("threading.local")
    story.get_by_role("button", name="Copy as Markdown").click()
    expect(story.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("## While an anonymous visitor was served")
    assert f"- Holder: `{LEAK}` (threading.local)" in copied
    assert "```python\n# clearing.py, beside manage.py\n" in copied
    story.get_by_role("button", name="Copy the code").click()
    expect(story.locator(".fix").get_by_text("Copied")).to_be_visible()
    compile(page.evaluate("() => navigator.clipboard.readText()"), "the fix", "exec")
    story.get_by_title("Tell the story of this one").last.click()
    expect(page.get_by_role("region", name="/tour/set-if-signed-in/broken/")).to_be_visible()


def test_a_mark_is_seen_in_every_open_browser_and_can_be_taken_back(page: Page, site: Site) -> None:
    see_findings(page, site)
    with another_browser(page, site) as other:
        title = other.title()
        story = open_leak(page)
        id_ = leaks(page).first.get_attribute("data-group")
        here, there = (one.locator(f"[data-group='{id_}']") for one in (page, other))
        story.get_by_role("button", name="Mark as known…").click()
        page.keyboard.type("mended with the next release")
        page.keyboard.press("Enter")
        expect(story).to_contain_text("Known: staff marked it")

        expect(there).to_have_count(0)
        assert other.title() != title
        expect(other.get_by_text("1 known, seen")).to_be_visible()
        other.get_by_role("button", name="Show", exact=True).click()
        there.click()
        expect(other.get_by_role("article")).to_contain_text("mended with the next release")

        seen = other.get_by_text("1 known, seen").inner_text()
        leak(site)
        expect(other.get_by_text("1 known, seen")).not_to_have_text(seen)
        expect(here).to_have_count(0)

        other.get_by_role("button", name="No longer known").click()
        expect(here).to_be_visible()
        expect(page.get_by_text("1 known, seen")).to_have_count(0)


def test_the_pages_filter_holds_for_findings(page: Page, site: Site) -> None:
    see_findings(page, site)
    box = page.get_by_label("Filter requests")
    box.fill("path:/nowhere")
    expect(page.get_by_text("No finding of a request that matches the filter.")).to_be_visible()
    box.fill("level:hazard")
    expect(groups(page).filter(has_text="leftover").first).to_be_visible()
    expect(groups(page).filter(has_text="crossed")).to_have_count(0)


@pytest.fixture
def trace(site: Site, tmp_path: Path, page: Page) -> Path:
    """What the store holds, exported."""
    see_findings(page, site)
    path = tmp_path / "trace.json"
    path.write_bytes(page.request.get(f"{site.dashboard_url}/reqtrace/api/export").body())
    return path


def opened(page: Page) -> Locator:
    return page.get_by_role("region", name="Opened files")


DRAGGED = """files => {
    const data = new DataTransfer();
    for (const [name, content] of Object.entries(files)) {
        data.items.add(new File([Uint8Array.from(atob(content), sign => sign.charCodeAt(0))], name));
    }
    return data;
}"""


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Drag files over the page and let go of them there."""
    packed = {name: base64.b64encode(content).decode() for name, content in files.items()}
    data = page.evaluate_handle(DRAGGED, packed)
    page.dispatch_event("body", "dragover", {"dataTransfer": data})
    expect(page.get_by_text("Drop exported files")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": data})


def test_a_file_that_is_dropped_shows_in_place_of_the_live_records_and_nothing_leaves_the_browser(
    page: Page, site: Site, trace: Path
) -> None:
    document = json.loads(trace.read_bytes())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drop(page, {"trace.json": trace.read_bytes()})
    expect(opened(page)).to_contain_text(f"Showing trace.json: {len(document['requests'])} requests. Live is paused.")
    story = open_leak(page)
    expect(story.get_by_role("figure")).to_contain_text("seen here")
    expect(story.get_by_role("button", name="Mark as known…")).to_have_count(0)
    story.get_by_title("Tell the story of this one").first.click()
    details = page.get_by_role("region", name="/tour/set-if-signed-in/broken/")
    expect(details).to_contain_text("pid")
    expect(page.get_by_text("about")).to_have_count(0)  # the clock of no host is said to differ
    assert asked == []

    leak(site)
    page.get_by_role("button", name="Back to live").click()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    expect(opened(page)).to_have_count(0)
    expect(story.get_by_role("button", name="Mark as known…")).to_be_visible()  # the same group, of the store again


def flushed(lines: list[bytes]) -> bytes:
    """Pack lines as a program does that writes them as they come."""
    archive = zstd.ZstdCompressor()
    return b"".join([archive.compress(line, archive.FLUSH_BLOCK) for line in lines] + [archive.flush()])


def test_zstandard_opens_like_any_other_file_in_several_frames_or_cut_off(page: Page, site: Site, trace: Path) -> None:
    whole = trace.read_bytes()
    lines = page.request.get(f"{site.dashboard_url}/reqtrace/api/export?format=ndjson").body().splitlines(keepends=True)
    cut = flushed(lines)
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    files = {
        "frames.json.zst": zstd.compress(whole[:3_000]) + zstd.compress(whole[3_000:], options=checked),
        "cut.ndjson.zst": cut[: len(cut) // 2],
        "broken.zst": cut[:9],
    }
    drop(page, files)
    requests = len(json.loads(whole)["requests"])
    expect(opened(page)).to_contain_text(f"Showing frames.json.zst, cut.ndjson.zst: {requests} requests.")
    expect(page.get_by_role("alert")).to_contain_text(
        "broken.zst was not opened. Nothing of it can be unpacked: the archive ends in the middle."
    )
    page.get_by_text("cut.ndjson.zst: 1 piece left out").click()
    expect(opened(page)).to_contain_text("the archive ends in the middle")


def test_files_that_are_cut_off_packed_or_no_traces_are_told_apart(page: Page, trace: Path, tmp_path: Path) -> None:
    whole = trace.read_bytes()
    files = {
        "cut.json": whole[: len(whole) // 2],
        "whole.json.gz": gzip.compress(whole),
        "newer.json": whole.replace(b'"version":1', b'"version":2', 1),
        "picture.png": b"\x89PNG\r\n\x1a\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    button = page.get_by_role("button", name="Open a file…")
    with page.expect_file_chooser() as choosing:
        button.press("Enter")
    choosing.value.set_files([tmp_path / name for name in files])
    requests = len(json.loads(whole)["requests"])
    expect(opened(page)).to_contain_text(f"Showing cut.json, whole.json.gz: {requests} requests.")
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("newer.json was not opened. It was written by a newer reqtrace")
    expect(refused).to_contain_text("picture.png was not opened. It is a picture.")
    page.get_by_text("cut.json: 1 piece left out").click()
    expect(opened(page)).to_contain_text("the file ends in the middle of a record")
