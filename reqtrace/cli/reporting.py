"""What the commands that ask have in common: how much of what they take, and the files in which they report."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reqtrace.exceptions import QueryError, TraceFileError


def add_reports(parser: ArgumentParser) -> None:
    """Declare the reports for machines."""
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON, too")
    parser.add_argument("--junit", metavar="FILE", help="write it as JUnit's XML, too, for a build server")


def require_within(options: Mapping[str, Any], limits: Iterable[tuple[str, int, int]]) -> None:
    """Require numbers to lie between the least and the most that each option takes.

    Raises:
        QueryError: when one does not.

    """
    for name, least, most in limits:
        if not least <= options[name] <= most:
            raise QueryError(name, f"--{name} is {options[name]}; it takes {least:,} to {most:,}.")


def files_of(options: Mapping[str, Any], *names: str) -> dict[str, Path]:
    """Return the files that options name, before any work is done for them.

    Raises:
        QueryError: when one cannot be written.

    """
    files = {name: Path(options[name]) for name in names if options[name]}
    for name, path in files.items():
        if not path.parent.is_dir() or path.is_dir():
            raise QueryError(name, f"--{name.replace('_', '-')} is {str(path)!r}, and no file can be written there.")
    return files


def write(path: Path, data: bytes) -> None:
    """Write a report.

    Raises:
        TraceFileError: when that fails all the same.

    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise TraceFileError(f"{path} cannot be written: {error.strerror}.") from error
