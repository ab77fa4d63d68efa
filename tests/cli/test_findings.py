"""``reqtrace findings`` and the count that ``threads`` ends with: one cause, one story."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reqtrace.records import Mark, Side, User
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from tests.cli.test_commands import Output, run
from tests.factories import BOB, finding, items, process, request, thread


@pytest.fixture
def store(settings: object, tmp_path: Path) -> Store:
    """Return the store in force, with one cause that showed three times in two kinds, and a notice."""
    settings.REQTRACE = {"STORE": f"sqlite:///{tmp_path}/traces.sqlite3"}  # type: ignore[attr-defined]
    store = registry.store()
    store.append(items(process(release="2026.1"), *(request(number) for number in range(1, 5))))
    store.append(
        items(
            finding(request(1).id, 1, kind="leftover", level="hazard", message="It was left over."),
            finding(request(2).id, 2, fix="Keep it in a \x1b[2JContextVar."),
            finding(request(3).id, 3),
            finding(request(4).id, 4, kind="lost", level="notice", holder=None, group="g2", message="It was lost."),
        )
    )
    return store


def findings(*arguments: str) -> tuple[Output, str]:
    """Run the command, which ends with an error on a leak; return what it wrote and that error."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("reqtrace", "findings", *arguments, stdout=stdout, stderr=stderr)
    assert ended.value.returncode == 1
    return Output(stdout=stdout.getvalue(), stderr=stderr.getvalue()), str(ended.value)


def shown(*arguments: str) -> list[str]:
    """Run the command where there is no leak to fail for; return its lines."""
    return str(run("findings", *arguments).stdout).splitlines()


def test_one_cause_is_told_once_the_worst_first_with_its_fix_and_the_command_fails(store: Store) -> None:
    output, error = findings()
    lines = output.stdout.splitlines()
    assert lines[0] == "leak shop.middleware._thread_locals.request"
    assert lines[1].strip() == "While alice's request ran, the holder named bob's."
    assert any(line.split() == ["kinds", "leftover", "1,", "crossed", "2"] for line in lines)
    assert any(line.split() == ["people", "alice,", "bob"] for line in lines)
    assert any(line.split() == ["releases", "2026.1"] for line in lines)
    assert any("3 times, first at " in line for line in lines)
    assert "\x1b" not in output.stdout
    assert lines[-1] == "1 leak, 1 notice."
    assert error == "1 leak to mend."


def test_as_json_a_group_has_its_counts_and_its_worst_finding(store: Store) -> None:
    leak, notice = json.loads(findings("--json")[0].stdout)
    assert (leak["level"], leak["count"], leak["kinds"]) == ("leak", 3, {"leftover": 1, "crossed": 2})
    assert leak["worst"]["id"] == "f00000002"
    assert leak["first_ns"] < leak["last_ns"]
    assert (notice["level"], notice["worst"]["message"]) == ("notice", "It was lost.")


def test_the_fix_is_told_as_code_too(store: Store) -> None:
    of = {"holder_kind": "ContextVar", "holder": "shop.middleware.current", "group": "g5"}
    store.append(items(finding(request(2).id, 5, observed=Side(request(1).id, BOB), **of)))
    lines = findings("--holder", "shop.middleware.current")[0].stdout.splitlines()
    assert "              return copy_context().run(get_response, request)" in lines
    shown = json.loads(findings("--json", "--holder", "shop.middleware.current")[0].stdout)
    assert "copy_context().run(get_response, request)" in shown[0]["mending"]
    (none,) = [group for group in json.loads(findings("--json")[0].stdout) if group["group"] == "g2"]
    assert none["mending"] is None


def test_without_a_leak_it_ends_well_and_an_empty_store_is_told_from_a_clean_one(
    store: Store, settings: object, tmp_path: Path
) -> None:
    assert run("findings", "--level", "notice").stdout.splitlines()[-1] == "1 notice."
    assert "Nothing was mixed up" in run("findings", "--user", "carol").stdout
    settings.REQTRACE = {"STORE": f"sqlite:///{tmp_path}/empty.sqlite3"}  # type: ignore[attr-defined]
    assert "Nothing has been recorded" in run("findings").stderr


def test_a_bad_filter_is_named_with_exit_code_2(store: Store) -> None:
    with pytest.raises(CommandError, match="kind") as ended:
        run("findings", "--kind", "crosed")
    assert ended.value.returncode == 2


def test_people_without_a_name_are_named_by_what_is_known(store: Store) -> None:
    side = Side(None, User("anonymous"))
    store.append(items(finding(request(1).id, 9, level="hazard", group="g3", expected=side, observed=side)))
    lines = shown("--level", "hazard")
    assert any(line.split()[:1] == ["people"] and "an anonymous visitor" in line for line in lines)


def test_threads_ends_with_what_was_found_and_says_threads_of_one_request_in_one_line(store: Store) -> None:
    once = [thread(serial, sharing="exclusive", requests=1, users=1) for serial in range(2, 400)]
    store.append(items(thread(1), *once))
    lines = run("threads").stdout.splitlines()
    assert len(lines) < 10
    assert "  398 threads of one request each: #2 to #399" in lines
    assert lines[-1].startswith("Findings: 1 leak, 1 notice. ")


def test_a_mark_is_said(store: Store) -> None:
    store.append(items(Mark("g1", known=True, by="staff", at_ns=1)))
    assert findings()[0].stdout.splitlines()[0].endswith("(marked as known)")
