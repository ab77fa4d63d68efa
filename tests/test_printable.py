"""Text that leaves: what came from outside steers nothing, and no address shows its secrets."""

import logging
import os
import subprocess
import sys

import pytest

from reqtrace import conf
from reqtrace.checks import check_settings, check_store
from reqtrace.execution.faults import Faults
from reqtrace.findings.announcing import Announcer
from reqtrace.printable import concealed, printable, shown
from reqtrace.stores.base import Store
from tests import factories

SECRET = "hunter2"
ADDRESSES = [
    f"redis://shop:{SECRET}@cache.example:6379x/0",
    f"redis://:{SECRET}@cache.example/0#x",
    f"redis//shop:{SECRET}@cache.example",
    f"{SECRET}:redis@cache.example",
    f"{SECRET}",
    f"redi://shop:{SECRET}@cache.example:6379/0",
    f"sqlite://shop:{SECRET}@cache.example/x",
    f"redis://cache.example/0?password={SECRET}",
    f"broken://shop:{SECRET}@cache.example/0",
    f"faulty://shop:{SECRET}@cache.example/0",
]


class BrokenStore(Store):
    """A store of a project's own that quotes its address as it refuses it."""

    def __init__(self, url: str) -> None:
        raise ValueError(f"cannot reach {url}")


class FaultyStore(Store):
    """A store of a project's own that quotes its address whenever it is used."""

    def _fail(self, *_: object) -> None:
        raise OSError(f"{self.url} went away, said shop:{SECRET}")

    append = read = read_back = get = bounds = trim = purge = check = close = _fail  # type: ignore[assignment]


BACKENDS = {"broken": f"{__name__}.BrokenStore", "faulty": f"{__name__}.FaultyStore"}


def test_text_from_outside_is_one_line_and_steers_nothing() -> None:
    assert printable("/gr\u00fc\u00dfe/") == "/gr\u00fc\u00dfe/"
    assert printable("a\x1b]0;b\x07\n\u202e\ud800") == "a\\x1b]0;b\\x07\\n\\u202e\\ud800"


def test_a_user_name_with_a_line_end_forges_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    message = "It read bob\nERROR leak: forged\x1b[2J instead."
    Announcer(Faults()).announce(factories.finding("r-1", message=message))
    (record,) = [record for record in caplog.records if record.name == "reqtrace.findings"]
    assert len(record.getMessage().splitlines()) == 1
    assert "\x1b" not in record.getMessage()
    assert record.__dict__["reqtrace_finding"].message == message


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_check_shows_a_secret_of_the_store(settings: object, address: str) -> None:
    settings.REQTRACE = {"STORE": address, "STORE_BACKENDS": BACKENDS}  # type: ignore[attr-defined]
    messages = [*check_settings(None), *check_store(None)]
    assert messages
    assert SECRET not in "".join(f"{message.msg} {message.hint}" for message in messages)


@pytest.mark.parametrize("value", [{"redis": SECRET}, [SECRET], SECRET.encode()])
def test_a_store_of_another_type_is_not_shown(settings: object, value: object) -> None:
    settings.REQTRACE = {"STORE": value}  # type: ignore[attr-defined]
    (problem,) = conf.loaded().problems
    assert SECRET not in problem.message + problem.hint
    assert "STORE" in problem.message


@pytest.mark.parametrize("value", [[("STORE", SECRET)], f"STORE={SECRET}"])
def test_settings_that_are_no_dict_are_not_shown(settings: object, value: object) -> None:
    settings.REQTRACE = value  # type: ignore[attr-defined]
    (problem,) = conf.loaded().problems
    assert SECRET not in problem.message + problem.hint


def test_a_fault_of_a_store_shows_no_secret_in_record_nor_log(
    settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"faulty://shop:{SECRET}@cache.example/0"
    settings.REQTRACE = {"STORE": address, "STORE_BACKENDS": BACKENDS}  # type: ignore[attr-defined]
    faults = Faults()
    try:
        FaultyStore(address).bounds()
    except OSError as error:
        faults.note("the store", error)
    assert faults.last == "the store: OSError: faulty://cache.example went away, said ***:***"
    formatted = "".join(logging.Formatter().format(record) for record in caplog.records)
    assert "cache.example" in formatted
    assert SECRET not in formatted


@pytest.mark.server
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_secret_reaches_output_log_nor_export_of_a_process(tmp_path: object, address: str) -> None:
    program = (
        "import django, sys; django.setup()\n"
        "from django.test import Client\n"
        "from django.core.management import call_command\n"
        "from reqtrace.capture import lifecycle\n"
        "Client().get('/nothing/')\n"
        "lifecycle.recorder().shipper.ship()\n"
        "print(lifecycle.recorder().faults.last)\n"
        "for command in (['check'], ['reqtrace', 'export', '-o', '-'], ['reqtrace', 'threads', '--json']):\n"
        "    try: call_command(*command)\n"
        "    except BaseException as error: print(repr(error))\n"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "REQTRACE_STORE": address,
        "REQTRACE_STORE_BACKENDS": str(BACKENDS).replace("'", '"'),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_of_an_address_scheme_host_and_port_are_shown() -> None:
    assert shown(f"pg://shop:{SECRET}@db.example:5432/x?password={SECRET}") == "pg://db.example:5432"
    assert shown(SECRET) == "an address without a scheme"
    assert concealed("no such table", "pg://shop:x@db.example/x") == "no such table"
    assert concealed("said hunter/2", "pg://shop:hunter%2F2@db.example/x") == "said ***"
