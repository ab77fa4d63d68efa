"""What the shop does in the background, whichever queue brings it: it keeps for whom in a thread-local."""

import threading
import time

from django.contrib.auth.models import User

held = threading.local()


def mail(user_id: int | None, how: str = "leave") -> str:
    """Keep the user, if there is one, and go on as `how` says; return for whom it thought it worked."""
    if user_id is not None:
        held.user = User(pk=user_id, username=f"person{user_id}")
    if how == "fail":
        raise ValueError("as wanted")
    if how == "sleep":
        time.sleep(60)
    name = getattr(getattr(held, "user", None), "username", "nobody")
    if how == "clear":
        held.__dict__.clear()
    return name
