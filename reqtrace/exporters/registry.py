"""From the name of a format to its exporter."""

from django.utils.module_loading import import_string

from reqtrace.exporters.base import Exporter

EXPORTER_CLASSES = {
    "json": "reqtrace.exporters.json.JsonExporter",
    "ndjson": "reqtrace.exporters.ndjson.NdjsonExporter",
    "chrome": "reqtrace.exporters.chrome.ChromeExporter",
    "perfetto": "reqtrace.exporters.perfetto.PerfettoExporter",
    "otlp": "reqtrace.exporters.otlp.OtlpExporter",
    "otlp-proto": "reqtrace.exporters.otlp.OtlpProtoExporter",
}


def exporter(name: str) -> Exporter:
    """Return the exporter for a format, one of `EXPORTER_CLASSES`."""
    made = import_string(EXPORTER_CLASSES[name])()
    assert isinstance(made, Exporter)
    return made
