"""For tests: what was traced within a block, and the assertion that nobody saw anybody else there."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, cast

from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.capture.block import Capture, capturing
from reqtrace.exceptions import SettingsError
from reqtrace.findings.reporting import Allowed, report
from reqtrace.middleware import TraceMiddleware
from reqtrace.prove.suites import asked
from reqtrace.prove.suites.apart import apart

__all__ = ["Allowed", "Capture", "aassert_isolated", "assert_isolated", "assert_no_leaks", "capture", "replay"]

_Test = TypeVar("_Test", bound=Callable[..., Any])


@contextmanager
def capture() -> Iterator[Capture]:
    """Capture what this process traces within the block, whichever client or live server asks for it.

    Traces go to a store in memory, and none to the project's own. All threads are captured, so that blocks at the
    same time see each other's requests; a block within a block hides nothing from the outer one.

    Raises:
        SettingsError: when nothing would be traced, since the middleware is missing or switched off.

    """
    require_tracing()
    with capturing() as captured:
        yield captured


class assert_no_leaks:  # noqa: N801  read as a function, at its place of use
    """Assert that no request within the block, or within the function it decorates, saw anybody else.

    >>> with assert_no_leaks():
    ...     self.client.get("/orders/")

    Raises:
        AssertionError: with a report of each leak: who saw whom, through which holder, where, and how to mend it.

    """

    def __init__(self, *, hazards: bool = False, allow: Iterable[Allowed] = ()) -> None:
        """Look for leaks.

        Args:
            hazards: whether to look for hazards, too.
            allow: the findings that are expected.

        """
        self._hazards = hazards
        self._allow = tuple(allow)

    def __enter__(self) -> Capture:
        """Begin the block."""
        self._block = capture()
        self._captured = self._block.__enter__()
        return self._captured

    def __exit__(
        self, class_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the block; what it raised itself goes first."""
        self._block.__exit__(class_, error, traceback)
        if error is None:
            text = report(self._captured.requests, self._captured.findings, hazards=self._hazards, allow=self._allow)
            if text:
                raise AssertionError(text)

    def __call__(self, test: _Test) -> _Test:
        """Decorate a test, sync or async: each of its calls is a block."""
        if iscoroutinefunction(test):

            @functools.wraps(test)
            async def checked_async(*args: Any, **kwargs: Any) -> Any:
                with self._anew():
                    return await test(*args, **kwargs)

            return cast("_Test", checked_async)

        @functools.wraps(test)
        def checked(*args: Any, **kwargs: Any) -> Any:
            with self._anew():
                return test(*args, **kwargs)

        return cast("_Test", checked)

    def _anew(self) -> Self:
        return type(self)(hazards=self._hazards, allow=self._allow)


def assert_isolated(
    paths: Iterable[str],
    users: int | Sequence[Any] = 3,
    *,
    server: Literal["wsgi", "asgi", "both"] | None = None,
    bound: int = 2,
    seconds: float = 60,
) -> None:
    """Assert that nobody's page depends on who else was served, over every order and interleaving up to a bound.

    >>> @pytest.mark.django_db
    ... def test_orders_are_isolated(alice, bob):
    ...     assert_isolated(["/orders/"], [alice, bob])

    It works on a copy of the test's database, with what the test has made in it, in processes of its own. It may be
    called from a test on an event loop, too, which stands still meanwhile.

    Args:
        paths: as `manage.py reqtrace prove` takes them.
        users: the people who ask, as users or by their usernames; or how many.
        server: through which application they ask; by default each that the project has.
        bound: up to how many switches in the midst of requests.
        seconds: how long it may take.

    Raises:
        AssertionError: when a page leaks or depends; with the schedule that shows it.
        QueryError: when these pages cannot be proven.

    """
    __tracebackhide__ = True
    given = list(users) if not isinstance(users, int) else users
    told = apart(lambda progress: asked.prove(list(paths), given, server, bound, seconds, progress))
    if told.text:
        raise AssertionError(told.text)


async def aassert_isolated(paths: Iterable[str], users: int | Sequence[Any] = 3, **options: Any) -> None:
    """Assert as `assert_isolated` does."""
    __tracebackhide__ = True
    assert_isolated(paths, users, **options)


def replay(
    requests: Iterable[tuple[Any, str]],
    *,
    server: Literal["wsgi", "asgi"] = "wsgi",
    way: Literal["order", "connection", "threads", "tasks"] = "order",
    turns: Sequence[tuple[int, int]] = (),
    anywhere: bool = False,
) -> None:
    """Play one schedule again that `manage.py reqtrace prove` has written down.

    Args:
        requests: who asks for what, in this order; None for a visitor. Whoever is named and missing is made.
        server: through which application.
        way: how the requests share the process: one after another, likewise over one connection, on threads, as tasks.
        turns: which request goes on, by its place, and at which of its next points it stops; 0: at its end.
        anywhere: whether a point is every line, and not only those that touch what both could share.

    Raises:
        AssertionError: when somebody gets what they would not get alone.
        QueryError: when the page is not there; what it shows has to be made first.

    """
    __tracebackhide__ = True
    told = apart(lambda _: asked.replay(list(requests), server, way, turns, anywhere=anywhere))
    if told.text:
        raise AssertionError(told.text)


def require_tracing() -> None:
    """Raise a `SettingsError` when the settings in force trace nothing."""
    if not conf.get().enabled:
        raise SettingsError(f"{conf.DICT}['ENABLED'] is false, so that there is nothing to see: set it for the tests.")
    if not any(_is_ours(import_string(path)) for path in django_settings.MIDDLEWARE):
        name = f"{TraceMiddleware.__module__}.{TraceMiddleware.__qualname__}"
        raise SettingsError(f"MIDDLEWARE has no {name!r}, so that there is nothing to see: put it first.")


def _is_ours(middleware: object) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, TraceMiddleware)
