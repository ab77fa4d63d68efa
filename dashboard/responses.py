"""How this app answers: its own templates, JSON of the protocol's shapes, and the headers that lock the page down."""

from pathlib import Path

import msgspec
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.template import Context, Engine
from django.utils import translation
from django.utils.safestring import SafeString

from . import language

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with that, browsers send "Origin: null" with forms, and the sign-in would be refused.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_TEMPLATES = str(Path(__file__).resolve().parent / "templates")
# An engine of its own: the project may use another one, and need not have this app installed.
_engine = Engine(dirs=[_TEMPLATES], libraries={"i18n": "django.templatetags.i18n"})


def secured(response: HttpResponseBase) -> HttpResponseBase:
    """Put the security headers on a response; what may be kept says so itself, all else is not stored anywhere."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def bodiless(response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer to a HEAD: the headers without the body, which some servers would send all the same.

    Of what does not fit into one piece Daphne holds back the first alone, and the rest puts the connection out of step.
    """
    if isinstance(response, HttpResponse):
        if not response.content:
            return response
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
        return response
    bare = HttpResponse(status=response.status_code)
    for name, value in response.headers.items():
        bare.headers[name] = value
    bare.cookies = response.cookies
    response.close()
    return bare


def html(template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a page from one of this app's templates, in the visitor's language."""
    spoken = language.current()
    with translation.override(spoken):
        page = _engine.get_template(f"reqtrace_dashboard/{template}")
        text: SafeString = page.render(Context({"language": spoken, **context}))
    return HttpResponse(text, status=status)


def json(answer: msgspec.Struct, status: int = 200) -> HttpResponse:
    """Return one of the protocol's answers."""
    return HttpResponse(msgspec.json.encode(answer), status=status, content_type="application/json")
