"""The language of the page, mounted in a project and in a process of its own."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.utils import translation

from dashboard import assets, language

from .wire import Place


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de", "de"), ("de-at", "de"), ("en-gb", "en"), ("fr", "en"), ("den", "en"), (None, "en")]
)
def test_the_nearest_language_is_spoken(asked, spoken):
    assert language.nearest(asked) == spoken


def test_the_messages_are_those_of_the_language_asked_for_and_none_in_english():
    assert language.messages("en") == {}
    german = language.messages("de")
    assert german["Requests"] == "Anfragen"
    assert german["{n} leak"] == ["{n} Leck", "{n} Lecks"]


@pytest.mark.django_db
@pytest.mark.parametrize(("active", "shown", "requests"), [("de-at", "de", "Anfragen"), ("fr", "en", None)])
def test_a_mounted_page_follows_the_project(client, tmp_path, monkeypatch, active, shown, requests):
    for name in assets.TYPES:
        (tmp_path / name).touch()
    monkeypatch.setattr(assets, "_PLACES", (tmp_path,))
    client.force_login(User.objects.create_user("staff", is_staff=True))
    with translation.override(active):
        page = client.get("/reqtrace/").content.decode()
        assert translation.get_language() == active
    assert f'<html lang="{shown}">' in page
    sent = re.search(r'<script id="reqtrace-messages" type="application/json">(.*?)</script>', page)
    assert json.loads(sent[1]).get("Requests") == requests


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    says = r"http://(?P<address>[^/]+)/reqtrace/"
    with place.running("-m", "tests.dashboard.serve", "127.0.0.1", "0", says=says) as running:
        yield running
    place.store.close()


@pytest.mark.server
@pytest.mark.parametrize(
    ("accepted", "spoken", "said"),
    [("de-AT,de;q=0.9", "de", "Anmelden"), ("fr, de;q=0.5", "de", "Anmelden"), ("fr", "en", "Sign in")],
)
def test_the_server_of_its_own_follows_the_browser(address, accepted, spoken, said):
    with address.visitor() as visitor:
        page = visitor.get("/sign-in/", headers={"Accept-Language": accepted})
        missing = visitor.get("/nothing", headers={"Accept-Language": accepted})
    assert (f'<html lang="{spoken}">' in page.text, said in page.text) == (True, True)
    assert f'<html lang="{spoken}">' in missing.text
    assert "Accept-Language" in page.headers["Vary"]
