"""Who stands at the socket."""

import pytest
from asgiref.sync import async_to_sync

from dashboard.door import visitor


@pytest.mark.django_db
def test_whoever_brings_no_cookie_is_judged_without_a_query(settings, django_assert_num_queries):
    # A database that has no tables yet must do: an exported file opens before the project is migrated.
    settings.DEBUG = True
    scope = {
        "type": "websocket",
        "path": "/reqtrace/live/",
        "client": ("127.0.0.1", 50_000),
        "headers": [(b"host", b"127.0.0.1:8765")],
    }
    with django_assert_num_queries(0):
        assert async_to_sync(visitor.may_see)(scope)
        assert not async_to_sync(visitor.may_see)({**scope, "client": ("192.0.2.1", 50_000)})
