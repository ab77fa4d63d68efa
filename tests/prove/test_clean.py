"""Projects around libraries that people build on, without a leak: every page of theirs that is asked for holds."""

import re
from pathlib import Path

import pytest

from tests.prove.running import Project

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
WAGTAIL = """
from wagtail.models import Locale, Page, Site
from tests.prove.clean.site.models import HomePage
User.objects.filter(username__in=["alice", "bobby"]).update(is_staff=True, is_superuser=True)
Locale.objects.create(language_code="en")
root = Page.add_root(title="Root")
home = root.add_child(instance=HomePage(title="Welcome", slug="home"))
Site.objects.create(hostname="shop.test", root_page=home, is_default_site=True)
"""
OSCAR = """
from django.contrib.sites.models import Site
from oscar.core.loading import get_model
Site.objects.get_or_create(pk=1, defaults={"domain": "shop.test", "name": "shop"})
get_model("address", "Country").objects.create(iso_3166_1_a2="DE", name="Germany", is_shipping_country=True)
kind = get_model("catalogue", "ProductClass").objects.create(name="book")
partner = get_model("partner", "Partner").objects.create(name="press")
category = get_model("catalogue", "Category").add_root(name="Books")
product = get_model("catalogue", "Product").objects.create(title="A book", product_class=kind)
product.categories.add(category)
get_model("partner", "StockRecord").objects.create(
    product=product, partner=partner, partner_sku="1", price=10, num_in_stock=9)
"""
PROJECTS = {
    "allauth": ("wsgi", ["/", "/accounts/login/", "/accounts/email/", "/accounts/sessions/"], ""),
    "rest": ("wsgi", ["/api/users/", "/api/users/me/", "/api/groups/", "/api/groups/?format=api"], ""),
    "wagtail": ("wsgi", ["/", "/cms/", "/cms/account/"], WAGTAIL),
    "oscar": ("wsgi", ["/catalogue/", "/basket/", "/accounts/profile/", "/catalogue/a-book_1/"], OSCAR),
    "channels": ("asgi", ["/", "WEBSOCKET /ws/inbox/"], ""),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_clean_project_holds_and_it_says_how_far_that_goes(name: str, tmp_path: Path) -> None:
    server, pages, more = PROJECTS[name]
    project = Project(tmp_path, f"tests.prove.clean.{name}_settings", more)
    code, output, errors = project.prove(*pages, "--server", server, "--seconds", "200", "--users", "2")
    print(output)  # what was not reached stands in it: pytest shows it with -rP
    assert code == 0, output + errors
    assert output.count("holds    ") == len(pages), output
    assert len(re.findall(r"^  [aw]sgi: \d+ orders", output, re.MULTILINE)) == len(pages), output
    assert "Not covered:" in output
    project.require_untouched()
