"""The benchmark of the formats runs and reports every one; what the figures say is never a test's business."""

import pytest

from benchmarks import formats
from reqtrace.exporters.registry import EXPORTER_CLASSES


def test_every_format_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    formats.main(["--requests", "200"])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows[2:]] == list(EXPORTER_CLASSES)
    assert all(len(row) == 7 for row in rows)
