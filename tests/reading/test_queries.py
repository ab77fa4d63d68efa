"""Filters: what their texts mean, what they refuse, and what they let through."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqtrace.exceptions import QueryError
from reqtrace.reading import queries
from reqtrace.reading.queries import Page, Query
from reqtrace.records import Hop, User
from tests.factories import ALICE, START_NS, finding, request

NOW_NS = START_NS + 3_600 * 10**9


def parsed(**parameters: str) -> Query:
    """Return the query of these parameters."""
    return queries.parse(parameters, NOW_NS)[0]


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("90s", NOW_NS - 90 * 10**9),
        ("15m", NOW_NS - 15 * 60 * 10**9),
        ("2h", NOW_NS - 2 * 3600 * 10**9),
        ("1d", NOW_NS - 86_400 * 10**9),
        ("1769860800", START_NS),
        ("1769860800.25", START_NS + 250_000_000),
        ("1769860800.1234567899", START_NS + 123_456_789),
        ("2026-01-31T12:00:00Z", START_NS),
        ("2026-01-31T13:00:00+01:00", START_NS),
        ("2026-01-31T12:00:00.123456Z", START_NS + 123_456_000),
    ],
)
def test_a_time_is_an_age_or_iso_8601_or_unix_seconds(text: str, expected_ns: int) -> None:
    assert parsed(since=text).since_ns == expected_ns
    assert parsed(until=text).until_ns == expected_ns


def test_a_time_without_a_zone_is_local() -> None:
    moment = datetime(2026, 1, 31, 12).astimezone()
    assert parsed(since="2026-01-31T12:00:00").since_ns == int(moment.timestamp()) * 10**9


@given(st.integers(min_value=0, max_value=10**16))
def test_a_time_loses_no_microsecond(microseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    nanoseconds = parsed(since=moment.isoformat()).since_ns
    assert nanoseconds == microseconds * 1_000


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("since", "yesterday", "an age such as 90s"),
        ("since", "9" * 5_000, "an age such as 90s"),
        ("since", "9" * 5_000 + "d", "an age such as 90s"),
        ("status", "700", "a class such as 5xx"),
        ("since", "1769860800.5.1", "an age such as 90s"),
        ("since", ".5", "an age such as 90s"),
        ("status", "4x4", "a class such as 5xx"),
        ("status", "4²³", "a class such as 5xx"),
        ("thread", "0", "from 1 upwards"),
        ("thread", "9" * 5_000, "from 1 upwards"),
        ("thread", "²", "from 1 upwards"),
        ("limit", "1001", "1 to 1,000"),
        ("limit", "-1", "1 to 1,000"),
        ("cursor", "x", "from 1 upwards"),
        ("ms", "200", "such as >200"),
        ("ms", ">1e3", "such as >200"),
        ("ms", "=>5", "such as >200"),
        ("ms", ">" + "9" * 5_000, "such as >200"),
        ("kind", "crosed", "one of crossed, leftover"),
        ("level", "bad", "one of leak, hazard, notice"),
        ("colour", "red", "there are since, until"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(name: str, text: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        queries.parse({name: text}, NOW_NS)
    assert caught.value.parameter == name
    assert hint in str(caught.value)


@given(st.dictionaries(st.sampled_from(sorted(queries.PARAMETERS)), st.text(max_size=30)))
def test_no_text_does_worse_than_being_refused(parameters: dict[str, str]) -> None:
    try:
        query, page = queries.parse(parameters, NOW_NS)
    except QueryError:
        return
    query.matches(request(), [finding("r")])
    assert 1 <= page.limit <= queries.LIMIT_MAX


def test_a_time_before_the_first_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        with pytest.raises(QueryError, match="an age such as 90s"):
            parsed(since="0001-01-01T00:00:00")
    time.tzset()


def test_an_empty_text_asks_for_nothing() -> None:
    assert queries.parse(dict.fromkeys(queries.PARAMETERS, " "), NOW_NS) == (Query(synthetic="no"), Page())


def test_everything_is_taken_over() -> None:
    query, page = queries.parse(
        {"user": "1", "path": "/a", "method": "post", "status": "5XX", "process": "101", "thread": "3"}
        | {"task": "Task-7", "route": "<int:pk>", "view": "cart", "session": "5e55", "ms": ">=1.5"}
        | {"kind": "lost", "level": "notice", "holder": "locals", "synthetic": "yes"}
        | {"limit": "7", "cursor": "9"},
        NOW_NS,
    )
    of_requests = {"user": "1", "path": "/a", "method": "POST", "status": "5xx", "process": "101", "thread": 3}
    of_requests |= {"task": "Task-7", "route": "<int:pk>", "view": "cart", "session": "5e55", "ms": (">=", 1.5)}
    assert query == Query(**of_requests, kind="lost", level="notice", holder="locals")
    assert query.of_findings == Query(kind="lost", level="notice", holder="locals")
    assert page == Page(limit=7, before=9)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (Query(), True),
        (Query(since_ns=START_NS + 1_010_000_000), True),
        (Query(since_ns=START_NS + 1_010_000_001), False),
        (Query(until_ns=START_NS + 1_000_000_001), True),
        (Query(until_ns=START_NS + 1_000_000_000), False),
        (Query(user="alice"), True),
        (Query(user="1"), True),
        (Query(user="bob"), False),
        (Query(user="anonymous"), False),
        (Query(path="/orders"), True),
        (Query(path="/cart"), False),
        (Query(method="GET"), True),
        (Query(method="POST"), False),
        (Query(status="200"), True),
        (Query(status="2xx"), True),
        (Query(status="404"), False),
        (Query(process="p1"), True),
        (Query(process="101"), True),
        (Query(process="102"), False),
        (Query(thread=1), True),
        (Query(thread=2), False),
        (Query(route="orders"), True),
        (Query(route="orders/<int:pk>"), False),
        (Query(view="views.orders"), True),
        (Query(view="views.cart"), False),
        (Query(task="7"), False),
        (Query(session="5e55"), False),
        (Query(ms=(">", 9.9)), True),
        (Query(ms=(">", 10.0)), False),
        (Query(ms=(">=", 10.0)), True),
        (Query(ms=("<", 10.0)), False),
        (Query(ms=("<=", 10.0)), True),
        (Query(with_findings=True), False),
        (Query(kind="crossed"), False),
        (Query(holder="locals"), False),
    ],
)
def test_a_request_matches_when_it_fits_every_filter(query: Query, matches: bool) -> None:
    assert query.matches(request(1, user=ALICE)) is matches


def test_a_request_belongs_to_every_thread_it_was_seen_on() -> None:
    hopping = request(thread_serial=2, hops=[Hop(0, "start", 1, 1), Hop(5, "view", 2, 2)])
    assert Query(thread=1).matches(hopping)
    assert Query(thread=2).matches(hopping)
    assert Query(thread=2).matches(request(thread_serial=2, hops=[]))


def test_a_request_belongs_to_every_task_and_greenlet_it_was_seen_in() -> None:
    of_task = request(task_serial=7, task_name="Task-1", hops=[Hop(0, "start", 1, 1, 7), Hop(5, "view", 1, 1, 8)])
    of_greenlet = request(greenlet_serial=9)
    for asked in ("7", "8", "Task-1"):
        assert Query(task=asked).matches(of_task)
    assert not Query(task="9").matches(of_task)
    assert Query(task="9").matches(of_greenlet)


def test_a_session_is_found_by_its_keyed_hash() -> None:
    assert Query(session="5e55").matches(request(session="5e55"))


def test_a_request_without_a_user_is_found_by_what_is_known_of_it() -> None:
    assert Query(user="anonymous").matches(request(user=User("anonymous")))
    assert not Query(user="unresolved").matches(request(user=User("anonymous")))


def test_a_request_that_is_still_open_is_still_running_however_long_ago_it_was_written() -> None:
    assert Query(since_ns=NOW_NS).matches(request(1, outcome="open", status=None, duration_ns=10**9))


def test_a_request_without_a_status_matches_none() -> None:
    assert not Query(status="2xx").matches(request(outcome="aborted", status=None))


def test_one_finding_must_fit_both_kind_and_level() -> None:
    findings = [finding("r", kind="crossed", level="leak"), finding("r", kind="lost", level="notice")]
    assert Query(kind="lost", level="notice").matches(request(), findings)
    assert not Query(kind="lost", level="leak").matches(request(), findings)
    assert Query(with_findings=True).matches(request(), findings)
    assert Query(kind="lost", holder="_thread_locals").matches(request(), findings)
    assert not Query(kind="lost", holder="elsewhere").matches(request(), findings)


def test_requests_are_told_apart_by_protocol() -> None:
    query, _ = queries.parse({"protocol": "job"}, NOW_NS)
    assert query.protocol == "job"
    with pytest.raises(QueryError, match="http, websocket, job"):
        queries.parse({"protocol": "gopher"}, NOW_NS)
