"""URLs of the crowded project."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path
from wagtail.admin import urls as wagtail_admin

from tests.servers.crowded import views

urlpatterns = [
    path("nowhere/else/", views.public),
    path("menu/", views.menu),
    path("save/", views.save),
    path("quote/", views.quote),
    path("public/", views.public),
    path("plain/", views.plain),
    path("flags/", views.flags),
    path("rights/", views.rights),
    path("async/", views.by_async),
    path("stream/", views.stream),
    path("wagtail-log/", views.wagtail_log),
    path("api/", views.Api.as_view()),
    path("admin/", admin.site.urls),
    path("wagtail/", include(wagtail_admin)),
    path("accounts/", include("allauth.urls")),
    path("hijack/", include("hijack.urls")),
    path("silk/", include("silk.urls", namespace="silk")),
    path("shop/", include(apps.get_app_config("oscar").urls[0])),
]
