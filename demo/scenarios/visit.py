"""The people of the tour: real sessions, real connections, and what each of them was shown."""

import http.client
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx
from websockets.sync.client import connect

PEOPLE = ("alice", "bob", "carol", "dave")
VISITOR = "a visitor"
SECONDS = 20
"""How long an answer may take."""
LAST = "last/"
"""The page below each way that tidies up: once the traces of it are there, everything before it is."""
THREADS = 4
"""How many threads the scenarios' gunicorn has."""

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Saw(NamedTuple):
    """What somebody was shown."""

    person: str
    text: str

    @property
    def is_wrong(self) -> bool:
        """Tell whether it was meant for somebody else."""
        return any(name in self.text for name in PEOPLE if name != self.person)


class Person:
    """Somebody with a browser."""

    def __init__(self, name: str, url: str, cookies: httpx.Cookies | None = None) -> None:
        """Browse below `url`, with the cookies of an earlier sign-in."""
        self.name = name
        self.browser = httpx.Client(base_url=url, cookies=cookies, timeout=SECONDS, trust_env=False)

    @property
    def cookie_header(self) -> str:
        """Return the browser's cookies as they go over the wire."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.browser.cookies.jar)


class Visit:
    """One walk of several people through one way of a scenario, against one server."""

    def __init__(self, server: str, prefix: str, sessions: Mapping[str, httpx.Cookies]) -> None:
        """Walk through the pages below ``server + prefix``, with the sessions of `signed_in`."""
        self.server = server
        self.prefix = prefix
        self.saw: list[Saw] = []
        self._sessions = sessions
        self._people: list[Person] = []
        self._run = uuid4().hex[:8]
        self._waves = 0

    def person(self, name: str, site: str = "") -> Person:
        """Bring somebody who has signed in, perhaps to another site of the same shop."""
        return self._bring(Person(name, self.server + self.prefix, self._sessions[name]), site)

    def visitor(self) -> Person:
        """Bring somebody whom nobody knows."""
        return self._bring(Person(VISITOR, self.server + self.prefix))

    def opens(self, person: Person, page: str = "", **query: object) -> None:
        """Let somebody open a page."""
        self.saw.append(self._open(person, page, query))

    def at_once(self, *people: Person) -> None:
        """Let people open the page so that all are in it at the same time."""
        wave = self._wave(len(people))
        with ThreadPoolExecutor(len(people)) as pool:
            self.saw.extend(pool.map(lambda person: self._open(person, "", wave), people))

    def on_every_thread(self, person: Person) -> None:
        """Let somebody open the page so often at once that each of gunicorn's threads has had its turn."""
        self.at_once(*[person] * THREADS)

    def talk_at_once(self, *people: Person) -> None:
        """Let people open a socket so that all are connected at the same time, and listen until it is closed."""
        wave = self._wave(len(people))
        with ThreadPoolExecutor(len(people)) as pool:
            self.saw.extend(pool.map(lambda person: self._talk(person, wave), people))

    def without_waiting(self, *people: Person) -> None:
        """Send several people's requests over one connection without waiting, as a proxy in front may do."""
        with self._connection() as (connection, answers):
            connection.sendall(b"".join(self._request("GET", person) for person in people))
            for person in people:
                self.saw.append(Saw(person.name, _next_of(answers)))

    def behind_an_upload(self, uploader: Person, size: int, person: Person, page: str) -> None:
        """Let somebody open a page over the connection over which somebody else has sent so many bytes before."""
        with self._connection() as (connection, answers):
            connection.sendall(self._request("POST", uploader, body=bytes(size)))
            self.saw.append(Saw(uploader.name, _next_of(answers)))
            connection.sendall(self._request("GET", person, page))
            self.saw.append(Saw(person.name, _next_of(answers)))

    def end(self) -> None:
        """Ask for the last page, on every thread at once."""
        address, wave = f"{self.server}{self.prefix}{LAST}", self._wave(THREADS)
        with ThreadPoolExecutor(THREADS) as pool:
            answers = pool.map(
                lambda _: httpx.get(address, params=wave, timeout=SECONDS, trust_env=False), range(THREADS)
            )
        for answer in answers:
            answer.raise_for_status()

    def close(self) -> None:
        """Close all browsers."""
        for person in self._people:
            person.browser.close()

    def _bring(self, person: Person, site: str = "") -> Person:
        if site:
            person.browser.headers["Host"] = site
        self._people.append(person)
        return person

    @contextmanager
    def _connection(self) -> Iterator[tuple[socket.socket, BinaryIO]]:
        """Connect; what is kept alive by a browser's pool may be any connection."""
        address = urlsplit(self.server).hostname, urlsplit(self.server).port
        with socket.create_connection(address, timeout=SECONDS) as connection, connection.makefile("rb") as answers:
            yield connection, answers

    def _request(self, method: str, person: Person, page: str = "", body: bytes = b"") -> bytes:
        headers = {
            "Host": urlsplit(self.server).hostname,
            "Cookie": person.cookie_header,
            "X-CSRFToken": person.browser.cookies.get("csrftoken"),
            "Content-Length": len(body),
        }
        lines = [f"{method} {self.prefix}{page} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _wave(self, of: int) -> dict[str, object]:
        self._waves += 1
        return {"wave": f"{self._run}-{self._waves}", "of": of}

    def _open(self, person: Person, page: str, query: Mapping[str, object]) -> Saw:
        answer = person.browser.get(page, params={"run": self._run, **query})
        answer.raise_for_status()
        return Saw(person.name, answer.text.strip())

    def _talk(self, person: Person, wave: Mapping[str, object]) -> Saw:
        address = f"{self.server.replace('http', 'ws', 1)}{self.prefix}?{urlencode(wave)}"
        with connect(address, additional_headers={"Cookie": person.cookie_header}, proxy=None) as connection:
            return Saw(person.name, "\n".join(map(str, connection)))


def _next_of(answers: BinaryIO) -> str:
    """Read one answer off a connection."""
    status = answers.readline().decode().strip()
    text = answers.read(int(http.client.parse_headers(answers)["Content-Length"] or 0)).decode()
    return text if " 200 " in status else status


def signed_in(server: str, names: Iterable[str], password: str) -> dict[str, httpx.Cookies]:
    """Sign people in at a server through its form, and return their cookies by name."""
    sessions: dict[str, httpx.Cookies] = {}
    for name in names:
        with httpx.Client(base_url=server, timeout=SECONDS, trust_env=False) as browser:
            token = _TOKEN.search(browser.get("/login/").text)
            form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
            answer = browser.post("/login/", data=form)
            if answer.status_code != httpx.codes.FOUND:
                raise LookupError(f"{name} could not sign in at {server}: it answered {answer.status_code}.")
            sessions[name] = browser.cookies
    return sessions
