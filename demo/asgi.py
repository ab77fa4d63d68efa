"""The shop for ASGI servers, with the sockets of the dashboard and of the tour where these are served."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from reqtrace.asgi import TraceASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")

django = ASGIStaticFilesHandler(get_asgi_application())
application = ProtocolTypeRouter({"http": TraceASGI(django)})

if settings.MOUNT_DASHBOARD:
    from dashboard.routing import websocket_urlpatterns

    application.application_mapping["websocket"] = URLRouter(websocket_urlpatterns)

if settings.TOUR_SERVER:
    from demo.scenarios.serving import AroundDjango, websocket_urlpatterns

    application.application_mapping["http"] = TraceASGI(AroundDjango(django))
    application.application_mapping["websocket"] = TraceASGI(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
