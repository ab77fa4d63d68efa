"""Which paths are never traced: our own page, the debug toolbar, static files, and what the settings name."""

from functools import cache

from django.conf import settings as django_settings
from django.urls import NoReverseMatch, reverse

from reqtrace import conf

_OWN = (("reqtrace_dashboard:page", ""), ("djdt:render_panel", "render_panel/"))
"""URL names, and what follows the mount point in their paths."""


@cache
def prefixes() -> tuple[str, ...]:
    """Return the prefixes of ``request.path`` that are not traced; worked out at the first request."""
    found = [prefix for prefix in conf.get().ignore_paths if prefix]
    for name, tail in _OWN:
        try:
            found.append(reverse(name).removesuffix(tail))
        except NoReverseMatch:
            continue  # not mounted here
        except Exception:  # a broken URLconf: Django is about to say so itself, for this very request
            return tuple(found)
    static = django_settings.STATIC_URL
    if static and static.startswith("/") and static != "/":
        found.append(static)
    return tuple(found)


def reset(*, setting: str, **_: object) -> None:
    """Work the prefixes out again, when a setting changes that they come from (`setting_changed`)."""
    if setting in (conf.DICT, "ROOT_URLCONF", "STATIC_URL"):
        prefixes.cache_clear()
