"""Jobs in other tools' timelines, asked of Perfetto's trace processor: tracks of their own, and who sent them."""

from collections.abc import Iterator

import pytest

from reqtrace.exporters import registry
from reqtrace.records import Request
from reqtrace.stores.memory import MemoryStore
from tests.exporters.test_exporters import selection
from tests.factories import START_NS, items, process, request, thread
from tests.judges.trace_processor import TraceProcessor

MS = 1_000_000


def records() -> Iterator[Request]:
    """Yield a request that sends a job and runs one itself, and a job that comes from a trace that is not here."""
    task = {"protocol": "job", "method": "JOB", "path": "shop.mail", "view": "shop.mail", "route": "letters"}
    worker = {"process": "p2", "pid": 102, **task}
    yield request(1, start_ns=START_NS, duration_ns=10 * MS)
    yield request(2, start_ns=START_NS + MS, duration_ns=MS, parent="p1-00000001", sent_ns=START_NS + MS, **task)
    yield request(3, id="p2-1", start_ns=START_NS + 20 * MS, parent="p1-00000001", sent_ns=START_NS + 5 * MS, **worker)
    yield request(4, id="p2-2", start_ns=START_NS + 40 * MS, parent="p9-trimmed", sent_ns=START_NS, **worker)


@pytest.mark.parametrize("name", ["chrome", "perfetto"])
def test_jobs_have_tracks_of_their_own_and_an_arrow_from_who_sent_them(name: str) -> None:
    store = MemoryStore()
    celery = process("p2", pid=102, server="celery", worker_class="prefork", interface="worker")
    store.append(items(process(), celery, thread(), thread(process="p2"), *records()))
    exported = b"".join(registry.exporter(name).chunks(selection(store)))
    id_ = "EXTRACT_ARG({}.arg_set_id, '%s.request')" % ("args" if name == "chrome" else "debug")
    errors, tracks, arrows = TraceProcessor(exported).ask(
        "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0",
        f"SELECT {id_.format('slice')} AS id, COALESCE(thread.name, track.name) AS track FROM slice "
        "JOIN track ON slice.track_id = track.id LEFT JOIN thread_track ON thread_track.id = track.id "
        "LEFT JOIN thread USING (utid) WHERE category = 'request'",
        f"SELECT {id_.format('a')} AS sender, {id_.format('b')} AS job FROM flow "
        "JOIN slice AS a ON slice_out = a.id JOIN slice AS b ON slice_in = b.id",
    )
    assert errors == []
    named = {row["id"]: row["track"] for row in tracks}
    assert [named[one.id].partition(" · ")[2] for one in records()] == ["", "jobs", "jobs", "jobs"]
    assert {(row["sender"], row["job"]) for row in arrows} == {
        ("p1-00000001", "p1-00000002"), ("p1-00000001", "p2-1"),
    }  # fmt: skip
