"""URLs of the smoke test's project."""

from django.urls import include, path

from dashboard.views import own

urlpatterns = [path("dashboard/", own), path("reqtrace/", include("reqtrace.dashboard.urls"))]
