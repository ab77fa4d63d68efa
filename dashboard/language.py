"""The language of the page: the visitor's where it is spoken here, else English."""

import json
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.i18n import JSONCatalog

SPOKEN = {"en": "English", "de": "Deutsch"}
"""By its code. A language is added here, and in `reqtrace/locale`."""

Messages = dict[str, str | list[str]]


def nearest(code: str | None) -> str:
    """Return the language spoken here that comes nearest to one of Django's codes, as ``de`` does to ``de-at``."""
    general = (code or "").lower().partition("-")[0]
    return general if general in SPOKEN else "en"


def current() -> str:
    """Return the language to answer in, by the one that the project has chosen for this visitor."""
    return nearest(translation.get_language())


@lru_cache(maxsize=len(SPOKEN))
def messages(language: str) -> Messages:
    """Return what the page says in a language, by its English; a plural has a form for each number."""
    asked = HttpRequest()
    asked.method = "GET"
    with translation.override(language):
        answer = JSONCatalog.as_view(packages=["reqtrace"])(asked)
    assert isinstance(answer, HttpResponse)
    catalog: Messages = json.loads(answer.content)["catalog"]
    return catalog
