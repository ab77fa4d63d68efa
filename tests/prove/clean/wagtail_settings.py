"""A site of Wagtail's, with its admin."""

from tests.prove.clean.base import *  # noqa: F403
from tests.prove.clean.base import templates

ROOT_URLCONF = "tests.prove.clean.wagtail_urls"
INSTALLED_APPS = [
    "tests.prove.clean.site",
    *("wagtail.contrib.redirects", "wagtail.contrib.settings", "wagtail.users", "wagtail.images"),
    *("wagtail.documents", "wagtail.snippets", "wagtail.search", "wagtail.sites", "wagtail.admin", "wagtail"),
    *("modelcluster", "taggit"),
    *APPS,  # noqa: F405
]
MIDDLEWARE = [*MIDDLEWARE, "wagtail.contrib.redirects.middleware.RedirectMiddleware"]  # noqa: F405
TEMPLATES = templates("wagtail.contrib.settings.context_processors.settings")
WAGTAIL_SITE_NAME = "a site"
WAGTAILADMIN_BASE_URL = "http://shop.test"
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
