"""The drive: people ask for the pages of a kind on a real server, and what was found is held against the answers."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx

from demo.children import Child
from demo.lab.field.base import NOBODYS, Kind
from demo.lab.servers import ROOT, environment_of, free_port
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Request
from reqtrace.stores.sqlite import SqliteStore

COMMANDS = {
    "gthread": "gunicorn -b 127.0.0.1:{port} -w 1 -k gthread --threads 4 --keep-alive 30 --log-level warning "
    "demo.lab.field.wsgi:application",
    "gevent": "gunicorn -b 127.0.0.1:{port} -w 1 -k gevent --log-level warning demo.lab.field.wsgi:application",
    "uvicorn": "uvicorn --port {port} --loop asyncio --no-access-log demo.lab.field.asgi:application",
    "daphne": "daphne -b 127.0.0.1 -p {port} demo.lab.field.asgi:application",
}
SETTLING_SECONDS = 4
START_SECONDS = 60
NOBODY = "nobody"
"""Who is not signed in."""
SHARED = "shared"
SHIPPING_SECONDS = 10


@dataclass
class Outcome:
    """What came of one drive through one way."""

    asked: int = 0
    mixed: set[str] = field(default_factory=set)
    """The keys of the requests that took themselves for another, or their visitor for somebody else."""
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    """By key."""

    def kinds(self, key: str) -> set[str]:
        """Return the kinds of what was found of a request."""
        return {finding.kind for finding in self.findings.get(key, ())}

    def missed(self, kinds: frozenset[str]) -> set[str]:
        """Return the mixed ones for which none of these kinds was found."""
        return {key for key in self.mixed if not kinds & self.kinds(key)}

    def false(self) -> list[Finding]:
        """Return the leaks that were said of requests that were not mixed up."""
        return [
            finding
            for key, findings in self.findings.items()
            for finding in findings
            if finding.level == "leak" and key not in self.mixed
        ]


class Asked(NamedTuple):
    """A request, and what was answered."""

    kind: str
    way: str
    name: str
    """Who asked."""
    seen: str
    """Whom the application took them for."""


class Field:
    """A server that answers, its people, and what reqtrace has written."""

    def __init__(self, port: int, people: Mapping[str, str], store: str) -> None:
        """Speak to the server on `port` as `people`, who are known by their session keys."""
        self._url = f"http://127.0.0.1:{port}"
        self._people = people
        self._store = store
        self._asked: dict[str, Asked] = {}

    def visit(self, kind: Kind, way: str, *, times: int = 10) -> None:
        """Let people ask for the page so many times, one after another, or as many at once as it takes."""
        names = [next(iter(self._people)), NOBODY] if kind.strangers else list(self._people)[: max(2, kind.at_once)]
        with ThreadPoolExecutor(kind.at_once) as pool, httpx.Client(base_url=self._url, timeout=20) as browser:
            for wave in range(times // kind.at_once):
                turn = wave * (wave + 1) // 2  # a, b, b, a, a: whatever thread a server chooses, it meets all
                chosen = [names[(turn + number) % len(names)] for number in range(kind.at_once)]
                keys = [f"{way}-{len(self._asked) + number}" for number in range(kind.at_once)]
                paths = [f"/{kind.name}/{way}/{key}/?of={kind.at_once}&wave={keys[0]}" for key in keys]
                if kind.shares_path:
                    paths = [f"/{kind.name}/{way}/{SHARED}/"]
                cookies = [{"Cookie": f"sessionid={self._people[name]}"} if name != NOBODY else {} for name in chosen]
                got = list(pool.map(lambda path, headers: browser.get(path, headers=headers), paths, cookies))
                for key, name, response in zip(keys, chosen, got, strict=True):
                    if response.status_code != 200:
                        raise AssertionError(f"{kind.name} {way} answered {response.status_code}: {response.text}")
                    _, seen = response.text.split()
                    self._asked[key] = Asked(kind.name, way, name, seen)

    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """Return what came of it, by kind and way, once all is written."""
        outcomes: defaultdict[tuple[str, str], Outcome] = defaultdict(Outcome)
        with closing(SqliteStore(self._store)) as store:
            reader = Reader(store)
            deadline = time.monotonic() + SHIPPING_SECONDS
            while time.monotonic() < deadline:
                keys = self._keys(sorted(reader.requests(), key=lambda request: request.id))
                if self._asked.keys() <= set(keys.values()):
                    break
                time.sleep(0.05)
            faults = [process.last_fault for process in reader.processes() if process.last_fault]
            if faults:
                raise AssertionError(faults)
            for key, asked in self._asked.items():
                outcome = outcomes[asked.kind, asked.way]
                outcome.asked += 1
                if asked.seen not in (asked.name, NOBODYS):
                    outcome.mixed.add(key)
            for finding in reader.findings():
                key = keys.get(finding.request, "")
                of = (self._asked[key].kind, self._asked[key].way) if key in self._asked else ("", "")
                outcomes[of].findings.setdefault(key, []).append(finding)
        return outcomes

    def _keys(self, requests: list[Request]) -> dict[str, str]:
        """Return the keys of requests by their ids; those to one address came in the order in which they were sent."""
        shared: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
        for key, asked in self._asked.items():
            shared[asked.kind, asked.way].append(key)
        keys = {}
        for request in requests:
            _, kind, way, key, *_ = [*request.path.split("/"), "", "", ""]
            waiting = shared[kind, way]
            keys[request.id] = waiting.popleft() if key == SHARED and waiting else key
        return keys


def prepared(directory: Path, **environment: str) -> tuple[dict[str, str], Mapping[str, str]]:
    """Make a database and its people; return the environment that leads there, and people's session keys."""
    settings = {
        **environment_of("demo.lab.field.project", directory),
        "FIELD_DATABASE": str(directory / "db.sqlite3"),
        **environment,
    }
    prepare = [sys.executable, "-m", "demo.lab.field.prepare"]
    made = subprocess.run(prepare, env=os.environ | settings, check=True, capture_output=True, cwd=ROOT)
    return settings, json.loads(made.stdout.splitlines()[-1])


@contextmanager
def serving(server: str, **environment: str) -> Iterator[Field]:
    """Run a server of `COMMANDS` with a database and a store of its own, until the block ends."""
    with TemporaryDirectory(prefix="reqtrace-field-") as name:
        directory, port = Path(name), free_port()
        settings, people = prepared(directory, **environment)
        program, *arguments = COMMANDS[server].format(port=port).split()
        child = Child(server, [sys.executable, "-m", program, *arguments], directory, settings)
        child.start()
        try:
            _wait_until_it_answers(child, port)
            yield Field(port, people, settings["REQTRACE_STORE"])
        finally:
            child.stop()


def _wait_until_it_answers(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        child.require_alive()
        try:
            httpx.get(f"http://127.0.0.1:{port}/alive/", timeout=5)
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
