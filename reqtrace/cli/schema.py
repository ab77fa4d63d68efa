"""``reqtrace schema``: the JSON Schema of the trace document."""

from collections.abc import Mapping
from typing import Any

from reqtrace.cli import base
from reqtrace.exporters.schema import schema_text


class Command(base.Subcommand):
    """Prints what `records` says."""

    help = "Print the JSON Schema of the trace document."
    examples = "schema > trace.schema.json"

    def run(self, options: Mapping[str, Any]) -> None:
        """Print."""
        self.terminal.raw(schema_text().encode())
