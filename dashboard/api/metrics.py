"""What monitoring asks of reqtrace itself: OpenMetrics by process, the one place that knows `prometheus_client`."""

from collections import Counter
from collections.abc import Iterator

from reqtrace.reading.reader import LOOKED_AT, Reader
from reqtrace.records import Finding, Level, Measurement, Process
from reqtrace.stores.base import Store

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.metrics_core import Metric
    from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
    from prometheus_client.registry import CollectorRegistry
except ImportError as error:
    raise ImportError(f'{error}: pip install "django-reqtrace[metrics]"', name=error.name) from error

CONTENT_TYPE = CONTENT_TYPE_LATEST
PROCESSES_MAX = 1_000
_LABELS = ("process", "host", "pid", "server")
_COUNTERS = {
    "requests": ("requests", "Requests that this process finished.", 1.0),
    "requests_dropped": ("dropped", "Requests that ended and were lost.", 1.0),
    "findings_dropped": ("findings_dropped", "Findings that were lost.", 1.0),
    "leaks": ("leaks", "Findings of the level leak, kept or not.", 1.0),
    "hazards": ("hazards", "Findings of the level hazard, kept or not.", 1.0),
    "faults": ("faults", "Faults inside reqtrace, none of which touched a response.", 1.0),
    "outages": ("outages", "How often the store did not answer.", 1.0),
    "outage_seconds": ("outage_ns", "How long the store did not answer, in all.", 1e9),
    "trim_seconds": ("trim_ns", "How long dropping what is too old has taken.", 1e9),
}
_GAUGES = {
    # No counter: one that is found fault with after its end is taken in after all.
    "requests_sampled_out": ("sampled_out", "Clean requests left out because of SAMPLE.", 1.0),
    "waiting": ("waiting", "Requests and records that waited for the store at the last sign of life.", 1.0),
    "last_seen_seconds": ("seen_ns", "Unix time of the last sign of life.", 1e9),
}


def exposition(store: Store) -> bytes:
    """Return the text of all metrics, read from the store at this moment.

    Raises:
        StoreError: when it does not answer.

    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(list(_metrics(Reader(store)))))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


class _Collected:
    """Metrics that were read already: a failure of the store is an answer of its own, and no half a page."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _metrics(reader: Reader) -> Iterator[Metric]:
    processes = _newest(reader)
    for family, fields in ((CounterMetricFamily, _COUNTERS), (GaugeMetricFamily, _GAUGES)):
        for name, (field, text, unit) in fields.items():
            metric = family(f"reqtrace_{name}", text, labels=_LABELS)
            for process in processes:
                metric.add_metric(_labels(process), getattr(process, field) / unit)
            yield metric
    ended = GaugeMetricFamily("reqtrace_ended", "Whether the process said goodbye.", labels=_LABELS)
    for process in processes:
        ended.add_metric(_labels(process), float(process.ended_ns is not None))
    yield ended
    yield _in_flight(reader, processes)
    yield _findings(reader, processes)


def _newest(reader: Reader) -> list[Process]:
    found: list[Process] = []
    for _, record in reader.newest("process", None):
        assert isinstance(record, Process)
        found.append(record)
        if len(found) == PROCESSES_MAX:
            break
    return found


def _in_flight(reader: Reader, processes: list[Process]) -> Metric:
    gauge = GaugeMetricFamily(
        "reqtrace_requests_in_flight", "Requests that run at the last measurement.", labels=_LABELS
    )
    known = {process.id: process for process in processes if process.ended_ns is None}
    for looked, (_, record) in enumerate(reader.newest("measurement", None)):
        if not known or looked == 2 * PROCESSES_MAX:
            break
        assert isinstance(record, Measurement)
        process = known.pop(record.process, None)
        if process is not None:
            gauge.add_metric(_labels(process), record.requests_in_flight)
    return gauge


def _findings(reader: Reader, processes: list[Process]) -> Metric:
    gauge = GaugeMetricFamily(
        "reqtrace_findings", "Findings that are kept, of the newest ones.", labels=(*_LABELS, "level")
    )
    known, counts = {process.id: process for process in processes}, Counter[tuple[str, Level]]()
    for looked, (_, record) in enumerate(reader.newest("finding", None)):
        if looked == LOOKED_AT // 4:
            break
        assert isinstance(record, Finding)
        counts[record.request.rpartition("-")[0], record.level] += 1
    levels: tuple[Level, ...] = ("leak", "hazard", "notice")
    for process in processes:
        for level in levels:
            gauge.add_metric([*_labels(process), level], counts.pop((process.id, level), 0))
    for (process_id, level), count in counts.items():
        if process_id not in known:
            gauge.add_metric([process_id, "", "", "", level], count)
    return gauge


def _labels(process: Process) -> list[str]:
    return [process.id, process.host, str(process.pid), process.server]
