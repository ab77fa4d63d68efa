"""The standalone server's own middleware."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import responses

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class SecureEverything:
    """Checks the host, puts the security headers on every response and, behind TLS, `Secure` on its cookies.

    Asynchronous alone, as the server is: a synchronous one would wait in a thread for what is below it, and for ever
    where the server ends meanwhile.
    """

    sync_capable, async_capable = False, True

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap the rest of the server."""
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse a host that is not ours (`DisallowedHost`, a 400), else answer."""
        request.get_host()
        response = responses.secured(await self.get_response(request))
        if request.method == "HEAD":
            response = responses.bodiless(response)
        if request.is_secure():  # behind a proxy that SECURE_PROXY_SSL_HEADER tells of
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response
