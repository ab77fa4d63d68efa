"""Trace files: what was exported and is read again is the same, and what is damaged is read as far as it goes."""

import base64
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqtrace.cli import dashboard
from reqtrace.cli.open import Command as Open
from reqtrace.cli.terminal import Terminal
from reqtrace.exceptions import TraceFileError
from reqtrace.exporters.base import Source
from reqtrace.exporters.registry import exporter
from reqtrace.reading.files import archives, scanner
from reqtrace.reading.files.archives import zstd
from reqtrace.reading.files.traces import TraceFile
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process, Record, Request, Thread
from reqtrace.stores import registry
from reqtrace.stores.sqlite import SqliteStore
from tests.cli.test_commands import run
from tests.exporters.test_exporters import Endless, example, selection
from tests.factories import finding, process, request, thread

Pack = Callable[[bytes], bytes]
packed = pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
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
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is list:
        return st.lists(_of_field(arguments[0]), max_size=3)
    if origin is Literal:
        return st.sampled_from(arguments)
    if arguments:
        return st.one_of(*map(_of_field, arguments))
    plain = {str: texts, int: numbers, bool: st.booleans(), type(None): st.none()}
    return plain[type_] if type_ in plain else of(type_)


anything = st.lists(st.one_of(of(Process), of(Thread), of(Request), of(Finding)), max_size=4)


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

    def everything(self) -> list[Record]:
        """Return all records in the order in which a file has them."""
        return [*self.processes(), *self.threads(), *self.requests(), *self.findings()]


TOLD = (process(), thread(1), request(1), request(2, path="/grüße/\N{LINE SEPARATOR}"), finding("p1-00000001", 1))


def written(folder: Path, name: str, data: bytes) -> Path:
    """Return a file with that content."""
    path = folder / name
    path.write_bytes(data)
    return path


def exported(format_: str, source: Source | None = None) -> bytes:
    """Return a trace in a format."""
    return b"".join(exporter(format_).chunks(source or Told(*TOLD)))


def read(path: Path) -> tuple[list[Record], list[str]]:
    """Return the records of a file, and what was left out."""
    file = TraceFile(path)
    return list(file.records()), file.problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything)
@packed
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_what_was_exported_and_is_read_again_is_equal_field_by_field(
    format_: str, pack: Pack, tmp_path: Path, records: list[Record]
) -> None:
    told = Told(*records)
    found, problems = read(written(tmp_path, "trace", pack(exported(format_, told))))
    assert problems == []
    assert found == told.everything()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything, st.floats(0, 1, exclude_max=True))
@packed
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_whatever_is_cut_off_wherever_gives_what_is_whole_and_says_that_more_was_there(
    format_: str, pack: Pack, tmp_path: Path, records: list[Record], share: float
) -> None:
    told = Told(*records)
    data = pack(exported(format_, told))
    path = written(tmp_path, "trace", data[: int(len(data) * share)])
    try:
        found, problems = read(path)
    except TraceFileError:  # not even its head is there
        return
    assert found == told.everything()[: len(found)]
    assert problems or pack is bytes  # lines may end where the cut is


@settings(max_examples=60, deadline=None)
@given(anything)
@pytest.mark.parametrize("format_", ["chrome", "perfetto", "otlp", "otlp-proto"])
def test_no_format_stumbles_over_anything_that_a_record_can_hold(format_: str, records: list[Record]) -> None:
    exported(format_, Told(*records))


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_several_archives_in_one_file_are_one_and_zeros_behind_them_are_nothing(pack: Pack, tmp_path: Path) -> None:
    data = exported("ndjson")
    path = written(tmp_path, "trace", pack(data[:300]) + pack(data[300:]) + bytes(1_000))
    assert read(path) == (list(TOLD), [])


def test_a_frame_that_is_to_be_skipped_is_skipped(tmp_path: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    data = zstd.compress(exported("ndjson"))
    assert read(written(tmp_path, "trace", skipped + data + skipped)) == (list(TOLD), [])


def test_the_archive_that_the_page_is_tested_with_is_the_golden_trace() -> None:
    golden = Path(__file__).parents[1] / "golden"
    packed = base64.b64decode((golden / "trace.ndjson.zst.base64").read_text())
    assert zstd.decompress(packed) == (golden / "trace.ndjson").read_bytes()


def test_what_stands_behind_an_archive_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "trace", gzip.compress(exported("ndjson")) + b"and so on")
    assert read(path) == (list(TOLD), ["behind the archive stands something else"])


def test_zstandard_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "zstd", None)
    path = written(tmp_path, "trace.zst", zstd.compress(exported("ndjson")))
    with pytest.raises(TraceFileError, match=r'pip install "django-reqtrace\[zstd\]", or unpack it first'):
        read(path)
    assert read(written(tmp_path, "trace.gz", gzip.compress(exported("ndjson")))) == (list(TOLD), [])


def test_a_few_bytes_that_stand_for_gigabytes_come_out_in_pieces() -> None:
    bomb = io.BytesIO(zstd.compress(bytes(2**26)))
    assert len(bomb.getvalue()) < 10_000
    sizes = [len(piece) for piece in archives.unpacked(bomb, pytest.fail)]
    assert sum(sizes) == 2**26
    assert max(sizes) <= 2**20


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
    found, problems = read(written(tmp_path, "trace", b"\n".join(document.split(b"\n")[:8])[:-5]))
    assert problems == ["line 8, character 1: the file is damaged here, or ends"]


def test_a_document_that_another_program_has_written_anew_is_read(tmp_path: Path) -> None:
    document = json.loads(exported("json"))
    pretty = json.dumps(document, indent=2).encode()
    assert read(written(tmp_path, "trace", pretty)) == (list(TOLD), [])
    assert read(written(tmp_path, "trace", json.dumps(document | {"more": [1, {}]}).encode())) == (list(TOLD), [])


@pytest.mark.parametrize("format_", ["json", "ndjson"])
@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_an_archive_cut_off_in_the_middle_gives_what_it_holds(format_: str, pack: Pack, tmp_path: Path) -> None:
    told = Told(process(), *(request(number, session=token_hex(400)) for number in range(2_000)))
    data = pack(exported(format_, told))
    found, problems = read(written(tmp_path, "trace", data[: len(data) // 2]))
    assert 600 < len(found) < 1_400
    assert found == told.everything()[: len(found)]
    assert problems[0] == "the archive ends in the middle"
    assert problems[1].startswith("line ")


def test_a_damaged_archive_gives_what_it_holds(tmp_path: Path) -> None:
    data = gzip.compress(exported("ndjson", selection(example())), 0)
    found, problems = read(written(tmp_path, "trace", data[:-8] + bytes(8)))
    assert len(found) > 3
    assert problems[0].startswith("the archive is damaged")
    told = Told(*(request(number, session=token_hex(400)) for number in range(2_000)))
    data = zstd.compress(exported("ndjson", told), options={zstd.CompressionParameter.checksum_flag: 1})
    found, problems = read(written(tmp_path, "trace", data[:-4] + bytes(4)))
    assert len(found) > 1_500
    assert problems[0].startswith("the archive is damaged")


class Long:
    """A document that is made as it is read, and where the blocks end in a bad place."""

    def __init__(self, data: bytes, size: int) -> None:
        """Cut `data` into blocks of that size."""
        self._data, self._size = data, size

    def __iter__(self) -> Iterator[str]:
        return (self._data[at : at + self._size].decode("latin-1") for at in range(0, len(self._data), self._size))


@pytest.mark.parametrize("size", range(1, 40))
def test_wherever_the_blocks_of_a_document_end_it_is_read_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "_GROWTH", 1)
    document = {
        "a": 12_345_678_901,
        "b": [-1.5e-7, True, None, False, {"\U0001f600": '"\\\n\t'}],
        "c": {},
        "d": "x" * 99,
    }
    for indent in (None, 3):
        found = scanner.Scanner(iter(Long(json.dumps(document, indent=indent).encode(), size)))
        assert {name: found.value() for name in found.names()} == document


def test_a_place_is_told_in_lines_and_characters_however_far_the_window_has_moved(tmp_path: Path) -> None:
    told = Told(*(request(number, session=token_hex(400)) for number in range(500)))
    lines = exported("json", told).split(b"\n")
    lines[400] = b"   " + lines[400].replace(b'"pid":101', b'"pid":"many"')
    found, problems = read(written(tmp_path, "trace", b"\n".join(lines)))
    assert len(found) == 499
    assert problems == ["line 401, character 4, a request: Expected `int`, got `str` - at `$.pid`"]
    found, problems = read(written(tmp_path, "trace", b"\n".join(lines[:450])))
    assert len(found) == 445
    assert problems[1:] == [f"line 450, character {len(lines[449]) + 1:,}: the file is damaged here, or ends"]


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_text_that_is_no_unicode_and_depth_without_end_are_left_out(format_: str, tmp_path: Path) -> None:
    data = exported(format_).replace(b'"path":"/orders/"', rb'"path":"\ud83d"', 1)
    found, problems = read(written(tmp_path, "trace", data))
    assert len(found) == len(TOLD) - 1
    assert len(problems) == 1
    data = exported(format_).replace(b'"hops":[', b'"hops":[' + b"[" * 200_000, 1)
    found, problems = read(written(tmp_path, "trace", data))
    assert found[:2] == list(TOLD[:2])
    assert len(problems) == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_memory_does_not_grow_with_the_file(format_: str, pack: Pack, tmp_path: Path) -> None:
    def peak(length: int) -> int:
        path = written(tmp_path, "trace", pack(exported(format_, Endless(length))))
        store = SqliteStore(f"sqlite:///{tmp_path}/{length}.sqlite3")
        tracemalloc.start()
        try:
            Open(Terminal(io.StringIO(), io.StringIO(), coloured=False)).load([path], store)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            store.close()

    assert peak(10_000) < peak(3_000) + 1_000_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no trace of reqtrace: it begins with b''"),
        (b"[1, 2]", "is no trace of reqtrace: it begins with"),
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
    third = Told(process("c", host="web-3"), request(0, id="c-0", process="c"), request(4, id="c-4", process="c"))
    output = run(
        "open",
        str(written(tmp_path, "one.json", exported("json", first))),
        str(written(tmp_path, "two.ndjson.gz", gzip.compress(exported("ndjson", second)))),
        str(written(tmp_path, "three.json.zst", zstd.compress(exported("json", third)))),
    )
    assert [one.id for one in page.seen if isinstance(one, Request)] == ["c-0", "a-1", "b-2", "a-3", "c-4"]
    assert {one.host for one in page.seen if isinstance(one, Process)} == {"web-1", "web-2", "web-3"}
    assert len(page.seen) == 10
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


def test_a_billion_line_ends_in_a_small_archive_are_refused_with_a_word(tmp_path: Path) -> None:
    ends = gzip.compress(b"\n" * 10_000_000)
    path = written(tmp_path, "trace.gz", gzip.compress(exported("ndjson")) + ends * 100)
    with pytest.raises(TraceFileError, match="lines in a row without a record"):
        read(path)


def test_an_archive_that_unpacks_to_far_more_than_a_trace_does_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "trace.gz", gzip.compress(exported("json")[:-3] + b" " * 200_000_000))
    with pytest.raises(TraceFileError, match="more than 300 times its size"):
        read(path)
