"""Wagtail's admin, and its pages."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtail_admin

urlpatterns = [path("cms/", include(wagtail_admin)), path("", include(wagtail_urls))]
