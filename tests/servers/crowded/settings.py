"""Twenty libraries in one project, each installed as its documentation says."""

import os
from pathlib import Path
from typing import Any

from oscar.defaults import *  # noqa: F403

from tests.settings import *  # noqa: F403

TRACED = "reqtrace.middleware.TraceMiddleware"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.servers.crowded.urls"
SITE_ID = 1
STATIC_URL = "/static/"
MEDIA_ROOT = Path(DATABASES["default"]["NAME"]).parent  # noqa: F405
INSTALLED_APPS = [
    *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
    *("django.contrib.messages", "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.flatpages"),
    *("reqtrace", "tests.servers.crowded"),
    *("sitetree", "simple_history", "auditlog", "easyaudit", "silk", "axes", "guardian", "waffle", "reversion"),
    *("allauth", "allauth.account", "django_structlog", "hijack", "hijack.contrib.admin"),
    *("rest_framework", "rest_framework.authtoken"),
    *("wagtail.contrib.redirects", "wagtail.users", "wagtail.images", "wagtail.documents", "wagtail.admin", "wagtail"),
    *("modelcluster", "taggit", "treebeard", "sekizai", "menus", "cms"),
    "oscar.config.Shop",
    *(
        f"oscar.apps.{name}"
        for name in (
            *("analytics.apps.AnalyticsConfig", "checkout.apps.CheckoutConfig", "address.apps.AddressConfig"),
            *("shipping.apps.ShippingConfig", "catalogue.apps.CatalogueConfig", "basket.apps.BasketConfig"),
            *("communication.apps.CommunicationConfig", "partner.apps.PartnerConfig", "payment.apps.PaymentConfig"),
            *("offer.apps.OfferConfig", "order.apps.OrderConfig", "customer.apps.CustomerConfig"),
            *("search.apps.SearchConfig", "voucher.apps.VoucherConfig", "wishlists.apps.WishlistsConfig"),
            *("catalogue.reviews.apps.CatalogueReviewsConfig", "dashboard.apps.DashboardConfig"),
            *("dashboard.reports.apps.ReportsDashboardConfig", "dashboard.users.apps.UsersDashboardConfig"),
            *("dashboard.orders.apps.OrdersDashboardConfig", "dashboard.catalogue.apps.CatalogueDashboardConfig"),
            *("dashboard.offers.apps.OffersDashboardConfig", "dashboard.partners.apps.PartnersDashboardConfig"),
            *("dashboard.pages.apps.PagesDashboardConfig", "dashboard.ranges.apps.RangesDashboardConfig"),
            *("dashboard.reviews.apps.ReviewsDashboardConfig", "dashboard.vouchers.apps.VouchersDashboardConfig"),
            *(
                "dashboard.communications.apps.CommunicationsDashboardConfig",
                "dashboard.shipping.apps.ShippingDashboardConfig",
            ),
        )
    ),
    *("widget_tweaks", "haystack", "django_tables2"),
]
MIDDLEWARE = [
    TRACED,
    "silk.middleware.SilkyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hijack.middleware.HijackUserMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
    "reversion.middleware.RevisionMiddleware",
    "waffle.middleware.WaffleMiddleware",
    "cms.middleware.user.CurrentUserMiddleware",
    "cms.middleware.page.CurrentPageMiddleware",
    "cms.middleware.toolbar.ToolbarMiddleware",
    "cms.middleware.language.LanguageCookieMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "tests.servers.crowded.change_logging.change_logging",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sekizai.context_processors.sekizai",
                "cms.context_processors.cms_settings",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]


class _None(dict[str, Any]):
    """No application's migrations: the tables are made at once, as the models are now."""

    def __contains__(self, name: object) -> bool:
        """Know every application."""
        return True

    def __getitem__(self, name: str) -> None:
        """Give it no migrations."""
        return


MIGRATION_MODULES = _None()
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("page.html", "A page")]
WAGTAIL_SITE_NAME = "a site"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"
WAGTAIL_I18N_ENABLED = False
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
SILKY_MAX_RECORDED_REQUESTS = 100
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
OSCAR_SHOP_NAME = "a shop"
DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS = False
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "10000/min", "user": "10000/min"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES["default"]["OPTIONS"] = {  # noqa: F405
    "timeout": 60,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
}
if "CROWDED_POSTGRES" in os.environ:
    where = {"HOST": "127.0.0.1", "PORT": os.environ["CROWDED_POSTGRES"], "USER": "postgres", "NAME": "postgres"}
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **where}}
SILENCED_SYSTEM_CHECKS = ["guardian.W001", "axes.W001"]
