"""``reqtrace open``: the dashboard on exported files."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reqtrace.cli import base, dashboard
from reqtrace.exceptions import TraceFileError
from reqtrace.reading.files.merging import Merge
from reqtrace.reading.files.traces import TraceFile
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from reqtrace.stores.sqlite import SqliteStore

_BATCH = 1_000
_SHOWN = 5


class Command(base.Subcommand):
    """Reads the files into a store of their own, which is gone when the page is."""

    help = "Serve the live page on exported files, several of them as one trace, until Ctrl-C."
    examples = "open trace.json\nopen web-1.ndjson.gz web-2.ndjson.zst --port 9000"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the files, and where to listen."""
        parser.add_argument(
            "files",
            nargs="+",
            type=Path,
            metavar="FILE",
            help="JSON or NDJSON, either also with gzip or, with the extra zstd, Zstandard; of one that is cut off or "
            "damaged, what is whole",
        )
        dashboard.add_address(parser)

    def run(self, options: Mapping[str, Any]) -> None:
        """Read, then serve."""
        serve = dashboard.server().serve
        with TemporaryDirectory(prefix="reqtrace-") as folder:
            store = SqliteStore(f"sqlite:///{folder}/opened.sqlite3")
            try:
                self.load(options["files"], store)
                with registry.replaced(store):
                    serve(host=options["host"], port=options["port"])
            finally:
                store.close()

    def load(self, paths: Iterable[Path], store: Store) -> None:
        """Put what the files hold into a store, in the order of time, and say what was left out.

        Raises:
            TraceFileError: when one is no trace, or none of them holds a record.

        """
        with Merge() as merge:
            for path in paths:
                self._read(TraceFile(path), merge)
            if not merge.length:
                raise TraceFileError("There is no whole record to show.")
            items, done = merge.items(), 0
            with self.terminal.bar() as bar:
                while batch := list(islice(items, _BATCH)):
                    store.append(batch)
                    done += len(batch)
                    bar.show(done / merge.length, "putting in order")

    def _read(self, file: TraceFile, merge: Merge) -> None:
        before = merge.length
        with self.terminal.bar() as bar:
            for record in file.records():
                merge.take(record)
                bar.show(file.share, f"{file.path}, {merge.length - before:,} records")
        self.terminal.note(f"{file.path}: {merge.length - before:,} records.")
        self._note_problems(file)

    def _note_problems(self, file: TraceFile) -> None:
        for problem in file.problems[:_SHOWN]:
            self.terminal.note(f"  left out: {problem}")
        if file.left_out > _SHOWN:
            self.terminal.note(f"  left out: {file.left_out - _SHOWN:,} more")
