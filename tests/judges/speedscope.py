"""speedscope in a browser, and what it understood: the file that it saves."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.judges.node import package


def read_again(page: Page, trace: bytes) -> Any:
    """Return a trace as speedscope saves it, in its own format (speedscope.app/file-format-schema.json)."""
    show(page, trace)
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    return json.loads(Path(download.value.path()).read_text())


def show(page: Page, trace: bytes) -> None:
    """Open a trace in speedscope's page."""
    folder = package("speedscope") / "dist" / "release"

    def answer(route: Any) -> None:
        path = route.request.url.split("://speedscope.test/")[-1].split("?")[0].split("#")[0]
        if path == "trace.json":
            route.fulfill(body=trace, content_type="application/json")
        else:
            route.fulfill(path=folder / (path or "index.html"))

    page.route("**/*", answer)
    with page.expect_console_message(lambda message: message.text.startswith("import:"), timeout=60_000):
        page.goto("http://speedscope.test/index.html#profileURL=http://speedscope.test/trace.json")
