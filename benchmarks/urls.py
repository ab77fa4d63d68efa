"""The pages of the measured project."""

from django.apps import apps
from django.urls import include, path
from django.utils.module_loading import import_string

from benchmarks import site

urlpatterns = [
    path("sync/", site.sync_view),
    path("async/", site.async_view),
    path("page/", site.page_view),
    path("waiting/", site.waiting_view),
]
if apps.is_installed("silk"):
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))
if apps.is_installed("debug_toolbar"):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
if apps.is_installed("rest_framework"):
    urlpatterns.append(path("token/", import_string("benchmarks.token.greet")))
