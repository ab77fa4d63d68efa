"""The shop's settings, with a middleware that leaves something behind, and the toolbar's store that is asked for."""

import os

from demo.settings import *  # noqa: F403
from demo.settings import DEBUG_TOOLBAR_CONFIG, DEBUG_TOOLBAR_PANELS, MIDDLEWARE, REQTRACE

MIDDLEWARE = [*MIDDLEWARE, "tests.panel.project.middleware.KeepsTheRequest"]
REQTRACE = {**REQTRACE, "HOLDERS": ["tests.panel.project.middleware.Kept.request"]}
DEBUG_TOOLBAR_PANELS = ["debug_toolbar.panels.history.HistoryPanel", *DEBUG_TOOLBAR_PANELS]
DEBUG_TOOLBAR_CONFIG = {
    **DEBUG_TOOLBAR_CONFIG,
    "TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{os.environ.get('TOOLBAR_STORE', 'CacheStore')}",
}
