"""Measure the timeline in Chromium and the feed behind it: frames, delays, sockets, memory.

The exit code says nothing about the figures: they are for people to read, and no test depends on time.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from playwright.sync_api import Browser

from benchmarks.timeline import drawing, figures, living
from benchmarks.timeline.browser import chromium

OPENINGS = 7
SOCKETS = (1, 50)
SETTLE_SECONDS = 2.0
"""How long a socket is open before it counts."""
LOOKS = 4


def _drawing(browser: Browser, given: argparse.Namespace) -> str:
    return figures.drawing_table(drawing.draw(browser, given.bars, given.rate, given.seconds))


def _live(browser: Browser, given: argparse.Namespace) -> str:
    return figures.live_table(living.follow(browser, given.rate, given.kept, given.seconds * 5))


def _open(browser: Browser, given: argparse.Namespace) -> str:
    return figures.opening_table(living.open_page(browser, 3 * 5_000, OPENINGS))


def _sockets(_: Browser, given: argparse.Namespace) -> str:
    seconds = given.seconds * 4
    runs = list(living.listen(given.rate, SOCKETS, seconds))
    return figures.sockets_table(runs, seconds + SETTLE_SECONDS)


def _memory(browser: Browser, given: argparse.Namespace) -> str:
    return figures.memory_table(living.remember(browser, given.kept, given.hour, given.pace, LOOKS))


PARTS: dict[str, Callable[[Browser, argparse.Namespace], str]] = {
    "drawing": _drawing,
    "live": _live,
    "open": _open,
    "sockets": _sockets,
    "memory": _memory,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timeline", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run (default all)")
    parser.add_argument("--bars", type=int, nargs="+", default=[100_000, 1_000_000], help="(default %(default)s)")
    parser.add_argument("--rate", type=int, default=2_000, help="requests a second (default %(default)s)")
    parser.add_argument("--kept", type=int, default=100_000, help="requests that the page keeps (default %(default)s)")
    parser.add_argument("--hour", type=int, default=360_000, help="requests of an hour (default %(default)s)")
    parser.add_argument("--pace", type=int, default=8_000, help="at which they are sent (default %(default)s a second)")
    parser.add_argument(
        "--seconds", type=float, default=2.5, help="of a run (default %(default)s); live ones take more"
    )
    given = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    with chromium() as browser:
        for name in given.only:
            began = time.monotonic()
            table = PARTS[name](browser, given)
            print(f"{table}\n", flush=True)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"CPUs {os.cpu_count()}, load {load:.1f} before and {os.getloadavg()[0]:.1f} after, no GPU.")


if __name__ == "__main__":
    main()
