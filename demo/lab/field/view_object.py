"""A view that is an object: made once in the URLconf, for everybody."""

from typing import Any

from django.http import HttpResponse

from demo.lab.field.base import Kind, answer, meet


class Greeting:
    """Keeps the request on itself, as the class-based views of Django may, of which there is one for each request."""

    def __call__(self, request: Any, key: str) -> HttpResponse:
        """Greet."""
        self.request = request
        return self.greet()

    def greet(self) -> HttpResponse:
        """Greet whoever asks, as it believes."""
        mine = self.request
        meet(mine)
        return answer(mine, self.request)


class CarefulGreeting:
    """Hands the request on, and keeps what belongs to nobody."""

    def __init__(self) -> None:
        """Begin."""
        self.greeted = 0
        self.last_path = ""

    def __call__(self, request: Any, key: str) -> HttpResponse:
        """Greet."""
        self.greeted += 1
        self.last_path = request.path
        return self.greet(request)

    def greet(self, request: Any) -> HttpResponse:
        """Greet whoever asks."""
        meet(request)
        return answer(request, request.user)


KIND = Kind("view-object", "a view object in the URLconf", Greeting(), CarefulGreeting(), at_once=2)
