"""The page of the chat, answered by a coroutine."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


async def start(request: HttpRequest) -> HttpResponse:
    """Greet whoever asks."""
    await request.auser()
    return render(request, "room.html", {"name": (await request.auser()).get_username()})


urlpatterns = [path("", start)]
