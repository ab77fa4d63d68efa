"""What a store is given comes out of it again, and takes less room there than its JSON."""

from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqtrace.records import TYPES, Finding, Hop, Process, Reading, Request, Thread, User
from reqtrace.stores.packing import pack, unpack, without_readings
from tests.factories import finding, process, request, thread
from tests.reading.test_traces import of


@given(st.one_of(*map(of, (Process, Thread, Request, Finding))))
def test_any_record_comes_back_equal(record: Any) -> None:
    kind = next(kind for kind, type_ in TYPES.items() if type_ is type(record))
    again = unpack(kind, pack(record))
    assert type(again) is type(record)
    assert again == record


def _plain(**fields: Any) -> Request:
    made = request(user=User(), **fields)
    made.hops = [Hop(0, "start", made.thread_id, made.thread_serial, made.task_serial, made.greenlet_serial)]
    return made


@pytest.mark.parametrize("hops", [[], [Hop(0, "start", 1, 1, None, None), Hop(5, "view", 2, 2, None, None)]])
def test_hops_that_are_not_the_usual_one_are_kept(hops: list[Hop]) -> None:
    made = _plain()
    made.hops = hops
    assert unpack("request", pack(made)) == made


def test_the_usual_request_is_packed_into_less_than_half_of_its_json() -> None:
    made = _plain()
    assert unpack("request", pack(made)) == made
    assert len(pack(made)) < len(msgspec.json.encode(made)) / 2


def test_a_request_of_before_a_field_was_added_is_read_with_its_default() -> None:
    made = _plain(query_string=None)
    values = msgspec.json.decode(pack(made))
    assert unpack("request", msgspec.json.encode(values[:-2])) == made


def test_readings_are_taken_out_and_all_else_stays_packed():
    made = _plain()
    payload = pack(made)
    assert without_readings(payload) is payload
    made.readings = [Reading("view", "shop.current", "user", 1)]
    assert without_readings(pack(made)) == payload


@pytest.mark.parametrize("record", [process(), thread(), finding("p1-1")])
def test_all_other_records_are_packed_as_json_objects(record: Any) -> None:
    assert msgspec.json.decode(pack(record), type=type(record)) == record


@pytest.mark.parametrize("payload", [b"{}", b"[]", b"", b"[1, 2]", b"\xff", b"null"])
def test_what_is_no_request_is_refused(payload: bytes) -> None:
    for read in (partial(unpack, "request"), without_readings):
        with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
            read(payload)
