"""The wire's golden file says the same in Python as in TypeScript."""

import json
from pathlib import Path

import msgspec
import pytest

from dashboard import protocol
from reqtrace.records import Request
from reqtrace.stores.packing import pack

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "protocol.json").read_text(encoding="utf-8"))
MESSAGES = {
    "hello": protocol.Hello,
    "batch": protocol.Batch,
    "missed": protocol.Missed,
    "status": protocol.Status,
    "denied": protocol.Denied,
    "seen": protocol.Seen,
    "request_list": protocol.RequestList,
    "request_detail": protocol.RequestDetail,
    "finding_code": protocol.FindingCode,
    "thread_list": protocol.ThreadList,
    "process_list": protocol.ProcessList,
    "finding_list": protocol.FindingList,
    "mark_list": protocol.MarkList,
    "mark_request": protocol.MarkRequest,
    "error": protocol.Error,
    "page_config": protocol.PageConfig,
}


def test_the_golden_file_holds_one_example_of_every_message():
    assert GOLDEN.keys() == MESSAGES.keys()


@pytest.mark.parametrize("name", MESSAGES)
def test_an_example_comes_back_unchanged_through_our_types(name):
    message = msgspec.json.decode(json.dumps(GOLDEN[name]), type=MESSAGES[name])
    assert json.loads(msgspec.json.encode(message)) == GOLDEN[name]


def test_a_server_message_is_told_apart_by_its_type():
    for name in ("hello", "batch", "missed", "status", "denied"):
        message = msgspec.json.decode(json.dumps(GOLDEN[name]), type=protocol.ServerMessage)
        assert type(message) is MESSAGES[name]


def test_the_requests_of_the_socket_are_those_of_the_api_as_a_store_packs_them():
    requests = msgspec.convert(GOLDEN["request_list"]["requests"], list[Request])
    assert GOLDEN["hello"]["records"]["requests"] == [json.loads(pack(request)) for request in requests]


def test_the_golden_file_names_the_fields_of_a_request_in_their_order():
    assert tuple(GOLDEN["request_detail"]["request"]) == Request.__struct_fields__
