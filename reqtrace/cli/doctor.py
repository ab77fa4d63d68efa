"""``reqtrace doctor``: what can be told without traffic, from the project's sources and settings."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from reqtrace.cli import base
from reqtrace.doctor.base import Diagnosis
from reqtrace.doctor.examine import Group, examine
from reqtrace.doctor.project import Found, find
from reqtrace.exceptions import ReqtraceError

_COLOURS = {"hazard": (1, 31), "notice": (36,)}


class Command(base.Subcommand):
    """Examines the project, and fails when it finds a hazard."""

    help = (
        "Look for identity hazards in the project's own code and settings, without traffic. "
        "A line that ends in `# reqtrace: ok` is left alone."
    )
    examples = "doctor\ndoctor --json"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the form."""
        parser.add_argument("--json", action="store_true", help="one JSON object: examined, skipped, groups")

    def run(self, options: Mapping[str, Any]) -> None:
        """Examine.

        Raises:
            ReqtraceError: when there is a hazard, so that the exit code is 1.

        """
        found = find()
        groups = [Group(group.title, [_shortened(one) for one in group.diagnoses]) for group in examine(found.project)]
        if options["json"]:
            document = {"examined": _examined(found), "skipped": _skipped(found), "groups": groups}
            self.terminal.raw(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        else:
            self._show(found, groups)
        self.terminal.flush()
        hazards = _count(groups, "hazard")
        if hazards:
            raise ReqtraceError(f"{_number(hazards, 'hazard')} to mend.")

    def _show(self, found: Found, groups: Sequence[Group]) -> None:
        for group in groups:
            self.terminal.line(self.terminal.paint(group.title, 1))
            for one in group.diagnoses:
                level = self.terminal.paint(f"{one.level:<6}", *_COLOURS[one.level])
                self.terminal.line(f"  {level} {one.file}:{one.line} {self.terminal.paint(one.code, 2)}")
                self.terminal.line(f"         {one.message}")
                self.terminal.line(f"         {self.terminal.paint('Fix:', 1)} {one.fix}")
            self.terminal.line()
        packages = ", ".join(found.packages) or "no package of the project's own"
        self.terminal.line(f"Examined {_number(found.files, 'file')} in {packages}, and the settings.")
        for skipped in _skipped(found):
            self.terminal.line(f"Skipped {skipped['file']}: {skipped['reason']}.")
        hazards, notices = _count(groups, "hazard"), _count(groups, "notice")
        self.terminal.line(f"Found {_number(hazards, 'hazard')} and {_number(notices, 'notice')}.")


def _examined(found: Found) -> dict[str, object]:
    return {"files": found.files, "packages": list(found.packages)}


def _skipped(found: Found) -> list[dict[str, str]]:
    return [{"file": _short(skipped.file), "reason": skipped.reason} for skipped in found.skipped]


def _shortened(diagnosis: Diagnosis) -> Diagnosis:
    return msgspec.structs.replace(diagnosis, file=_short(Path(diagnosis.file)))


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _count(groups: Sequence[Group], level: str) -> int:
    return sum(one.level == level for group in groups for one in group.diagnoses)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
