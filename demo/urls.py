"""URLs of the shop."""

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from demo import views

urlpatterns = [
    path("", views.home, name="home"),
    path("products/<slug:slug>/", views.product, name="product"),
    path("cart/", views.cart, name="cart"),
    path("checkout/", views.checkout, name="checkout"),
    path("account/", views.account, name="account"),
    path("account/async/", views.account_async, name="account-async"),
    path("offers/", views.offers, name="offers"),
    path("warehouses/", views.warehouses, name="warehouses"),
    path("delivery/", views.delivery, name="delivery"),
    path("orders.csv", views.orders_csv, name="orders-csv"),
    path("prices.txt", views.prices, name="prices"),
    path("terms.txt", views.terms, name="terms"),
    path("broken/", views.broken, name="broken"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
]

if settings.DEBUG:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()

if settings.MOUNT_DASHBOARD:
    urlpatterns += [
        path("reqtrace/", include("dashboard.urls")),
        path("tour/", include("demo.tour")),
        path("lab/", include("demo.lab.page")),
    ]

if settings.TOUR_SERVER:
    urlpatterns.append(path("", include("demo.scenarios.serving")))
