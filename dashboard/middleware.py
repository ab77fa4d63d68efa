"""The standalone server's own middleware."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import responses


class SecureEverything:
    """Checks the host, puts the security headers on every response and, behind TLS, `Secure` on its cookies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the rest of the server."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse a host that is not ours (`DisallowedHost`, a 400), else answer."""
        request.get_host()
        response = responses.secured(self.get_response(request))
        if request.method == "HEAD":
            response = responses.bodiless(response)
        if request.is_secure():  # behind a proxy that SECURE_PROXY_SSL_HEADER tells of
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response
