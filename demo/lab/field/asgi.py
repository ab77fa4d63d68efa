"""The field's application for ASGI servers."""

import os

from django.core.asgi import get_asgi_application

from reqtrace.asgi import TraceASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.lab.field.project")

application = TraceASGI(get_asgi_application())
