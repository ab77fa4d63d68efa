"""Whatever somebody asks of the API or tells the socket, a real server answers plainly and goes on."""

import json
import string
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from dashboard.protocol import Hello
from reqtrace.reading.queries import PARAMETERS
from reqtrace.stores import registry
from tests.dashboard import samples
from tests.dashboard.wire import Place, Running, hear_until
from tests.redis_server import PROGRAM, free_port, redis_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

SERVE = ("-m", "tests.dashboard.serve", "127.0.0.1", "0")
SAYS = r"http://(?P<address>[^/]+)/reqtrace/"
bounded = settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
"""A few seconds each on a quiet machine."""

LISTS = ("requests", "threads", "processes", "findings", "export", "health", "metrics", "marks")
EDGES = [
    "", "0", "1", "-1", "1000", "1001", "404", "5xx", "9xx", "1h", "0s", "99999999999d", "1e9", "inf", "nan", "\u0663",
    "\uff11", str(2**31), str(2**53), str(2**62), str(2**63 - 1), str(2**63), "9" * 19, "9" * 25, ">1", "<=0.5", "=1",
    ">" + "9" * 18, "<" + "9" * 18, "2026-01-31T12:00:00Z", "0001-01-01", "9999-12-31T23:59:59", "anonymous", "alice",
    "unresolved", "/", "//", "%", "_", "*", "\\", "'", '"', '","', "[", "]", "\0", "\n", "\t", "\x1b[31m", "\u2028",
    "\U0001f600", "crossed", "leak", "Leak", "http", "x" * 3_000, "../../etc/passwd", "{}", "' OR 1=1",
]  # fmt: skip
values = st.one_of(
    st.sampled_from(EDGES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.integers(-(2**70), 2**70).map(str),
    st.from_regex(r"[<>]=?[0-9.]{1,20}", fullmatch=True),
    st.from_regex(r"[0-9]{1,19}[smhd]?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9])?([+-][0-9]{2}:[0-9]{2}|Z)?", fullmatch=True),
)
names = st.one_of(st.sampled_from([*PARAMETERS, "format"]), st.text(string.ascii_lowercase + "_[]", max_size=8))
questions = st.lists(st.tuples(names, values), max_size=4)
ids = st.one_of(st.sampled_from(["r1", "r2", "f1", "g"]), st.text(string.printable, min_size=1, max_size=30))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
seen = st.integers(-(2**70), 2**70).map(lambda position: json.dumps({"type": "seen", "position": position}))
told = st.lists(st.one_of(seen, JSON.map(json.dumps), st.text(max_size=60), st.binary(max_size=200)), max_size=6)
after = st.one_of(st.sampled_from(EDGES), st.integers(-(2**65), 2**65).map(str))


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a dashboard over a store with something in it; in the end it must have met no fault."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield from _served(Place(folder), None)
    elif PROGRAM is None:
        pytest.skip("redis-server is not installed")
    else:
        port = free_port()
        with redis_server(port, folder):
            yield from _served(Place(folder), f"redis://127.0.0.1:{port}/0")


def _served(place: Place, address: str | None) -> Iterator[Running]:
    if address is not None:
        place.environment |= {"REQTRACE_STORE": address}
    store = place.store if address is None else registry.open_store(address)
    records = [samples.process(), samples.thread(1), samples.request(1), samples.request(2, status=404)]
    samples.append(store, [*records, samples.finding(1, "r1"), samples.measurement(1)])
    try:
        with place.running(*SERVE, says=SAYS) as server:
            yield server
        assert "Traceback" not in server.printed, server.printed
    finally:
        store.close()
        place.store.close()


@pytest.fixture(scope="module")
def staff(server: Running) -> Iterator[httpx.Client]:
    with server.visitor("staff") as visitor:
        yield visitor


def check(staff: httpx.Client, name: str, asked: list[tuple[str, str]]) -> None:
    """Ask, and see that the answer is one, or a refusal that names what was wrong."""
    answer = staff.get(f"/reqtrace/api/{name}", params=asked)
    assert answer.status_code in (200, 400), (name, asked, answer.status_code, answer.text[:500])
    assert answer.content
    if answer.status_code == 400:
        refusal = answer.json()
        assert refusal["parameter"] in dict(asked), refusal
        assert refusal["parameter"] in refusal["error"], refusal


def test_every_parameter_takes_or_refuses_every_odd_value(server: Running, staff: httpx.Client) -> None:
    for number, (parameter, value) in enumerate(islice(product((*PARAMETERS, "format"), EDGES), 0, None, 2)):
        check(staff, LISTS[(number + number // len(EDGES)) % 5], [(parameter, value)])


def test_a_question_is_answered_or_refused_by_name_whatever_it_says(server: Running, staff: httpx.Client) -> None:
    @bounded
    @given(name=st.sampled_from(LISTS), asked=questions)
    def ask(name: str, asked: list[tuple[str, str]]) -> None:
        check(staff, name, asked)

    ask()


def test_one_thing_is_found_or_not_whatever_it_is_called(server: Running, staff: httpx.Client) -> None:
    @bounded
    @given(place=st.sampled_from(["requests/{}", "findings/{}/code", "marks/{}"]), id_=ids, head=st.booleans())
    def look(place: str, id_: str, head: bool) -> None:
        url = "/reqtrace/api/" + place.format(quote(id_, safe=""))
        answer = staff.request("HEAD" if head else "GET", url)
        assert answer.status_code in (200, 301, 400, 404, 405), (answer.status_code, answer.text[:500])

    look()


def test_a_mark_is_kept_or_refused_whatever_it_says(server: Running, staff: httpx.Client) -> None:
    asked = staff.get("/reqtrace/api/marks").json()
    headers = {asked["csrf_header"]: asked["csrf_token"], "origin": f"http://{server.address}"}

    @bounded
    @given(method=st.sampled_from(["POST", "DELETE", "PUT", "PATCH"]), body=st.one_of(st.binary(max_size=200), JSON))
    def mark(method: str, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = staff.request(method, "/reqtrace/api/marks/g", content=content, headers=headers)
        assert answer.status_code in (200, 201, 204, 400, 404, 405), (answer.status_code, answer.text[:500])

    mark()


def test_a_socket_that_is_told_anything_goes_on_or_is_closed_and_others_are_served(
    server: Running, staff: httpx.Client
) -> None:
    @settings(bounded, max_examples=25)
    @given(known=after, messages=told)
    def tell(known: str, messages: list[str | bytes]) -> None:
        path = f"/reqtrace/live/?{httpx.QueryParams({'after': known})}"
        with server.socket(staff, path=path) as socket, suppress(ConnectionClosed):  # as it is to a text that is none
            for message in messages:
                socket.send(message)
            hear_until(socket, Hello, seeing=False)
        with server.socket(staff) as another:
            hear_until(another, Hello)

    tell()
