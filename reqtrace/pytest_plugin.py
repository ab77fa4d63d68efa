"""The pytest plugin: ``--reqtrace`` fails a test in which one request saw another's identity.

pytest loads this file whether or not it is asked for, and long before Django is set up: so whatever needs Django is
imported where it is used.
"""

from collections.abc import Generator, Iterator
from copy import copy
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reqtrace.capture.block import Capture
    from reqtrace.findings.reporting import Allowed

LEVELS = ("leak", "hazard")
MARKER = "reqtrace_allow"
ARGUMENTS = {"kind", "holder"}
_USAGE = f"{MARKER} takes kind=..., holder=... or both, by name and as text."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--reqtrace``."""
    parser.getgroup("reqtrace", "identities mixed up between requests").addoption(
        "--reqtrace",
        nargs="?",
        const="leak",
        metavar="hazard",
        help="fail a test in which a request saw another's identity; with --reqtrace=hazard also where it might",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Leave what stands behind a bare ``--reqtrace`` to pytest: it is a path, unless it is a level."""
    bare = [
        place for place, arg in enumerate(args) if arg == "--reqtrace" and args[place + 1 : place + 2] != ["hazard"]
    ]
    if bare:
        for place in bare:
            args[place] = "--reqtrace=leak"
        early_config.known_args_namespace = parser.parse_known_args(args, namespace=copy(early_config.option))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and look at tests only if that is asked for."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(kind=..., holder=...): findings that --reqtrace lets pass in this test; patterns, both must match",
    )
    level = config.getoption("--reqtrace")
    if level is None:
        return
    if level not in LEVELS:
        raise pytest.UsageError(f"--reqtrace={level}: there are {' and '.join(LEVELS)}; put paths in front of it.")
    config.pluginmanager.register(_Check(hazards=level == "hazard"), "reqtrace-check")


@pytest.fixture
def reqtrace_capture() -> "Iterator[Capture]":
    """Return what is traced during the test: `requests`, `findings`, `leaks` and `hazards`."""
    from reqtrace.testing import capture

    with capture() as captured:
        yield captured


class _Check:
    """Looks at every test of the session."""

    def __init__(self, *, hazards: bool) -> None:
        """Look for leaks; with `hazards` for these, too."""
        self.hazards = hazards
        self.captured = pytest.StashKey["Capture"]()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse to run where nothing would be traced, and where a marker allows everything or nothing."""
        from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

        from reqtrace.exceptions import SettingsError

        try:
            from reqtrace.testing import require_tracing

            require_tracing()
        except (AppRegistryNotReady, ImproperlyConfigured, SettingsError) as error:
            raise pytest.UsageError(f"--reqtrace: {error}") from error
        wrong = [
            f"{item.nodeid}: {_USAGE}" for item in items for mark in item.iter_markers(MARKER) if not _is_good(mark)
        ]
        if wrong:
            raise pytest.UsageError("\n".join(["--reqtrace:", *wrong]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Capture the test with its fixtures."""
        from reqtrace.capture.block import capturing

        with capturing() as captured:
            item.stash[self.captured] = captured
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail the test for what was found; beside a failure of its own, show it."""
        try:
            result = yield
        except BaseException:
            if text := self._report(item):
                item.add_report_section("call", "reqtrace", text)
            raise
        if text := self._report(item):
            pytest.fail(text, pytrace=False)
        return result

    def _report(self, item: pytest.Item) -> str:
        from reqtrace.findings.reporting import report

        captured = item.stash[self.captured]
        captured.settle()
        return report(captured.requests, captured.findings, hazards=self.hazards, allow=_allowed(item))


def _allowed(item: pytest.Item) -> "list[Allowed]":
    """Return what a test's markers allow."""
    from reqtrace.findings.reporting import Allowed

    return [Allowed(**mark.kwargs) for mark in item.iter_markers(MARKER)]


def _is_good(mark: pytest.Mark) -> bool:
    """Tell whether a marker names what it allows: one without arguments would allow everything."""
    given = mark.kwargs
    return not mark.args and bool(given) and given.keys() <= ARGUMENTS and all(type(v) is str for v in given.values())
