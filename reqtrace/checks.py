"""Django system checks of reqtrace's settings and store; each says how to mend what it found."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks

from reqtrace import conf, registry
from reqtrace.exceptions import StoreError


def register() -> None:
    """Register every check with Django, under the tag ``reqtrace``."""
    checks.register(check_settings, "reqtrace")
    checks.register(check_store, "reqtrace")


def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report unknown keys (E001) and bad values (E002)."""
    return [
        checks.Error(problem.message, hint=problem.hint, id=f"reqtrace.{problem.code}")
        for problem in conf.loaded().problems
    ]


def check_store(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report a store that cannot be used (E003), and what the store itself says."""
    try:
        return registry.store().check()
    except StoreError as error:
        return [checks.Error(str(error), hint=f"Mend {conf.DICT}['STORE'].", id="reqtrace.E003")]
