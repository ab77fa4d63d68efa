"""URLs of the dashboard, for `include`; the socket's stands in `routing.py`."""

from django.urls import path

from . import marking, views

app_name = "reqtrace_dashboard"
urlpatterns = [
    path("", views.page, name="page"),
    path("api/requests", views.request_list, name="requests"),
    path("api/requests/<str:request_id>", views.request_detail, name="request"),
    path("api/threads", views.thread_list, name="threads"),
    path("api/processes", views.process_list, name="processes"),
    path("api/findings", views.finding_list, name="findings"),
    path("api/findings/<str:finding_id>/code", views.finding_code, name="code"),
    path("api/marks", marking.mark_list, name="marks"),
    path("api/marks/<str:group>", marking.mark, name="mark"),
    path("api/health", views.health, name="health"),
    path("api/metrics", views.metrics, name="metrics"),
    path("api/export", views.export, name="export"),
    path("assets/<str:name>", views.asset, name="asset"),
]
