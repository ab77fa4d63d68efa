"""The dashboard over the store of the environment, for whoever stands at this machine: no accounts, a free port."""

import django
from django.conf import settings

settings.configure(DEBUG=True, SECRET_KEY="of a benchmark", INSTALLED_APPS=["reqtrace", "dashboard"], USE_TZ=True)
django.setup()

from dashboard.server import serve  # noqa: E402  Django must be set up first

if __name__ == "__main__":
    serve("127.0.0.1", 0)
