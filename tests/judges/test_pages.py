"""Chrome's Trace Event JSON in the pages that people open it with."""

from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page

from reqtrace.exporters import registry
from tests.judges import firefox, speedscope
from tests.judges.crowd import Crowd

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """Return a trace with all that is hard to draw."""
    return Crowd()


@pytest.fixture(scope="module")
def exported(crowd: Crowd) -> bytes:
    """Return it in this format."""
    return b"".join(registry.exporter("chrome").chunks(crowd))


def test_speedscope_shows_every_bar_for_as_long_as_it_was_and_complains_of_none(
    crowd: Crowd, exported: bytes, page: Page
) -> None:
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error") and "GL Driver Message" not in message.text:
            said.append(message.text)

    page.on("console", note)
    read = speedscope.read_again(page, exported)
    assert said == []
    names = [frame["name"] for frame in read["shared"]["frames"]]
    lengths, bars = {}, 0
    for profile in read["profiles"]:
        begun: dict[int, float] = {}
        for event in profile["events"]:
            if event["type"] == "O":
                begun[event["frame"]], bars = event["at"], bars + 1
            else:
                lengths[names[event["frame"]]] = round((event["at"] - begun.pop(event["frame"])) * 1_000)
        assert not begun
    lasting = [one for one in crowd.made if one.duration_ns]  # what takes no time, it has no room for
    elsewhere = sum(len({hop.thread_serial for hop in one.hops} - {one.thread_serial}) for one in lasting)
    assert bars == len(lasting) + elsewhere
    for one in lasting:
        (name,) = (name for name in lengths if one.id in name and '"user":' in name)
        assert lengths[name] == one.duration_ns
    assert len(read["profiles"]) == 12


def test_the_firefox_profiler_shows_every_bar_and_instant_with_its_words(
    crowd: Crowd, exported: bytes, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.json"
    trace.write_bytes(exported)
    with firefox.loaded(trace, tmp_path) as profiler:
        found = profiler.ask("profile", "markers", "--limit", "0")
        threads = profiler.ask("thread", "list", "--limit", "0")["threads"]
    assert found["totalCount"] == len(crowd.made) + crowd.hops + len(crowd.found) + len(crowd.gone)
    origin = min(one.start_ns for one in crowd.made)
    labels = {marker["label"]: marker for marker in found["markers"]}
    for one in crowd.made:
        (marker,) = (marker for label, marker in labels.items() if label.endswith(f"views.orders, {one.id}"))
        assert marker["name"] == f"GET {one.path}"
        assert round(marker["start"] * 10**6) == one.start_ns - origin
        assert round((marker["duration"] or 0) * 10**6) == one.duration_ns
    for one in (*crowd.found, *crowd.gone):
        assert f"{one.message} {one.fix}" in labels
    assert [thread["name"] for thread in threads[:2]] == ["MainThread #1 (101)", "MainThread #1 (101) · slot 2"]
    assert {thread["processName"] for thread in threads} == {
        "Findings whose request is no longer there",
        "gunicorn gthread on web-1",
        "uvicorn uvicorn on web-2, pid 101",
    }
