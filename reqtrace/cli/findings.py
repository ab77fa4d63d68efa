"""``reqtrace findings``: what was mixed up, one cause at a time, with the story and the fix."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from reqtrace.cli import base
from reqtrace.exceptions import ReqtraceError
from reqtrace.findings.mending import mending
from reqtrace.findings.reporting import place
from reqtrace.reading import queries
from reqtrace.reading.groups import LEVELS, Group, count_of, groups
from reqtrace.reading.involved import involved
from reqtrace.records import Level

FILTERS = ("since", "until", "user", "path", "kind", "level", "holder", "synthetic")
_COLOURS: dict[Level, tuple[int, ...]] = {"leak": (1, 31), "hazard": (33,), "notice": (36,)}
_FRAMES = 3


class Command(base.Subcommand):
    """Shows the groups, the worst first, and fails where one is a leak."""

    help = "Show what was mixed up, a cause at a time, with its story and its fix; exit code 1 on a leak."
    examples = "findings\nfindings --since 1h --level leak\nfindings --json"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare form and filters."""
        parser.add_argument(
            "--json",
            action="store_true",
            help="a JSON array of groups: level, holder, kinds, people, count, first, last, the worst finding, and its "
            "fix as code, `mending`",
        )
        filters = parser.add_argument_group("filters")
        for name in FILTERS:
            filters.add_argument(f"--{name}", default="", help=queries.PARAMETERS[name])

    def run(self, options: Mapping[str, Any]) -> None:
        """Show them.

        Raises:
            ReqtraceError: when there is a leak, so that the exit code is 1.

        """
        query, _ = queries.parse({name: options[name] for name in FILTERS}, time.time_ns())
        reader = self.open_reader()
        found = groups(reader, query)
        for group in found:
            group.mending = mending(group.worst, *involved(reader, group.worst))
        if options["json"]:
            self.terminal.raw(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        else:
            for group in found:
                self._show(group)
            self.terminal.line(summary(found))
        self.note_corrupt(reader)
        self.terminal.flush()
        leaks = count_of(found, "leak")
        if leaks:
            raise ReqtraceError(f"{leaks:,} leak{'s' * (leaks > 1)} to mend.")

    def _show(self, group: Group) -> None:
        worst, paint = group.worst, self.terminal.paint
        title = group.holder or worst.kind
        known = " (marked as known)" if group.known else ""
        self.terminal.line(f"{paint(group.level, *_COLOURS[group.level])} {paint(title, 1)}{known}")
        rows = [
            ("", worst.message),
            ("found", _when(group)),
            ("kinds", ", ".join(f"{kind} {count:,}" for kind, count in group.kinds.items())),
            ("people", ", ".join(group.people)),
            ("releases", ", ".join(group.releases)),
            ("read at", "; ".join([f"checkpoint {worst.checkpoint}", *map(place, worst.stack[:_FRAMES])])),
            ("fix", worst.fix),
        ]
        for name, text in rows:
            if text:
                self.terminal.line(f"  {paint(f'{name:<9}', 2)}{text}")
        for line in (group.mending or "").splitlines():
            self.terminal.line(f"      {line}" if line else "")
        self.terminal.line()


def summary(found: Sequence[Group]) -> str:
    """Say in one line how many groups of each level there are."""
    counts = [(level, count_of(found, level)) for level in LEVELS]
    said = [f"{count:,} {level}{'s' * (count != 1)}" for level, count in counts if count]
    return f"{', '.join(said)}." if said else "Nothing was mixed up, as far as requests were seen."


def _when(group: Group) -> str:
    times = f"{group.count:,} time{'s' * (group.count != 1)}"
    if group.first_ns is None or group.last_ns is None:
        return times
    first, last = _local(group.first_ns), _local(group.last_ns)
    return f"{times}, at {first}" if first == last else f"{times}, first at {first}, last at {last}"


def _local(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9).astimezone().isoformat(" ", "seconds")[:19]
