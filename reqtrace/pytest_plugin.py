"""The pytest plugin: ``--reqtrace`` fails a test in which one request saw another's identity; proofs show themselves.

pytest loads this file whether or not it is asked for, and long before Django is set up: so whatever needs Django is
imported where it is used.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reqtrace.prove.suites.audience import Outcome, listeners

if TYPE_CHECKING:
    from reqtrace.capture.block import Capture
    from reqtrace.findings.reporting import Allowed

LEVELS = ("leak", "hazard")
MARKER = "reqtrace_allow"
ARGUMENTS = {"kind", "holder"}
_PROOF = "reqtrace_proof"
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
    proofs = _Proofs(config)
    listeners.append(proofs)
    config.add_cleanup(lambda: listeners.remove(proofs))
    config.pluginmanager.register(proofs, "reqtrace-proofs")
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


class _Proofs:
    """Shows in the terminal how proofs get on, and in the end what came of them, also of those in other processes."""

    def __init__(self, config: pytest.Config) -> None:
        """Show nothing yet."""
        self._config = config
        self._item: pytest.Item | None = None
        self._outcomes: list[Outcome] = []

    def progress(self, share: float, text: str) -> None:
        """Show on a line of its own what is being done, to whoever sits before a terminal."""
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and terminal.isatty:
            self._write(lambda: (terminal.ensure_newline(), terminal.rewrite(f"reqtrace: {text}", erase=True)))

    def proved(self, outcome: Outcome) -> None:
        """Take the progress away, and keep what came of it with the test."""
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and terminal.isatty:
            self._write(lambda: terminal.rewrite("", erase=True))
        if self._item is not None:
            self._item.user_properties.append((_PROOF, msgspec.json.encode(outcome).decode()))

    def _write(self, write: Callable[[], object]) -> None:
        capture = self._config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            write()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Know which test runs."""
        self._item = item
        try:
            return (yield)
        finally:
            self._item = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what came of a test's proofs."""
        if report.when == "call":
            told = (value for name, value in report.user_properties if name == _PROOF)
            self._outcomes += [msgspec.json.decode(str(value), type=Outcome) for value in told]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say it in one line."""
        if self._outcomes:
            terminalreporter.write_line(_summary(self._outcomes))


def _summary(outcomes: Sequence[Outcome]) -> str:
    pages, schedules = sum(one.pages for one in outcomes), sum(one.schedules for one in outcomes)
    held = sum(one.verdict == "holds" for one in outcomes)
    cut = sum(one.verdict == "holds" and not one.complete for one in outcomes)
    return (
        f"reqtrace: {len(outcomes):,} proof{'s' * (len(outcomes) > 1)} of {pages:,} page{'s' * (pages > 1)}, "
        f"{schedules:,} schedules in {sum(one.seconds for one in outcomes):.1f} s: {held:,} of {len(outcomes):,} hold"
        + (f", {cut:,} of them as far as the time went" if cut else "")
    )


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
