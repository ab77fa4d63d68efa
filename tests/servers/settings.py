"""The test project as servers run it: without the debug toolbar, whose lazy imports a late gevent patch evaluates."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [app for app in _APPS if app != "debug_toolbar"]
