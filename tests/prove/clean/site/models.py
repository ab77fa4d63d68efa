"""A page that greets its visitor."""

from wagtail.models import Page


class HomePage(Page):
    """The start of the site."""

    template = "start.html"
