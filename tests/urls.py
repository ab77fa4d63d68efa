"""URLs of the test project; the views stand in `tests/views.py`."""

from django.urls import URLPattern, URLResolver, include, path

from tests import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("reqtrace/", include("dashboard.urls")),
    path("plain/", views.plain),
    path("plain-async/", views.plain_async),
    path("where/", views.where),
    path("where-async/", views.where_async),
    path("slow/", views.slow),
    path("slow-async/", views.slow_async),
    path("who/", views.who),
    path("who-async/", views.who_async),
    path("who-in-thread/", views.who_in_thread),
    path("session/", views.touch_session),
    path("sign-in/", views.sign_in),
    path("sign-out/", views.sign_out),
    path("fail/", views.fail),
    path("forget/", views.forget),  # type: ignore[type-var]
    path("stream/", views.stream),
    path("stream-async/", views.stream_async),
    path("file/", views.file),
    path("cached-page/", views.cached_page),
    path("cached-public/", views.cached_public),
    path("reused-response/", views.reused_response),
    path("foreign-cookie/", views.foreign_cookie),
    path("stream-of-holder/", views.stream_of_holder),
    path("items/<int:item>/", views.plain, name="item"),
]
