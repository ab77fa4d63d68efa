"""The task, whichever queue brings it: it keeps for whom it works, if for anybody, and writes its own log."""

import os
import threading
import time

import msgspec
from django.contrib.auth.models import User

from demo.lab.holders import HOLDERS
from demo.lab.truth import Line
from demo.lab.workers.project import NAMES

PAUSE_SECONDS = 0.02
MOMENTS = ("view", "wait", "out")
"""When it reads: at once, behind a pause, and behind another, as the last thing that it does."""


def work(key: str, person: str) -> None:
    """Set every holder if there is somebody, read them while it works, and clear those that are cleared.

    Args:
        key: stands in the log.
        person: a user name; empty where the job is for nobody.

    """
    holders = [HOLDERS[name] for name in NAMES]
    line = Line(key, person, "job", os.getpid(), time.monotonic_ns(), view_thread=threading.get_native_id())
    line.seen = {holder.name: {"start": _name_of(holder.read())} for holder in holders}
    user = User(pk=sum(person.encode()), username=person)
    undo = [(holder, holder.put(user)) for holder in holders if person]
    try:
        for moment in MOMENTS:
            time.sleep(PAUSE_SECONDS if moment != MOMENTS[0] else 0)
            for holder in holders:
                line.seen[holder.name][moment] = _name_of(holder.read())
    finally:
        for holder, clear in undo:
            if holder.clears:
                clear()
    line.ended_ns = time.monotonic_ns()
    _write(line)


def _name_of(value: object) -> str | None:
    return None if value is None else str(getattr(value, "username", value))


def _write(line: Line) -> None:
    # One write of a line that fits a page: processes that append at once do not tear each other's.
    file = os.open(os.environ["LAB_TRUTH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, msgspec.json.encode(line) + b"\n")
    os.close(file)
