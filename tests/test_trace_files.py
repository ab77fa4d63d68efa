"""Trace files: what was exported and is read again is the same, and what is damaged is read as far as it goes."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqtrace import registry
from reqtrace.cli import dashboard
from reqtrace.exceptions import TraceFileError
from reqtrace.exporters.base import Source
from reqtrace.reader import Reader
from reqtrace.records import Finding, Process, Record, Request, Thread
from reqtrace.trace_files import TraceFile
from tests.factories import finding, process, request, thread
from tests.test_commands import run
from tests.test_exporters import example, selection

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**63), 2**64 - 1) | st.sampled_from([0, -1, 2**53 + 1, 10**30, -(10**30)])


def of(type_: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for a record with anything in its fields that its types allow."""
    hints = get_type_hints(type_)
    return st.builds(type_, **{field.name: _of_field(hints[field.name]) for field in msgspec.structs.fields(type_)})


def _of_field(type_: Any) -> st.SearchStrategy[Any]:
    if type_ == dict[str, bool | int | float | str | None]:
        finite = st.floats(allow_nan=False, allow_infinity=False)
        return st.dictionaries(texts, st.booleans() | numbers | finite | texts | st.none(), max_size=3)
    origin, arguments = getattr(type_, "__origin__", None), getattr(type_, "__args__", ())
    if origin is list:
        return st.lists(_of_field(arguments[0]), max_size=3)
    if arguments and origin is None:
        return st.one_of(*map(_of_field, arguments))
    if arguments:
        return st.sampled_from(arguments)
    plain = {str: texts, int: numbers, type(None): st.none()}
    return plain[type_] if type_ in plain else of(type_)


class Told:
    """A trace of any records."""

    exported_at = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __init__(self, *records: Record) -> None:
        """Hold these."""
        self._records = records

    def _of(self, type_: type[Any]) -> list[Any]:
        return [record for record in self._records if isinstance(record, type_)]

    def processes(self) -> list[Process]:
        """Return the processes."""
        return self._of(Process)

    def threads(self) -> list[Thread]:
        """Return the threads."""
        return self._of(Thread)

    def requests(self) -> list[Request]:
        """Return the requests."""
        return self._of(Request)

    def findings(self) -> list[Finding]:
        """Return the findings."""
        return self._of(Finding)


TOLD = (process(), thread(1), request(1), request(2, path="/grüße/\N{LINE SEPARATOR}"), finding("p1-00000001", 1))


def written(folder: Path, name: str, data: bytes) -> Path:
    """Return a file with that content."""
    path = folder / name
    path.write_bytes(data)
    return path


def exported(format_: str, source: Source | None = None) -> bytes:
    """Return a trace in a format."""
    return b"".join(registry.exporter(format_).chunks(source or Told(*TOLD)))


def read(path: Path) -> tuple[list[Record], list[str]]:
    """Return the records of a file, and what was left out."""
    file = TraceFile(path)
    return list(file.records()), file.problems


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(of(Process), of(Thread), of(Request), of(Finding)), max_size=4))
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_what_was_exported_and_is_read_again_is_equal_field_by_field(
    format_: str, tmp_path: Path, records: list[Record]
) -> None:
    told = Told(*records)
    found, problems = read(written(tmp_path, "trace", exported(format_, told)))
    assert problems == []
    assert found == [*told.processes(), *told.threads(), *told.requests(), *told.findings()]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(of(Process), of(Thread), of(Request), of(Finding)), max_size=4))
@pytest.mark.parametrize("format_", ["chrome", "perfetto", "otlp", "otlp-proto"])
def test_no_format_stumbles_over_anything_that_a_record_can_hold(format_: str, records: list[Record]) -> None:
    exported(format_, Told(*records))


@pytest.mark.parametrize("format_", ["json", "ndjson"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_is_read_compressed_or_not(format_: str, pack: Any, tmp_path: Path) -> None:
    assert read(written(tmp_path, "trace", pack(exported(format_)))) == (list(TOLD), [])


def test_several_archives_in_one_file_are_one(tmp_path: Path) -> None:
    data = exported("ndjson")
    path = written(tmp_path, "trace.gz", gzip.compress(data[:300]) + gzip.compress(data[300:]))
    assert read(path) == (list(TOLD), [])


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_wherever_a_file_is_cut_off_what_is_whole_is_read_and_the_rest_is_said(format_: str, tmp_path: Path) -> None:
    data = exported(format_)
    for length in range(150, len(data) - 3):
        found, problems = read(written(tmp_path, "trace", data[:length]))
        assert found == list(TOLD[: len(found)])
        assert len(problems) == 1 or (format_ == "ndjson" and data[length - 1 : length + 1].count(b"\n"))
    assert len(found) >= len(TOLD) - 1


def test_what_is_left_out_is_said_with_its_line(tmp_path: Path) -> None:
    lines = exported("ndjson").split(b"\n")
    lines[3] = lines[3].replace(b'"pid":101', b'"pid":"many"')
    lines[4] = b'{"type":"poem"}'
    found, problems = read(written(tmp_path, "trace", b"\n".join(lines)))
    assert len(found) == len(TOLD) - 2
    assert problems[0].startswith("line 4: Expected `int`, got `str` - at `$.pid`")
    assert problems[1] == "line 5: there is no type 'poem'"
    document = exported("json")
    found, problems = read(written(tmp_path, "trace", document.replace(b'"pid":101', b'"pid":"many"', 2)))
    assert [type(record) for record in found] == [Thread, Request, Finding]
    assert [problem.partition(":")[0] for problem in problems] == [
        "line 3, character 1, a process",
        "line 7, character 1, a request",
    ]
    found, problems = read(written(tmp_path, "trace", document[:1_500]))
    assert problems == ["line 8, character 1: the file is damaged here, or ends"]


def test_a_document_that_another_program_has_written_anew_is_read(tmp_path: Path) -> None:
    document = json.loads(exported("json"))
    pretty = json.dumps(document, indent=2).encode()
    assert read(written(tmp_path, "trace", pretty)) == (list(TOLD), [])
    assert read(written(tmp_path, "trace", json.dumps(document | {"more": [1, {}]}).encode())) == (list(TOLD), [])


def test_an_archive_cut_off_or_damaged_gives_what_it_holds(tmp_path: Path) -> None:
    packed = gzip.compress(exported("ndjson", selection(example())), 0)
    found, problems = read(written(tmp_path, "trace", packed[: len(packed) // 2]))
    assert found
    assert problems[0] == "the archive ends in the middle"
    found, problems = read(written(tmp_path, "trace", packed[:-8] + bytes(8)))
    assert len(found) > 3
    assert problems[0].startswith("the archive is damaged")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no trace of reqtrace: it begins with b''"),
        (b"[1, 2]", "is no trace of reqtrace: it begins with"),
        (b"\x28\xb5\x2f\xfd....", "is compressed with Zstandard"),
        (b'{"traceEvents": []}', "no trace of reqtrace: its format is None"),
        (b'{"requests": [{}]}', "no trace of reqtrace: its format is None"),
        (b'{"format": "other", "version": 1}', "its format is 'other'"),
        (b'{"format": "reqtrace", "version": 2, "requests": []}', "has version 2, and this reqtrace reads version 1"),
        (b'{"type": "trace", "format": "reqtrace", "version": 2}\n', "has version 2"),
        (b"{...", "its format is None"),
    ],
)
def test_a_file_that_is_not_ours_is_named_with_what_it_is(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(TraceFileError) as caught:
        read(written(tmp_path, "trace", data))
    assert said in str(caught.value)
    assert str(tmp_path / "trace") in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing cannot be read: No such file"):
        run("open", str(tmp_path / "nothing"))


class Page:
    """Stands in for the dashboard, and looks at what it would show."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen: list[Record] = []

    def serve(self, host: str, port: int) -> None:
        """Read everything there is."""
        reader = Reader(registry.store())
        self.seen = [*reader.processes(), *reader.threads(), *reader.requests(), *reader.findings()]


def test_files_of_several_hosts_are_one_trace_in_the_order_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page()
    monkeypatch.setattr(dashboard, "server", lambda: page)
    first = Told(process("a"), request(1, id="a-1", process="a"), request(3, id="a-3", process="a"), finding("a-3", 1))
    second = Told(process("b", host="web-2"), thread(1, process="b"), request(2, id="b-2", process="b"))
    output = run(
        "open",
        str(written(tmp_path, "one.json", exported("json", first))),
        str(written(tmp_path, "two.ndjson.gz", gzip.compress(exported("ndjson", second)))),
    )
    assert [one.id for one in page.seen if isinstance(one, Request)] == ["a-1", "b-2", "a-3"]
    assert {one.host for one in page.seen if isinstance(one, Process)} == {"web-1", "web-2"}
    assert len(page.seen) == 7
    assert "one.json: 4 records." in output.stderr
    assert registry.replaced_by() is None


def test_what_could_not_be_read_is_said_before_the_page_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page()
    monkeypatch.setattr(dashboard, "server", lambda: page)
    lines = exported("ndjson") + b'{"type":\n' * 9
    output = run("open", str(written(tmp_path, "trace.ndjson", lines)))
    assert output.stderr.count("left out: line ") == 5
    assert "left out: 4 more" in output.stderr
    assert len(page.seen) == 5


def test_a_file_without_a_record_shows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "server", Page)
    with pytest.raises(CommandError, match="There is no whole record to show"):
        run("open", str(written(tmp_path, "trace.json", exported("json", Told()))))
