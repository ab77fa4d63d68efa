"""URLs of the test project; the views stand in `tests/views.py`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("reqtrace/", include("dashboard.urls"))]
