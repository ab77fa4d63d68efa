"""Light traffic: a few people who shop at several servers at once, each with a session of their own.

    python -m demo.traffic http://127.0.0.1:8001 http://127.0.0.1:8002

It goes on until SIGTERM or SIGINT, then says what came back; the exit code is 1 when something unexpected did.
"""

import asyncio
import html
import os
import random
import re
import signal
import sys
from collections import Counter

import httpx

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")

from django.conf import settings

PAGES = (
    "/", "/", "/products/tea/", "/products/lamp/", "/cart/", "/offers/", "/warehouses/", "/prices.txt", "/terms.txt",
    "/account/", "/account/", "/account/async/", "/account/async/", "/orders.csv", "/delivery/",
    "/nowhere/", "/broken/",
)  # fmt: skip
EXPECTED_STATUS = {"/nowhere/": 404, "/broken/": 500}
SIGN_IN_AGAIN = 0.02
"""How likely somebody signs out and in again at each step."""
BUY = 0.1
"""How likely somebody buys something at each step."""

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_WHO = re.compile(r"<h1>You are (\w+)</h1>")


class Person:
    """Somebody with a name, a browser and a session that holds at all servers, as they share the database."""

    def __init__(self, name: str, servers: list[str], seen: Counter[str]) -> None:
        """Shop as `name`, counting what comes back in `seen`."""
        self.name = name
        self.servers = servers
        self.seen = seen
        self.unexpected: list[str] = []
        # gunicorn closes a connection that was idle for two seconds: let go of it before, or a request may meet that.
        limits = httpx.Limits(keepalive_expiry=1)
        self.browser = httpx.AsyncClient(headers={"User-Agent": settings.TRAFFIC_AGENT}, limits=limits, timeout=30)

    async def shop(self) -> None:
        """Sign in, then go from page to page, without end."""
        async with self.browser:
            await self.sign_in()
            while True:
                await self.step(random.choice(PAGES))
                await asyncio.sleep(random.expovariate(4))

    async def step(self, path: str) -> None:
        """Open one page, and now and then do more."""
        if random.random() < SIGN_IN_AGAIN:
            await self.post("/", "/logout/", {})
            await self.sign_in()
        if random.random() < BUY:
            await self.post("/products/mug/", "/cart/", {"product": "mug"})
            await self.post("/cart/", "/checkout/", {})
        page = await self.get(path)
        who = _WHO.search(page.text)
        if who and who[1] != self.name:
            self.unexpected.append(f"{self.name} was shown the account of {who[1]} at {page.url}")

    async def sign_in(self) -> None:
        """Sign in through the form, as people do."""
        credentials = {"username": self.name, "password": settings.PASSWORD}
        page = await self.post("/login/", "/login/", credentials)
        if not _WHO.search(page.text):
            self.unexpected.append(f"{self.name} could not sign in at {page.url}")

    async def get(self, path: str) -> httpx.Response:
        """Open a page on any of the servers."""
        url = random.choice(self.servers) + path
        return self.count(await self.browser.get(url), EXPECTED_STATUS.get(path, 200))

    async def post(self, form: str, path: str, values: dict[str, str]) -> httpx.Response:
        """Open the page that bears the form, and send it."""
        page = await self.get(form)
        token = _TOKEN.search(page.text)
        if token is None:
            self.unexpected.append(f"{page.url} bears no form")
            return page
        url = page.url.join(path)
        values = values | {"csrfmiddlewaretoken": html.unescape(token[1])}
        return self.count(await self.browser.post(url, data=values, follow_redirects=True), 200)

    def count(self, page: httpx.Response, status: int) -> httpx.Response:
        """Note what came back."""
        self.seen[str(page.status_code)] += 1
        if page.status_code != status:
            self.unexpected.append(f"{page.url} answered {page.status_code} instead of {status}")
        return page


async def main(servers: list[str]) -> int:
    """Let everybody shop until a signal comes; return the exit code."""
    seen: Counter[str] = Counter()
    people = [Person(name, servers, seen) for name in settings.CUSTOMERS]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shopping = [asyncio.create_task(person.shop(), name=person.name) for person in people]
    await asyncio.wait([asyncio.create_task(stop.wait()), *shopping], return_when=asyncio.FIRST_COMPLETED)
    for task in shopping:
        task.cancel()
    ends = await asyncio.gather(*shopping, return_exceptions=True)
    unexpected = [line for person in people for line in person.unexpected]
    unexpected += [repr(end) for end in ends if not isinstance(end, asyncio.CancelledError)]
    print("Answers by status:", ", ".join(f"{status}: {count}" for status, count in sorted(seen.items())))
    for line in unexpected[:20]:
        print("Unexpected:", line)
    return 1 if unexpected or not seen else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
