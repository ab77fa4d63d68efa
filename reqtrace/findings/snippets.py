"""The fixes as code, to be filled in with the names of what is to be mended: whole files or lines, each said where."""

from typing import Literal

Gate = Literal["wsgi", "asgi"]

_CLEARING = "# clearing.py, beside manage.py"
_CURRENT = 'current_request = ContextVar("current_request")'
_SETTINGS = """\


# settings.py: around all that sets or reads it
MIDDLEWARE.insert(1, "{module}.{function}")
"""


def clearing(why: str, imports: str, statement: str, function: str, gate: Gate) -> str:
    """Return a middleware that does something whenever a request ends.

    >>> print(clearing("whatever is set goes", "from shop import kept", "kept.clear()", "clears_kept", "asgi"))
    # clearing.py, beside manage.py
    # whatever is set goes
    from shop import kept
    from django.utils.decorators import async_only_middleware
    <BLANKLINE>
    <BLANKLINE>
    @async_only_middleware
    def clears_kept(get_response):
        async def middleware(request):
            try:
                return await get_response(request)
            finally:
                kept.clear()
    <BLANKLINE>
        return middleware
    <BLANKLINE>
    <BLANKLINE>
    # settings.py: around all that sets or reads it
    MIDDLEWARE.insert(1, "clearing.clears_kept")
    <BLANKLINE>
    """
    body = f"try:\n    return {_awaited(gate)}get_response(request)\nfinally:\n{_indented(statement, 1)}"
    return f"{_CLEARING}\n# {why}\n{imports}\n{_middleware(function, body, gate)}{_settings('clearing', function)}"


def context_of_its_own(why: str, function: str) -> str:
    """Return a middleware that serves each request in a copy of its thread's context: what it sets goes with it."""
    body = "return copy_context().run(get_response, request)"
    head = f"# contexts.py, beside manage.py\n# {why}\nfrom contextvars import copy_context\n"
    return f"{head}{_middleware(function, body, 'wsgi')}{_settings('contexts', function)}"


def keeping(instead: str, reading: str, gate: Gate) -> str:
    """Return a middleware that keeps the request in a context variable, and how to read it.

    Args:
        instead: what it takes the place of.
        reading: the statement that reads it.
        gate: which interface the server speaks.

    """
    body = (
        "token = current_request.set(request)\n"
        f"try:\n    return {_awaited(gate)}get_response(request)\nfinally:\n    current_request.reset(token)"
    )
    return (
        f"# current.py, beside manage.py\n# {instead}\nfrom contextvars import ContextVar\n"
        f"{_middleware('keeps_request', body, gate, _CURRENT)}"
        f"{_settings('current', 'keeps_request')}"
        "\n\n# wherever it was read\nfrom current import current_request\n\n"
        f"{reading}\n"
    )


def local(holder: str, name: str) -> str:
    """Return the definition of a thread-local as one that follows the context."""
    return (
        f"# in place of {holder} = threading.local()\n"
        "from asgiref.local import Local  # a ContextVar beneath: what sets and reads it stays as it is\n\n"
        f"{name} = Local()\n"
    )


def vary(view: str, function: str, *, is_class: bool) -> str:
    """Return a cached view whose page is kept for each session."""
    head = f"# {view}: where it comes from the cache, kept for each session\n"
    by_cookie = "from django.views.decorators.vary import vary_on_cookie\n"
    if is_class:
        return (
            f"{head}from django.utils.decorators import method_decorator\n{by_cookie}\n\n"
            '@method_decorator(vary_on_cookie, "dispatch")  # right below that of cache_page\n'
            f"class {function}(View): ...\n"
        )
    return f"{head}{by_cookie}\n\n@vary_on_cookie  # right below @cache_page\ndef {function}(request): ...\n"


def wrapped() -> str:
    """Return an ASGI application around another that is called in an empty context."""
    return """\
# asgi.py, at its end: around all other wrappers, so that nothing is set yet as a request comes in
import asyncio
from contextvars import Context


def in_a_context_of_its_own(inner):
    async def application(scope, receive, send):
        await asyncio.create_task(inner(scope, receive, send), context=Context())

    return application


application = in_a_context_of_its_own(application)
"""


def _middleware(function: str, body: str, gate: Gate, definition: str = "") -> str:
    is_async = gate == "asgi"
    return (
        ("from django.utils.decorators import async_only_middleware\n" if is_async else "")
        + (f"\n{definition}\n" if definition else "")
        + "\n\n"
        + ("@async_only_middleware\n" if is_async else "")
        + f"def {function}(get_response):\n"
        + f"    {'async ' if is_async else ''}def middleware(request):\n"
        + f"{_indented(body, 2)}\n\n    return middleware\n"
    )


def _settings(module: str, function: str) -> str:
    return _SETTINGS.format(module=module, function=function)


def _awaited(gate: Gate) -> str:
    return "await " if gate == "asgi" else ""


def _indented(text: str, steps: int) -> str:
    return "\n".join(f"{'    ' * steps}{line}" for line in text.splitlines())
