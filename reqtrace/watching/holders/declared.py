"""From the settings to the holders that they declare, and those of known libraries."""

from reqtrace import conf
from reqtrace.exceptions import SettingsError
from reqtrace.execution.faults import Faults
from reqtrace.watching.holders import known
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.paths import resolve


def holders_of(settings: conf.Settings, faults: Faults) -> list[Holder]:
    """Return the holders that the settings declare and those of known libraries; a bad path is a fault and left out."""
    holders: list[Holder] = []
    for path in settings.holders:
        try:
            holders.append(resolve(path))
        except SettingsError as error:  # said by a system check, too
            faults.note(f"the setting HOLDERS, {path!r}", error)
    return holders + (known.installed() if settings.known_holders else [])
