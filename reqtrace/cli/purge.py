"""``reqtrace purge``: an empty store."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from reqtrace.cli import base
from reqtrace.exceptions import QueryError, StoreError
from reqtrace.stores import registry


class Command(base.Subcommand):
    """Empties the store in force, after asking."""

    help = "Empty the store."
    examples = "purge\npurge --yes"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the way around the question."""
        parser.add_argument("--yes", "--no-input", "--noinput", action="store_true", help="do not ask")

    def run(self, options: Mapping[str, Any]) -> None:
        """Ask, then purge; never the default in place of a store that was meant."""
        if registry.store_problem():
            raise StoreError("Nothing was dropped, because the setting STORE cannot be used.")
        store = registry.store()
        if not options["yes"]:
            if not sys.stdin.isatty():
                raise QueryError("yes", "purge asks on a terminal, and this is none; give --yes to empty the store.")
            if input(f"Drop everything in {store.shown}? [y/N] ").strip().lower() not in ("y", "yes"):
                self.terminal.line("Nothing was dropped.")
                return
        count = store.purge()
        self.terminal.line(f"Dropped {count:,} {'entry' if count == 1 else 'entries'}.")
