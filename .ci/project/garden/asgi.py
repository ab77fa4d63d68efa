"""The project with the live page mounted, as the tutorial shows it."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garden.settings")

application = ProtocolTypeRouter({"http": get_asgi_application()})

from reqtrace.dashboard.routing import websocket_urlpatterns  # noqa: E402

application.application_mapping["websocket"] = URLRouter(websocket_urlpatterns)
