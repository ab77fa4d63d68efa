"""What a subcommand of ``manage.py reqtrace`` is; every file beside this one that has a `Command` is one."""

import pkgutil
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from reqtrace.cli.terminal import Terminal
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry


class Subcommand(ABC):
    """One subcommand, named after its file."""

    help: ClassVar[str]
    """One sentence for the list of subcommands."""
    examples: ClassVar[str] = ""
    """Command lines to copy, one a line, as they stand behind ``manage.py reqtrace``."""

    def __init__(self, terminal: Terminal) -> None:
        """Speak through `terminal`."""
        self.terminal = terminal

    @classmethod  # noqa: B027  not every subcommand has options
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the options."""

    @abstractmethod
    def run(self, options: Mapping[str, Any]) -> None:
        """Do it. Raises `ReqtraceError` for what a person must know: its text is shown, without a traceback."""

    def open_reader(self) -> Reader:
        """Return a reader of the store in force, and say so when there is nothing it could read."""
        store = registry.store()
        if store.bounds() == (0, 0):
            hint = (
                "It lives in the process that serves requests, and cannot be read from another."
                if store.url.startswith("memory:")
                else "It fills as soon as the traced application handles a request."
            )
            self.terminal.note(f"Nothing has been recorded in {store.shown} yet. {hint}")
        return Reader(store)

    def note_corrupt(self, reader: Reader) -> None:
        """Say how many records had to be left out."""
        if reader.corrupt:
            self.terminal.note(f"Skipped {reader.corrupt:,} corrupt record{'s' * (reader.corrupt > 1)} in the store.")


@cache
def subcommands() -> dict[str, type[Subcommand]]:
    """Return every subcommand by its name."""
    package = __name__.rpartition(".")[0]
    names = [module.name for module in pkgutil.iter_modules(import_module(package).__path__)]
    modules = {name: import_module(f"{package}.{name}") for name in names}
    return {name: module.Command for name, module in modules.items() if hasattr(module, "Command")}
