"""The wire's golden file says the same in Python as in TypeScript."""

import json
from pathlib import Path

import msgspec
import pytest

from dashboard import protocol

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
    message = msgspec.convert(GOLDEN[name], MESSAGES[name])
    assert msgspec.to_builtins(message) == GOLDEN[name]


def test_a_server_message_is_told_apart_by_its_type():
    for name in ("hello", "batch", "missed", "status", "denied"):
        message = msgspec.convert(GOLDEN[name], protocol.ServerMessage)
        assert type(message) is MESSAGES[name]
