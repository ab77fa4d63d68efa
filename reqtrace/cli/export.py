"""``reqtrace export``: the trace, or a part of it, into a file."""

import gc
import os
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec

from reqtrace.cli import base
from reqtrace.exceptions import TraceFileError
from reqtrace.exporters import registry
from reqtrace.reading import queries
from reqtrace.reading.selection import Selection

FILTERS = {name: text for name, text in queries.PARAMETERS.items() if name not in ("limit", "cursor")}


class Command(base.Subcommand):
    """Writes what the filters leave, in constant memory."""

    help = "Write the trace to a file or to standard output."
    examples = (
        "export -o trace.json\n"
        "export --format ndjson --since 15m --user alice\n"
        "export --findings-only --level leak -o leaks.json"
    )

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare format, target and filters."""
        parser.add_argument(
            "--format", choices=registry.EXPORTER_CLASSES, default="json", help="see Other formats; default: json"
        )
        parser.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            default="-",
            help="where to; it is replaced once the export is complete; default: standard output, which is -",
        )
        parser.add_argument(
            "--findings-only",
            action="store_true",
            help="findings, and the requests, processes and threads that they name",
        )
        filters = parser.add_argument_group("filters")
        for name, text in FILTERS.items():
            filters.add_argument(f"--{name}", default="", help=text)

    def run(self, options: Mapping[str, Any]) -> None:
        """Export."""
        query, _ = queries.parse({name: options[name] for name in FILTERS}, time.time_ns())
        query = msgspec.structs.replace(query, with_findings=options["findings_only"])
        reader = self.open_reader()
        exporter = registry.exporter(options["format"])
        with _without_collections(), self.terminal.bar() as bar:
            began = time.monotonic()

            def watch(stage: str, share: float) -> None:
                bar.show(share, f"{stage}, {time.monotonic() - began:.1f} s")

            reader.watch = watch
            chunks = exporter.chunks(Selection(reader, query, datetime.now(UTC)), watch)
            if options["output"] == "-":
                for chunk in chunks:
                    self.terminal.raw(chunk)
            else:
                size = _write(Path(options["output"]), chunks)
        if options["output"] != "-":
            self.terminal.note(f"Wrote {options['output']} ({size:,} bytes).")
        self.note_corrupt(reader)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Do not look for garbage meanwhile: an export makes none that goes in circles, and looking takes a tenth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    """Write a file so that it is complete or as it was before; return its size.

    Raises:
        TraceFileError: when it cannot be written.

    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():  # a pipe or a device has no "before", and must not be replaced
            with target.open("wb") as stream:
                return sum(stream.write(chunk) for chunk in chunks)
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False) as stream:
            try:
                size = sum(stream.write(chunk) for chunk in chunks)
                stream.flush()
                os.fsync(stream.fileno())
                Path(stream.name).replace(target)
            except BaseException:
                with suppress(OSError):
                    Path(stream.name).unlink()
                raise
        return size
    except OSError as error:
        raise TraceFileError(f"{path} cannot be written: {error.strerror}. Name another place with -o.") from error
