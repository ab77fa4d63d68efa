"""The lab's application for ASGI servers, with the wrapper that sees dirty contexts."""

import os

from django.core.asgi import get_asgi_application

from reqtrace.asgi import TraceASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.lab.project")

application = TraceASGI(get_asgi_application())
