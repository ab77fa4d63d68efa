"""Every way to mix identities up, one file each, in the order in which the tour tells them."""

from demo.scenarios import (
    background_work,
    crossed_session,
    dirty_context,
    mutable_default,
    never_cleared,
    overwritten,
    page_cache,
    set_if_signed_in,
    shared_thread,
    swapped_user,
)
from demo.scenarios.base import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    never_cleared.scenario,
    overwritten.scenario,
    set_if_signed_in.scenario,
    shared_thread.scenario,
    page_cache.scenario,
    crossed_session.scenario,
    swapped_user.scenario,
    background_work.scenario,
    mutable_default.scenario,
    dirty_context.scenario,
)
