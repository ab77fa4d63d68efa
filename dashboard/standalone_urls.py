"""URLs of the standalone server: the dashboard at ``/reqtrace/``, and a door with a bell in front of it."""

from django.urls import include, path
from django.views.generic import RedirectView

from . import sign_in, urls, views

# The project's own error pages may need what this server does not have.
handler404 = sign_in.not_found
handler500 = sign_in.broken

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="page")),
    path("reqtrace", RedirectView.as_view(pattern_name="page")),
    path("reqtrace/", sign_in.page, name="page"),
    path("reqtrace/assets/app.css", views.public_asset, {"name": "app.css"}),  # the sign-in page wears it, too
    path("reqtrace/", include(urls)),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/<str:token>/", sign_in.by_link, name="by-link"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
]
