"""A shop of Oscar's."""

from oscar.defaults import *  # noqa: F403

from tests.prove.clean.base import *  # noqa: F403
from tests.prove.clean.base import templates

ROOT_URLCONF = "tests.prove.clean.oscar_urls"
SITE_ID = 1
INSTALLED_APPS = [
    *APPS,  # noqa: F405
    *("django.contrib.sites", "django.contrib.flatpages", "oscar.config.Shop"),
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
    *("widget_tweaks", "haystack", "treebeard", "django_tables2"),
]
MIDDLEWARE = [
    *MIDDLEWARE,  # noqa: F405
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
TEMPLATES = templates(
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.core.context_processors.metadata",
)
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
OSCAR_SHOP_NAME = "a shop"
OSCAR_DEFAULT_CURRENCY = "EUR"
