"""Makes docs/page.png, the README's picture: the live page, with the demo shop's people in it.

make picture
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from demo.children import Child  # noqa: E402

PICTURE = ROOT / "docs" / "page.png"
PORTS = ("8101", "8102", "8103")
"""Beside those of `make demo`, which may be running."""
MANY = re.compile(r"^\d{3,}$")
"""How many requests to wait for, as text: a hundred."""


def compose(page: Page) -> None:
    """Wait until there is something to see, and choose a request that shared its thread."""
    page.goto(f"http://127.0.0.1:{PORTS[2]}/reqtrace/")
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", MANY, timeout=120_000)
    page.keyboard.press("Space")
    chosen = grid.get_by_role("row").filter(has_text=" before").first
    chosen.click()
    expect(page.get_by_role("button", name="Close details")).to_be_visible()
    page.mouse.move(1, 1)


def main() -> int:
    """Run the demo, look at it, and keep the picture; return the exit code."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        demo = Child(
            "demo",
            [sys.executable, "-m", "demo.run", "--ports", *PORTS],
            Path(folder),
            environment={"DEMO_VAR": folder, "PYTHONPATH": str(ROOT)},
        )
        demo.start()
        try:
            with sync_playwright() as playwright:
                # Chromium's sandbox does not work for root, which one is in most containers.
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=[] if os.geteuid() else ["--no-sandbox"]
                )
                page = browser.new_page(viewport={"width": 1440, "height": 860}, device_scale_factor=1)
                wait_for_demo(page, demo)
                compose(page)
                page.screenshot(path=PICTURE)
                browser.close()
        finally:
            demo.stop()
    print(PICTURE.relative_to(ROOT))
    return 0


def wait_for_demo(page: Page, demo: Child) -> None:
    """Wait until the demo says that all of it runs."""
    while "Ctrl-C ends it all." not in demo.tail():
        demo.require_alive()
        page.wait_for_timeout(200)


if __name__ == "__main__":
    sys.exit(main())
