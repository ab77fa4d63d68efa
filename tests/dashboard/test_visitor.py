"""Who stands at the socket."""

from asgiref.sync import async_to_sync

from dashboard import visitor


def test_whoever_brings_no_cookie_is_judged_without_asking_the_database(settings):
    # No test may reach the database that does not ask for it: one that has no tables yet answers no better.
    settings.DEBUG = True
    scope = {
        "type": "websocket",
        "path": "/reqtrace/live/",
        "client": ("127.0.0.1", 50_000),
        "headers": [(b"host", b"127.0.0.1:8765")],
    }
    assert async_to_sync(visitor.may_see)(scope)
    assert not async_to_sync(visitor.may_see)({**scope, "client": ("192.0.2.1", 50_000)})
