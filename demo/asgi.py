"""The shop for ASGI servers, with the dashboard's socket where the dashboard is mounted."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")

application = ProtocolTypeRouter({"http": ASGIStaticFilesHandler(get_asgi_application())})

if settings.MOUNT_DASHBOARD:
    from dashboard.routing import websocket_urlpatterns

    application.application_mapping["websocket"] = URLRouter(websocket_urlpatterns)
