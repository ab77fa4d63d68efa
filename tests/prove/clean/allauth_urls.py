"""allauth's own pages, and a start page that knows its visitor."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def start(request: HttpRequest) -> HttpResponse:
    """Greet whoever asks."""
    return render(request, "start.html")


urlpatterns = [path("", start), path("accounts/", include("allauth.urls"))]
