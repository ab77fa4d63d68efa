"""A slice of the server lab: what reqtrace finds agrees with the application's own log, request by request."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from demo.lab import run, table
from demo.lab.compare import Cell, Score
from demo.lab.holders import HOLDERS
from demo.lab.run import Report, Run
from demo.lab.servers import SERVERS
from demo.management.commands.lab import Command

HELD = ("local-kept", "local-cleared", "local-signed-in", "contextvar-kept", "contextvar-reset")
WAVES = 3
pytestmark = pytest.mark.server


def measure(server: str, stack: str) -> Run:
    if not SERVERS[server].is_installed:
        pytest.skip(f"{SERVERS[server].module} is not installed")
    measured = run.measure(SERVERS[server], stack, HELD, WAVES)
    for view in measured.cells.values():
        for name, cell in view.items():
            assert cell.crossed.both == cell.crossed.true, (server, name)
            # Of two that take a holder from each other one reads the other, and the other finds nobody: both are told.
            taken = max(cell.empty.values()) if cell.crossed.true else 0
            assert cell.crossed.found - cell.crossed.both <= taken, (server, name)
            assert cell.leftover == agreeing(cell.leftover.true), (server, name)
            assert cell.lost.found == cell.lost.both, (server, name)
    assert measured.others == {}
    return measured


def agreeing(number: int) -> Score:
    return Score(number, number, number)


def test_one_thread_after_another_leaves_people_behind_and_shows_them_to_anonymous_visitors() -> None:
    measured = measure("gunicorn gthread", "sync")
    assert measured.sharing.at_once == 1
    assert measured.sharing.requests_per_thread > 1
    cells = measured.cells["sync"]
    assert {cell.requests for cell in cells.values()} == {8 * WAVES}
    assert cells["local-kept"].crossed.true == 0
    assert cells["local-kept"].leftover.true == cells["contextvar-kept"].leftover.true == 8 * WAVES
    assert cells["local-signed-in"].crossed.true > 0  # the anonymous ones, who never set it
    assert cells["local-cleared"].leftover.true == cells["contextvar-reset"].leftover.true == 0
    assert measured.cells["async"]["local-kept"].lost.true == measured.cells["async"]["local-kept"].lost.found > 0


def test_one_thread_at_once_shows_people_to_one_another_even_where_all_is_cleared() -> None:
    measured = measure("uvicorn asyncio", "async")
    assert measured.sharing.at_once == 8
    assert measured.sharing_found["interleaved"] == 1
    cells = measured.cells["async"]
    assert cells["local-kept"].crossed.true == 7 * WAVES  # all but the one that set it last
    assert cells["local-cleared"].crossed.true > 0
    assert cells["contextvar-kept"].crossed.true == cells["contextvar-reset"].crossed.true == 0


@pytest.mark.parametrize("server", ["gunicorn gthread", "uvicorn asyncio"])
def test_a_clean_application_raises_no_alarm_however_odd_its_load(server: str) -> None:
    oddity = run.irritate(SERVERS[server], SERVERS[server].stacks[-1], quick=True)
    assert oddity.messages == []
    assert oddity.alarms == 0
    assert all(oddity.answers.values()), oddity.answers
    assert oddity.requests >= sum(oddity.answers.values())


def test_a_document_gets_the_sections_that_it_asks_for_and_keeps_its_own_words(tmp_path: Path) -> None:
    document = tmp_path / "servers.md"
    document.write_text("Before.\n<!-- lab: by-holder -->\nof yesterday\n<!-- end of by-holder -->\nAfter.\n")
    cell = Cell(requests=4, crossed=Score(4, 3, 3))
    measured = Run("one", "sync", 1, {}, None, {}, [], {"sync": {"module": cell}}, {}, 0)  # type: ignore[arg-type]
    report = Report(versions={}, holders={"module": HOLDERS["module"].title}, runs=[measured])
    assert table.write(document, report, table.SECTIONS) == ["by-holder"]
    text = document.read_text()
    assert "| module attribute | `crossed` | 4 | 3 | 3 | 1 | 0.75 |" in text
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "of yesterday" not in text
    assert table.write(document, report, table.SECTIONS) == ["by-holder"]
    assert document.read_text() == text


def test_an_unknown_server_or_holder_is_named_with_those_that_there_are(
    settings: SimpleNamespace, tmp_path: Path
) -> None:
    settings.LAB_REPORT = tmp_path / "lab.json"
    with pytest.raises(CommandError, match="--servers: there is no 'unicorn'; there are runserver"):
        call_command(Command(), servers=["unicorn"])
    with pytest.raises(CommandError, match="--holders: there is no 'global'"):
        call_command(Command(), holders=["global"])
